package tally.bench.peers.state;

import tally.bench.peers.input.Input;
import tally.bench.peers.input.Times;

/** The job: what a record changes in the rows of its event. The rules are the README's "Input". */
public final class Fold {
  private Fold() {}

  /**
   * @param timestamp the record's, for a time that the event lacks
   */
  public static void apply(Input input, long timestamp, Rows rows) throws Exception {
    if (input instanceof Input.Registered event) {
      register(event, timeOr(event.registeredAt(), timestamp), rows);
    } else if (input instanceof Input.Distributed event) {
      distribute(event, timeOr(event.completedAt(), timestamp), rows);
    } else if (input instanceof Input.Created event) {
      rows.putDescription(event.createdAt() != Input.NO_TIME ? event : event.createdAt(timestamp));
    }
  }

  private static void register(Input.Registered event, long time, Rows rows) throws Exception {
    int hour = (int) Math.floorDiv(time, (long) Times.HOUR_MILLIS);
    Contribution contribution = new Contribution(event.channel(), hour, event.purchaseAmount());
    if (!rows.addParticipant(event.participantId(), contribution)) return;

    ChannelStats channel = channelOrNew(event.channel(), rows);
    ++channel.participants;
    channel.purchaseAmount = Math.addExact(channel.purchaseAmount, event.purchaseAmount());
    rows.putChannel(event.channel(), channel);

    HourBucket bucket = hourOrNew(hour, rows);
    bucket.addParticipant(event.channel(), event.purchaseAmount());
    rows.putHour(hour, bucket);
  }

  private static void distribute(Input.Distributed event, long time, Rows rows) throws Exception {
    boolean changed = false;
    for (Input.Element element : event.elements()) {
      Distribution now = Distribution.of(element, time);
      changed |= !now.equals(rows.distribution(element.channel(), element.distributionId()));
    }
    if (!changed) return;
    for (Input.Element element : event.elements()) replace(element, time, rows);
  }

  private static void replace(Input.Element element, long time, Rows rows) throws Exception {
    String name = element.channel();
    Distribution before = rows.distribution(name, element.distributionId());
    Distribution now = Distribution.of(element, time);
    ChannelStats channel = channelOrNew(name, rows);
    if (before != null) {
      channel.impressions -= before.impressions();
      channel.distributionCost -= before.distributionCost();
      addViews(before.hour(), name, -before.impressions(), rows);
    }
    channel.impressions = Math.addExact(channel.impressions, now.impressions());
    channel.distributionCost = Math.addExact(channel.distributionCost, now.distributionCost());
    channel.channelType = now.channelType();
    channel.status = now.status();
    addViews(now.hour(), name, now.impressions(), rows);
    rows.putChannel(name, channel);
    rows.putDistribution(name, element.distributionId(), now);
  }

  private static void addViews(int hour, String channel, long views, Rows rows) throws Exception {
    if (views == 0) return;
    HourBucket bucket = hourOrNew(hour, rows);
    bucket.addViews(channel, views);
    rows.putHour(hour, bucket);
  }

  private static ChannelStats channelOrNew(String name, Rows rows) throws Exception {
    ChannelStats standing = rows.channel(name);
    return standing != null ? standing : new ChannelStats();
  }

  private static HourBucket hourOrNew(int hour, Rows rows) throws Exception {
    HourBucket standing = rows.hour(hour);
    return standing != null ? standing : new HourBucket();
  }

  private static long timeOr(long time, long timestamp) {
    return time == Input.NO_TIME ? timestamp : time;
  }
}
