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
  private final long[] sum = new long[3];
  private final long[] weighted = new long[3];

  public void add(String channel, ChannelStats stats) {
    if (channels.put(channel, stats) != null) throw Failure.of("two rows of channel " + channel);
    participants += stats.participants;
    totalViews = Math.addExact(totalViews, stats.impressions);
    purchaseAmount = Math.addExact(purchaseAmount, stats.purchaseAmount);
    distributionCost = Math.addExact(distributionCost, stats.distributionCost);
  }

  /** An hour since the epoch and what it has. */
  public void add(int hour, HourBucket bucket) {
    if (bucket.isZero()) return;
    ++hours;
    long[] counted = {bucket.participants(), bucket.views(), bucket.purchaseAmount()};
    for (int i = 0; i < counted.length; ++i) {
      sum[i] = Math.addExact(sum[i], counted[i]);
      weighted[i] = Math.addExact(weighted[i], Math.multiplyExact(counted[i], hour & 8191L));
    }
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
      line.append(':');
      appendList(line, stats.participants, stats.impressions, stats.purchaseAmount,
          stats.distributionCost);
    });
    appendList(line.append("},\"hours\":"), hours, sum[0], sum[1], sum[2]);
    appendList(line.append(",\"hoursWeighted\":"), weighted);
    return line.append('}').toString();
  }

  private static void appendList(StringBuilder line, long... numbers) {
    char before = '[';
    for (long number : numbers) {
      line.append(before).append(number);
      before = ',';
    }
    line.append(']');
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
