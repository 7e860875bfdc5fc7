package tally.bench.peers.contract;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The command line: what bench/run gives every contestant, and a peer's own settings. */
public final class Options {
  private static final Set<String> COMMON =
      Set.of("brokers", "topic-prefix", "state-dir", "threads", "answers", "timeout-seconds");

  private final Map<String, String> values = new LinkedHashMap<>();

  private Options() {}

  /** Takes {@code --name value} and {@code --name=value}; {@code own} are the peer's names. */
  public static Options parse(String[] arguments, Set<String> own) {
    Options options = new Options();
    for (int i = 0; i < arguments.length; ++i) {
      String argument = arguments[i];
      if (!argument.startsWith("--")) throw Failure.usage("unexpected argument " + argument);
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument.substring(2) : argument.substring(2, equals);
      if (!COMMON.contains(name) && !own.contains(name)) {
        throw Failure.usage("unknown option --" + name);
      }
      if (equals < 0 && i + 1 == arguments.length) {
        throw Failure.usage("--" + name + " has no value");
      }
      options.values.put(name, equals < 0 ? arguments[++i] : argument.substring(equals + 1));
    }
    return options;
  }

  public String brokers() {
    return required("brokers");
  }

  public String topicPrefix() {
    return values.getOrDefault("topic-prefix", "sample.");
  }

  public Path stateDir() {
    return Path.of(required("state-dir")).toAbsolutePath();
  }

  public Path answers() {
    return Path.of(required("answers")).toAbsolutePath();
  }

  public int threads() {
    return number("threads", 2, 1, 256);
  }

  /** Longest time from the start of the process to its end. */
  public Duration timeout() {
    return Duration.ofSeconds(number("timeout-seconds", 1800, 1, 86_400));
  }

  /** One of {@code allowed}, the first of which is the default. */
  public String choice(String name, String... allowed) {
    String value = values.getOrDefault(name, allowed[0]);
    for (String each : allowed) {
      if (each.equals(value)) return value;
    }
    throw Failure.usage("--" + name + " " + value + ": allowed is " + String.join(", ", allowed));
  }

  public int number(String name, int byDefault, int min, int max) {
    String text = values.get(name);
    if (text == null) return byDefault;
    try {
      int value = Integer.parseInt(text);
      if (value >= min && value <= max) return value;
    } catch (NumberFormatException notOne) {
      // told below
    }
    throw Failure.usage("--" + name + " " + text + ": allowed is " + min + " to " + max);
  }

  private String required(String name) {
    String value = values.get(name);
    if (value == null || value.isEmpty()) throw Failure.usage("--" + name + " is required");
    return value;
  }
}
