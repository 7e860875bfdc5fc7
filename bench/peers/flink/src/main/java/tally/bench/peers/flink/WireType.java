package tally.bench.peers.flink;

import java.util.List;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import tally.bench.peers.input.Input;
import tally.bench.peers.state.ChannelStats;
import tally.bench.peers.state.Codec;
import tally.bench.peers.state.Codecs;
import tally.bench.peers.state.Contribution;
import tally.bench.peers.state.Distribution;
import tally.bench.peers.state.HourBucket;

/** The types with serializers of our own, which are the common codecs: Kryo has nothing to do. */
final class WireType<T> extends TypeInformation<T> {
  private static final long serialVersionUID = 1;

  static final WireType<Input> INPUT = new WireType<>("input", Input.class, Codecs.INPUT, true);
  static final WireType<Input.Created> DESCRIPTION =
      new WireType<>("description", Input.Created.class, Codecs.DESCRIPTION, true);
  static final WireType<Contribution> CONTRIBUTION =
      new WireType<>("contribution", Contribution.class, Codecs.CONTRIBUTION, true);
  static final WireType<Distribution> DISTRIBUTION =
      new WireType<>("distribution", Distribution.class, Codecs.DISTRIBUTION, true);
  static final WireType<ChannelStats> CHANNEL =
      new WireType<>("channel", ChannelStats.class, ChannelStats.CODEC, false);
  static final WireType<HourBucket> HOUR =
      new WireType<>("hour", HourBucket.class, HourBucket.CODEC, false);

  private static final List<WireType<?>> ALL =
      List.of(INPUT, DESCRIPTION, CONTRIBUTION, DISTRIBUTION, CHANNEL, HOUR);

  private final String name;
  private final transient Class<T> type;
  private final transient Codec<T> codec;
  private final transient boolean immutable;

  private WireType(String name, Class<T> type, Codec<T> codec, boolean immutable) {
    this.name = name;
    this.type = type;
    this.codec = codec;
    this.immutable = immutable;
  }

  /** A checkpoint names types so. */
  static WireType<?> byName(String name) {
    return ALL.stream().filter(each -> each.name.equals(name)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no type " + name));
  }

  String name() {
    return name;
  }

  Codec<T> codec() {
    return codec;
  }

  boolean immutable() {
    return immutable;
  }

  private Object readResolve() {
    return byName(name);
  }

  @Override
  public Class<T> getTypeClass() {
    return type;
  }

  @Override
  @SuppressWarnings("deprecation")  // the replacement's default calls this
  public TypeSerializer<T> createSerializer(ExecutionConfig config) {
    return new WireSerializer<>(this);
  }

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public String toString() {
    return "WireType(" + name + ")";
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof WireType;
  }
}
