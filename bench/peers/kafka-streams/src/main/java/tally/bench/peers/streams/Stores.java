package tally.bench.peers.streams;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import tally.bench.peers.input.Input;
import tally.bench.peers.state.ChannelStats;
import tally.bench.peers.state.Codecs;
import tally.bench.peers.state.Contribution;
import tally.bench.peers.state.Distribution;
import tally.bench.peers.state.HourBucket;
import tally.bench.peers.state.Rows;

/**
 * The state stores of one task, as rows of the event at hand. All of them are RocksDB stores with a
 * change log. Those whose rows are changed again and again are cached, so that a commit writes each
 * row once; a participant is written once ever, a cache in front would only be in the way.
 */
final class Stores implements Rows {
  static final String DESCRIPTIONS = "descriptions";
  static final String PARTICIPANTS = "participants";
  static final String CHANNELS = "channels";
  static final String HOURS = "hours";
  static final String DISTRIBUTIONS = "distributions";

  private final KeyValueStore<String, Input.Created> descriptions;
  private final KeyValueStore<Bytes, Contribution> participants;
  private final KeyValueStore<Bytes, ChannelStats> channels;
  private final KeyValueStore<Bytes, HourBucket> hours;
  private final KeyValueStore<Bytes, Distribution> distributions;
  private final Keys keys = new Keys();
  private byte[] eventId;

  Stores(ProcessorContext<Void, Void> context) {
    descriptions = context.getStateStore(DESCRIPTIONS);
    participants = context.getStateStore(PARTICIPANTS);
    channels = context.getStateStore(CHANNELS);
    hours = context.getStateStore(HOURS);
    distributions = context.getStateStore(DISTRIBUTIONS);
  }

  static Set<StoreBuilder<?>> builders() {
    return Set.of(
        store(DESCRIPTIONS, Serdes.String(), CodecSerde.of(Codecs.DESCRIPTION))
            .withCachingEnabled(),
        store(PARTICIPANTS, Serdes.Bytes(), CodecSerde.of(Codecs.CONTRIBUTION)),
        store(CHANNELS, Serdes.Bytes(), CodecSerde.of(ChannelStats.CODEC)).withCachingEnabled(),
        store(HOURS, Serdes.Bytes(), CodecSerde.of(HourBucket.CODEC)).withCachingEnabled(),
        store(DISTRIBUTIONS, Serdes.Bytes(), CodecSerde.of(Codecs.DISTRIBUTION))
            .withCachingEnabled());
  }

  private static <K, V> StoreBuilder<KeyValueStore<K, V>> store(
      String name, Serde<K> key, Serde<V> value) {
    return org.apache.kafka.streams.state.Stores
        .keyValueStoreBuilder(
            org.apache.kafka.streams.state.Stores.persistentKeyValueStore(name), key, value)
        .withLoggingEnabled(Map.of());
  }

  Stores open(String event) {
    eventId = event.getBytes(StandardCharsets.UTF_8);
    return this;
  }

  @Override
  public void putDescription(Input.Created description) {
    descriptions.put(description.eventId(), description);
  }

  @Override
  public boolean addParticipant(String participantId, Contribution contribution) {
    return participants.putIfAbsent(keys.of(eventId, participantId), contribution) == null;
  }

  @Override
  public ChannelStats channel(String name) {
    return channels.get(keys.of(eventId, name));
  }

  @Override
  public void putChannel(String name, ChannelStats stats) {
    channels.put(keys.of(eventId, name), stats);
  }

  @Override
  public HourBucket hour(int hour) {
    return hours.get(keys.of(eventId, hour));
  }

  @Override
  public void putHour(int hour, HourBucket bucket) {
    hours.put(keys.of(eventId, hour), bucket);
  }

  @Override
  public Distribution distribution(String channel, String distributionId) {
    return distributions.get(keys.of(eventId, channel, distributionId));
  }

  @Override
  public void putDistribution(String channel, String distributionId, Distribution distribution) {
    distributions.put(keys.of(eventId, channel, distributionId), distribution);
  }
}
