package tally.bench.peers.flink;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import tally.bench.peers.state.WireReader;
import tally.bench.peers.state.WireWriter;

/** A value's length and its bytes as its codec writes them. Each thread has a duplicate. */
final class WireSerializer<T> extends TypeSerializer<T> {
  private static final long serialVersionUID = 1;
  private static final int BUFFER_BYTES = 256;

  private final WireType<T> type;
  private transient WireWriter writer;
  private transient WireReader reader;
  private transient byte[] buffer;

  WireSerializer(WireType<T> type) {
    this.type = type;
  }

  @Override
  public void serialize(T value, DataOutputView target) throws IOException {
    if (writer == null) writer = new WireWriter(BUFFER_BYTES);
    type.codec().write(value, writer.clear());
    int size = writer.size();
    for (int rest = size; ; rest >>>= 7) {
      if (rest < 0x80) {
        target.writeByte(rest);
        break;
      }
      target.writeByte(rest | 0x80);
    }
    target.write(writer.array(), 0, size);
  }

  @Override
  public T deserialize(DataInputView source) throws IOException {
    int size = readBytes(source);
    if (reader == null) reader = new WireReader();
    return type.codec().read(reader.reset(buffer, size));
  }

  /** Into `buffer`; how many. */
  private int readBytes(DataInputView source) throws IOException {
    int size = 0;
    int part;
    int shift = 0;
    do {
      part = source.readUnsignedByte();
      size |= (part & 0x7F) << shift;
      shift += 7;
    } while (part >= 0x80);
    if (buffer == null || buffer.length < size) buffer = new byte[Math.max(size, BUFFER_BYTES)];
    source.readFully(buffer, 0, size);
    return size;
  }

  @Override
  public T deserialize(T reuse, DataInputView source) throws IOException {
    return deserialize(source);
  }

  @Override
  public void copy(DataInputView source, DataOutputView target) throws IOException {
    serialize(deserialize(source), target);
  }

  @Override
  public T copy(T from) {
    return type.codec().copy(from);
  }

  @Override
  public T copy(T from, T reuse) {
    return copy(from);
  }

  @Override
  public TypeSerializer<T> duplicate() {
    return new WireSerializer<>(type);
  }

  @Override
  public boolean isImmutableType() {
    return type.immutable();
  }

  @Override
  public T createInstance() {
    return null;  // values are only made by reading them
  }

  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof WireSerializer<?> serializer && serializer.type.equals(type);
  }

  @Override
  public int hashCode() {
    return type.hashCode();
  }

  @Override
  public TypeSerializerSnapshot<T> snapshotConfiguration() {
    return new Snapshot<>(type);
  }

  /** What a checkpoint remembers of the serializer: which type it was for. */
  public static final class Snapshot<T> implements TypeSerializerSnapshot<T> {
    private WireType<T> type;

    /** For Flink, which calls readSnapshot next. */
    public Snapshot() {}

    private Snapshot(WireType<T> type) {
      this.type = type;
    }

    @Override
    public int getCurrentVersion() {
      return 1;
    }

    @Override
    public void writeSnapshot(DataOutputView out) throws IOException {
      out.writeUTF(type.name());
    }

    @Override
    @SuppressWarnings("unchecked")
    public void readSnapshot(int version, DataInputView in, ClassLoader loader)
        throws IOException {
      type = (WireType<T>) WireType.byName(in.readUTF());
    }

    @Override
    public TypeSerializer<T> restoreSerializer() {
      return new WireSerializer<>(type);
    }

    @Override
    public TypeSerializerSchemaCompatibility<T> resolveSchemaCompatibility(
        TypeSerializerSnapshot<T> old) {
      boolean same = old instanceof Snapshot<T> snapshot && snapshot.type.equals(type);
      return same ? TypeSerializerSchemaCompatibility.compatibleAsIs()
                  : TypeSerializerSchemaCompatibility.incompatible();
    }
  }
}
