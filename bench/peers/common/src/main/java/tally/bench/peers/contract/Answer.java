package tally.bench.peers.contract;

import java.util.TreeMap;
import tally.bench.peers.state.ChannelStats;
import tally.bench.peers.state.HourBucket;

/** What the rows of one event come to. */
public final class Answer {
  private long participants;
  private long totalViews;
  private long purchaseAmount;
  private long distributionCost;
  private final TreeMap<String, ChannelStats> channels = new TreeMap<>(Answers.BYTEWISE);
  private long hours;
  private long hoursParticipants;
  private long hoursViews;

  public void add(String channel, ChannelStats stats) {
    if (channels.put(channel, stats) != null) throw Failure.of("two rows of channel " + channel);
    participants += stats.participants;
    totalViews = Math.addExact(totalViews, stats.impressions);
    purchaseAmount = Math.addExact(purchaseAmount, stats.purchaseAmount);
    distributionCost = Math.addExact(distributionCost, stats.distributionCost);
  }

  public void add(HourBucket bucket) {
    if (bucket.isZero()) return;
    ++hours;
    hoursParticipants += bucket.participants();
    hoursViews = Math.addExact(hoursViews, bucket.views());
  }

  /** The event's line of the answers file. */
  public String toLine(String eventId) {
    StringBuilder line = new StringBuilder("{\"eventId\":");
    appendText(eventId, line);
    line.append(",\"participants\":").append(participants);
    line.append(",\"totalViews\":").append(totalViews);
    line.append(",\"purchaseAmount\":").append(purchaseAmount);
    line.append(",\"distributionCost\":").append(distributionCost);
    line.append(",\"channels\":{");
    channels.forEach((name, stats) -> {
      if (line.charAt(line.length() - 1) != '{') line.append(',');
      appendText(name, line);
      line.append(":[").append(stats.participants);
      line.append(',').append(stats.impressions).append(']');
    });
    line.append("},\"hours\":").append(hours);
    line.append(",\"hoursParticipants\":").append(hoursParticipants);
    return line.append(",\"hoursViews\":").append(hoursViews).append('}').toString();
  }

  private static void appendText(String text, StringBuilder line) {
    line.append('"');
    for (int i = 0; i < text.length(); ++i) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') line.append('\\');
      line.append(c);  // identifiers hold no control characters
    }
    line.append('"');
  }
}
