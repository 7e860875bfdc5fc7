package tally.bench.peers.streams;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import tally.bench.peers.contract.Answer;
import tally.bench.peers.contract.Answers;
import tally.bench.peers.contract.Contestant;
import tally.bench.peers.contract.InputLog;
import tally.bench.peers.contract.Options;
import tally.bench.peers.contract.Report;
import tally.bench.peers.input.Input;
import tally.bench.peers.state.ChannelStats;
import tally.bench.peers.state.HourBucket;

/** The job in Kafka Streams. README.md of bench/peers has the command line. */
public final class Main {
  private static final Duration START_MAX = Duration.ofSeconds(60);
  private static final Duration CLOSE_MAX = Duration.ofSeconds(30);
  private static final long POLL_MILLIS = 10;

  private Main() {}

  public static void main(String[] arguments) {
    Set<String> own = Set.of("mode", "commit-interval-ms");
    Contestant.main("kafka-streams", arguments, own, Main::run);
  }

  private static void run(Options options) throws Exception {
    String applicationId = "bench-kafka-streams-" + UUID.randomUUID();
    Broker broker = new Broker(options.brokers(), applicationId);
    InputLog log = broker.inputLog(options.topicPrefix());
    Progress progress = new Progress(log);
    Report report = new Report();
    KafkaStreams streams = makeStreams(options, applicationId, log, progress, report);
    Contestant.atEnd(() -> {
      streams.close(CLOSE_MAX);
      broker.removeTraces();
      broker.close();
    });
    replay(streams, log, broker, progress, report);
    writeAnswers(streams, options);
  }

  private static KafkaStreams makeStreams(Options options, String applicationId, InputLog log,
      Progress progress, Report report) {
    boolean exactlyOnce = options.choice("mode", "alo", "eos").equals("eos");
    int commitMillis = options.number("commit-interval-ms", 10_000, 1, 600_000);
    report.setting("version", "kafka-streams " + AppInfoParser.getVersion());
    report.setting("mode", exactlyOnce ? "exactly_once_v2" : "at_least_once");
    report.setting("commit_interval_ms", commitMillis);
    KafkaStreams streams = new KafkaStreams(topology(log, progress),
        Settings.of(options, applicationId, commitMillis, exactlyOnce));
    streams.setUncaughtExceptionHandler(error -> {
      progress.fail(error);
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    return streams;
  }

  private static Topology topology(InputLog log, Progress progress) {
    ProcessorSupplier<byte[], Input, Void, Void> supplier = new ProcessorSupplier<>() {
      @Override
      public EventProcessor get() {
        return new EventProcessor(progress);
      }

      @Override
      public Set<StoreBuilder<?>> stores() {
        return Stores.builders();
      }
    };
    return new Topology()
        .addSource("input", new ByteArrayDeserializer(), new InputDeserializer(),
            log.topics().toArray(String[]::new))
        .addProcessor("events", supplier, "input");
  }

  private static void replay(KafkaStreams streams, InputLog log, Broker broker, Progress progress,
      Report report) throws InterruptedException {
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) progress.begin();
    });
    streams.start();
    progress.awaitBegin(START_MAX);
    report.ready();
    progress.awaitEnd();
    long processed = System.nanoTime();
    while (!broker.hasCommitted(log.endOffsets())) {
      progress.throwIfFailed();
      Thread.sleep(POLL_MILLIS);
    }
    report.done(log.records(), processed);
  }

  private static void writeAnswers(KafkaStreams streams, Options options) throws Exception {
    Map<String, Answer> byEvent = new HashMap<>();
    try (KeyValueIterator<String, Input.Created> rows =
             Main.<String, Input.Created>store(streams, Stores.DESCRIPTIONS).all()) {
      rows.forEachRemaining(row -> byEvent.put(row.key, new Answer()));
    }
    try (KeyValueIterator<Bytes, ChannelStats> rows =
             Main.<Bytes, ChannelStats>store(streams, Stores.CHANNELS).all()) {
      rows.forEachRemaining(row -> {
        Answer answer = byEvent.get(Keys.eventId(row.key));
        if (answer != null) answer.add(Keys.name(row.key), row.value);
      });
    }
    try (KeyValueIterator<Bytes, HourBucket> rows =
             Main.<Bytes, HourBucket>store(streams, Stores.HOURS).all()) {
      rows.forEachRemaining(row -> {
        Answer answer = byEvent.get(Keys.eventId(row.key));
        if (answer != null) answer.add(Keys.hour(row.key), row.value);
      });
    }
    Answers answers = new Answers();
    byEvent.forEach((eventId, answer) -> answers.add(eventId, answer.toLine(eventId)));
    answers.write(options.answers());
  }

  private static <K, V> ReadOnlyKeyValueStore<K, V> store(KafkaStreams streams, String name) {
    return streams.store(StoreQueryParameters.fromNameAndType(
        name, QueryableStoreTypes.<K, V>keyValueStore()));
  }
}
