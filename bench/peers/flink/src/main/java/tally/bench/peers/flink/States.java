package tally.bench.peers.flink;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import tally.bench.peers.input.Input;
import tally.bench.peers.state.ChannelStats;
import tally.bench.peers.state.Contribution;
import tally.bench.peers.state.Distribution;
import tally.bench.peers.state.HourBucket;
import tally.bench.peers.state.Rows;

/** The keyed state of an event, as the fold's rows: of the key that Flink has set. */
final class States implements Rows {
  static final ValueStateDescriptor<Input.Created> DESCRIPTION =
      new ValueStateDescriptor<>("description", WireType.DESCRIPTION);
  static final MapStateDescriptor<String, Contribution> PARTICIPANTS =
      new MapStateDescriptor<>("participants", Types.STRING, WireType.CONTRIBUTION);
  static final MapStateDescriptor<String, ChannelStats> CHANNELS =
      new MapStateDescriptor<>("channels", Types.STRING, WireType.CHANNEL);
  static final MapStateDescriptor<Integer, HourBucket> HOURS =
      new MapStateDescriptor<>("hours", Types.INT, WireType.HOUR);
  static final MapStateDescriptor<String, Distribution> DISTRIBUTIONS =
      new MapStateDescriptor<>("distributions", Types.STRING, WireType.DISTRIBUTION);

  private static final char NOT_IN_IDS = '\0';

  private final ValueState<Input.Created> description;
  private final MapState<String, Contribution> participants;
  private final MapState<String, ChannelStats> channels;
  private final MapState<Integer, HourBucket> hours;
  private final MapState<String, Distribution> distributions;

  States(RuntimeContext context) {
    description = context.getState(DESCRIPTION);
    participants = context.getMapState(PARTICIPANTS);
    channels = context.getMapState(CHANNELS);
    hours = context.getMapState(HOURS);
    distributions = context.getMapState(DISTRIBUTIONS);
  }

  @Override
  public void putDescription(Input.Created now) throws Exception {
    description.update(now);
  }

  @Override
  public boolean addParticipant(String participantId, Contribution contribution)
      throws Exception {
    if (participants.contains(participantId)) return false;
    participants.put(participantId, contribution);
    return true;
  }

  @Override
  public ChannelStats channel(String name) throws Exception {
    return channels.get(name);
  }

  @Override
  public void putChannel(String name, ChannelStats stats) throws Exception {
    channels.put(name, stats);
  }

  @Override
  public HourBucket hour(int hour) throws Exception {
    return hours.get(hour);
  }

  @Override
  public void putHour(int hour, HourBucket bucket) throws Exception {
    hours.put(hour, bucket);
  }

  @Override
  public Distribution distribution(String channel, String distributionId) throws Exception {
    return distributions.get(channel + NOT_IN_IDS + distributionId);
  }

  @Override
  public void putDistribution(String channel, String distributionId, Distribution distribution)
      throws Exception {
    distributions.put(channel + NOT_IN_IDS + distributionId, distribution);
  }
}
