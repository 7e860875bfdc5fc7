package tally.bench.peers.flink;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceOptions;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.AccessExecutionJobVertex;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.TopicPartition;
import tally.bench.peers.contract.Failure;
import tally.bench.peers.contract.InputLog;
import tally.bench.peers.input.Input;

/** The job on a cluster inside the process. */
final class Job {
  /** The operator that holds the state, as its checkpoints know it. */
  static final String EVENTS = "events";

  private final MiniCluster cluster;
  private final JobID id;

  private Job(MiniCluster cluster, JobID id) {
    this.cluster = cluster;
    this.id = id;
  }

  static Job submit(MiniCluster cluster, Configuration configuration, String brokers, InputLog log)
      throws Exception {
    JobGraph graph = graph(configuration, brokers, log);
    cluster.submitJob(graph).get();
    return new Job(cluster, graph.getJobID());
  }

  private static JobGraph graph(Configuration configuration, String brokers, InputLog log) {
    var environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.fromSource(source(brokers, log), WatermarkStrategy.noWatermarks(), "input")
        .uid("input")
        .keyBy(Input::eventId, Types.STRING)
        .process(new EventFunction(), Types.VOID)
        .name(EVENTS)
        .uid(EVENTS)
        .sinkTo(new DiscardingSink<>())
        .uid("nothing");
    return environment.getStreamGraph().getJobGraph();
  }

  /**
   * Reads all partitions to their ends and then stays, so that the job goes on checkpointing: a
   * bounded source would end it, and its state with it.
   */
  private static KafkaSource<Input> source(String brokers, InputLog log) {
    Map<TopicPartition, Long> starts =
        log.endOffsets().keySet().stream().collect(Collectors.toMap(p -> p, p -> 0L));
    return KafkaSource.<Input>builder()
        .setBootstrapServers(brokers)
        .setPartitions(Set.copyOf(starts.keySet()))
        .setStartingOffsets(OffsetsInitializer.offsets(starts))
        .setUnbounded(OffsetsInitializer.offsets(log.endOffsets()))
        .setDeserializer(new InputSchema())
        .setProperty(KafkaSourceOptions.PARTITION_DISCOVERY_INTERVAL_MS.key(), "-1")
        .setProperty(KafkaSourceOptions.COMMIT_OFFSETS_ON_CHECKPOINT.key(), "false")
        .setProperty(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "5000")
        .setProperty(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, String.valueOf(4 << 20))
        .build();
  }

  /** Whether all tasks run. Fails if the job did. */
  boolean isRunning() throws Exception {
    throwIfEnded();
    AccessExecutionGraph graph = cluster.getExecutionGraph(id).get();
    for (AccessExecutionJobVertex vertex : graph.getAllVertices().values()) {
      for (AccessExecutionVertex task : vertex.getTaskVertices()) {
        if (task.getExecutionState() != ExecutionState.RUNNING) return false;
      }
    }
    return true;
  }

  void throwIfEnded() throws Exception {
    JobStatus status = cluster.getJobStatus(id).get();
    if (!status.isTerminalState()) return;
    String why = cluster.requestJobResult(id).get().getSerializedThrowable()
        .map(ExceptionUtils::stringifyException).orElse("without an error");
    throw Failure.of("the job ended (" + status + "): " + why);
  }

  /** Completed when the checkpoint is: its path. */
  String checkpoint() throws Exception {
    return cluster.triggerCheckpoint(id).get();
  }

  void cancel() throws Exception {
    cluster.cancelJob(id).get();
    cluster.requestJobResult(id).get();
  }
}
