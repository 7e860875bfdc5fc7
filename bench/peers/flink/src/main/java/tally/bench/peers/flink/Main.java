package tally.bench.peers.flink;

import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.state.api.OperatorIdentifier;
import org.apache.flink.state.api.SavepointReader;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.CloseableIterator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import tally.bench.peers.contract.Answers;
import tally.bench.peers.contract.Contestant;
import tally.bench.peers.contract.InputLog;
import tally.bench.peers.contract.Options;
import tally.bench.peers.contract.Report;

/** The job in Flink. README.md of bench/peers has the command line. */
public final class Main {
  private static final long POLL_MILLIS = 10;
  private static final int POLLS_PER_STATUS = 50;

  private Main() {}

  public static void main(String[] arguments) {
    Contestant.main("flink", arguments, Set.of("state", "checkpoint-interval-ms"), Main::run);
  }

  private static void run(Options options) throws Exception {
    boolean rocksdb = options.choice("state", "rocksdb", "heap").equals("rocksdb");
    int checkpointMillis = options.number("checkpoint-interval-ms", 10_000, 10, 600_000);
    Configuration configuration =
        new Settings(options.stateDir(), options.threads(), rocksdb, checkpointMillis)
            .configuration();
    Report report = new Report();
    report.setting("version", "flink " + EnvironmentInformation.getVersion());
    report.setting("state", rocksdb ? "rocksdb" : "heap");
    report.setting("checkpoint_interval_ms", checkpointMillis);

    String checkpoint = replay(configuration, options, report);
    writeAnswers(configuration, checkpoint, options);
  }

  /** The path of the checkpoint that holds everything. */
  private static String replay(Configuration configuration, Options options, Report report)
      throws Exception {
    InputLog log = inputLog(options);
    var clusterSettings = new MiniClusterConfiguration.Builder().setConfiguration(configuration)
        .setNumTaskManagers(1).setNumSlotsPerTaskManager(options.threads()).build();
    try (MiniCluster cluster = new MiniCluster(clusterSettings)) {
      cluster.start();
      Job job = Job.submit(cluster, configuration, options.brokers(), log);
      while (!job.isRunning()) Thread.sleep(POLL_MILLIS);
      report.ready();
      Gate.open();
      awaitFolded(log.records(), job);
      long processed = System.nanoTime();
      String checkpoint = job.checkpoint();
      report.done(log.records(), processed);
      job.cancel();
      return checkpoint;
    }
  }

  private static void awaitFolded(long records, Job job) throws Exception {
    for (int polls = 0; Gate.folded() < records; ++polls) {
      if (polls % POLLS_PER_STATUS == 0) job.throwIfEnded();
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static InputLog inputLog(Options options) {
    Map<String, Object> settings =
        Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers());
    try (Admin admin = Admin.create(settings)) {
      return InputLog.read(admin, options.topicPrefix());
    }
  }

  private static void writeAnswers(Configuration configuration, String checkpoint, Options options)
      throws Exception {
    Configuration batch = new Configuration(configuration);
    batch.set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.BATCH);
    var environment =
        StreamExecutionEnvironment.createLocalEnvironment(options.threads(), batch);
    Answers answers = new Answers();
    try (CloseableIterator<Tuple2<String, String>> rows =
             SavepointReader.read(environment, checkpoint)
                 .readKeyedState(OperatorIdentifier.forUid(Job.EVENTS), new AnswerReader(),
                     Types.STRING, Types.TUPLE(Types.STRING, Types.STRING))
                 .executeAndCollect()) {
      rows.forEachRemaining(row -> answers.add(row.f0, row.f1));
    }
    answers.write(options.answers());
  }
}
