package tally.bench.peers.contract;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The lines on standard output that bench/run reads, one JSON object each. Not thread-safe. */
public final class Report {
  private final Map<String, Object> settings = new LinkedHashMap<>();
  private long readyNanos;

  /** What the done line shows besides; numbers and texts without characters to be escaped. */
  public void setting(String name, Object value) {
    settings.put(name, value);
  }

  /** Reading begins. */
  public void ready() {
    print("{\"phase\":\"ready\"}");
    readyNanos = System.nanoTime();
  }

  /**
   * All is processed and durable: now.
   *
   * @param processedNanos when all was processed but not yet durable, by System.nanoTime()
   */
  public void done(long records, long processedNanos) {
    long now = System.nanoTime();
    StringBuilder line = new StringBuilder("{\"phase\":\"done\",\"records\":").append(records);
    line.append(",\"seconds\":").append(seconds(now - readyNanos));
    line.append(",\"flush_seconds\":").append(seconds(now - processedNanos));
    settings.forEach((name, value) -> {
      line.append(",\"").append(name).append("\":");
      line.append(value instanceof Number ? value.toString() : "\"" + value + "\"");
    });
    print(line.append('}').toString());
  }

  private static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.3f", nanos / 1e9);
  }

  private static void print(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
