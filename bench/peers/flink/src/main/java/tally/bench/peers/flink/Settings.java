package tally.bench.peers.flink;

import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.contrib.streaming.state.PredefinedOptions;
import org.apache.flink.contrib.streaming.state.RocksDBConfigurableOptions;
import org.apache.flink.contrib.streaming.state.RocksDBOptions;
import org.apache.flink.core.execution.CheckpointingMode;

/**
 * Flink's configuration: its defaults, but for what its documentation tells to tune.
 *
 * @param rocksdb keyed state in RocksDB with incremental checkpoints; otherwise on the JVM's heap
 */
record Settings(Path stateDir, int parallelism, boolean rocksdb, int checkpointMillis) {
  private static final MemorySize MANAGED = MemorySize.ofMebiBytes(512);
  private static final MemorySize NETWORK = MemorySize.ofMebiBytes(64);

  Configuration configuration() {
    Configuration c = new Configuration();
    c.set(CoreOptions.DEFAULT_PARALLELISM, parallelism);
    c.set(CoreOptions.TMP_DIRS, stateDir.resolve("tmp").toString());
    c.set(PipelineOptions.OBJECT_REUSE, true);
    c.set(PipelineOptions.GENERIC_TYPES, false);  // an error where Kryo would be used
    c.set(RestartStrategyOptions.RESTART_STRATEGY, "disable");

    c.set(StateBackendOptions.STATE_BACKEND, rocksdb ? "rocksdb" : "hashmap");
    c.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    c.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY,
        stateDir.resolve("checkpoints").toUri().toString());
    c.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(checkpointMillis));
    c.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
    c.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, rocksdb);
    // The answers are read from the last checkpoint, after the job.
    c.set(CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
        ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);

    c.set(RocksDBOptions.LOCAL_DIRECTORIES, stateDir.resolve("rocksdb").toString());
    c.set(RocksDBOptions.PREDEFINED_OPTIONS, PredefinedOptions.FLASH_SSD_OPTIMIZED.name());
    c.set(RocksDBConfigurableOptions.USE_BLOOM_FILTER, true);

    c.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, rocksdb ? MANAGED : MemorySize.ZERO);
    c.set(TaskManagerOptions.NETWORK_MEMORY_MIN, NETWORK);
    c.set(TaskManagerOptions.NETWORK_MEMORY_MAX, NETWORK);
    c.set(RestOptions.ADDRESS, "127.0.0.1");
    c.set(RestOptions.BIND_ADDRESS, "127.0.0.1");
    c.set(RestOptions.BIND_PORT, "0");
    return c;
  }
}
