package tally.bench.peers.contract;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import tally.bench.peers.state.ChannelStats;
import tally.bench.peers.state.HourBucket;

/** Collects what the stores hold, and writes it as the file that bench/run compares. */
public final class Answers {
  private static final Comparator<String> BYTEWISE = (a, b) -> Arrays.compareUnsigned(
      a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

  private static final class Answer {
    boolean created;
    long participants;
    long totalViews;
    long purchaseAmount;
    long distributionCost;
    final TreeMap<String, ChannelStats> channels = new TreeMap<>(BYTEWISE);
    long hours;
    long hoursParticipants;
    long hoursViews;
  }

  private final Map<String, Answer> byEvent = new HashMap<>();

  /** The event was created: only such events are answered. */
  public void created(String eventId) {
    of(eventId).created = true;
  }

  public void channel(String eventId, String channel, ChannelStats stats) {
    Answer answer = of(eventId);
    if (answer.channels.put(channel, stats) != null) {
      throw Failure.of("two rows of channel " + channel + " of event " + eventId);
    }
    answer.participants += stats.participants;
    answer.totalViews = Math.addExact(answer.totalViews, stats.impressions);
    answer.purchaseAmount = Math.addExact(answer.purchaseAmount, stats.purchaseAmount);
    answer.distributionCost = Math.addExact(answer.distributionCost, stats.distributionCost);
  }

  public void hour(String eventId, HourBucket bucket) {
    if (bucket.isZero()) return;
    Answer answer = of(eventId);
    ++answer.hours;
    answer.hoursParticipants += bucket.participants();
    answer.hoursViews = Math.addExact(answer.hoursViews, bucket.views());
  }

  public void write(Path file) throws IOException {
    TreeMap<String, Answer> sorted = new TreeMap<>(BYTEWISE);
    sorted.putAll(byEvent);
    try (BufferedWriter out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      StringBuilder line = new StringBuilder();
      for (Map.Entry<String, Answer> each : sorted.entrySet()) {
        if (!each.getValue().created) continue;
        line.setLength(0);
        append(each.getKey(), each.getValue(), line);
        out.append(line.append('\n'));
      }
    }
  }

  private Answer of(String eventId) {
    return byEvent.computeIfAbsent(eventId, id -> new Answer());
  }

  private static void append(String eventId, Answer answer, StringBuilder line) {
    line.append("{\"eventId\":");
    appendText(eventId, line);
    line.append(",\"participants\":").append(answer.participants);
    line.append(",\"totalViews\":").append(answer.totalViews);
    line.append(",\"purchaseAmount\":").append(answer.purchaseAmount);
    line.append(",\"distributionCost\":").append(answer.distributionCost);
    line.append(",\"channels\":{");
    answer.channels.forEach((name, stats) -> {
      if (line.charAt(line.length() - 1) != '{') line.append(',');
      appendText(name, line);
      line.append(":[").append(stats.participants).append(',').append(stats.impressions).append(']');
    });
    line.append("},\"hours\":").append(answer.hours);
    line.append(",\"hoursParticipants\":").append(answer.hoursParticipants);
    line.append(",\"hoursViews\":").append(answer.hoursViews).append('}');
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
