package tally.bench.peers.contract;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.TreeMap;

/** The answers file, which bench/run compares byte by byte: a line for each created event. */
public final class Answers {
  static final Comparator<String> BYTEWISE = (a, b) -> Arrays.compareUnsigned(
      a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

  private final TreeMap<String, String> lines = new TreeMap<>(BYTEWISE);

  public void add(String eventId, String line) {
    if (lines.put(eventId, line) != null) throw Failure.of("two answers for event " + eventId);
  }

  public void write(Path file) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      for (String line : lines.values()) out.append(line).append('\n');
    }
  }
}
