package tally.bench.peers.streams;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.TopicPartition;
import tally.bench.peers.contract.Failure;
import tally.bench.peers.contract.InputLog;

/** How far the tasks are in the log. Thread-safe; a partition is told of by one thread. */
final class Progress {
  private static final class Partition {
    final long end;
    final AtomicBoolean reached = new AtomicBoolean();

    Partition(long end) {
      this.end = end;
    }
  }

  private final Map<String, Partition[]> partitions = new HashMap<>();
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch remaining;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  Progress(InputLog log) {
    int filled = 0;
    for (String topic : log.topics()) {
      Partition[] ofTopic = new Partition[log.partitions()];
      for (int p = 0; p < ofTopic.length; ++p) {
        ofTopic[p] = new Partition(log.endOffsets().get(new TopicPartition(topic, p)));
        if (ofTopic[p].end > 0) ++filled;
      }
      partitions.put(topic, ofTopic);
    }
    remaining = new CountDownLatch(filled);
  }

  /** Start-up is over: all threads run, or a first task does. */
  void begin() {
    begun.countDown();
  }

  void awaitBegin(Duration max) throws InterruptedException {
    long deadline = System.nanoTime() + max.toNanos();
    while (!begun.await(1, TimeUnit.MILLISECONDS)) {
      throwIfFailed();
      if (System.nanoTime() > deadline) throw Failure.of("Kafka Streams did not start in time");
    }
  }

  /** Whether this record, now processed, is its partition's last. */
  boolean reaches(String topic, int partition, long offset) {
    Partition of = partitions.get(topic)[partition];
    if (offset + 1 < of.end) return false;
    if (of.reached.compareAndSet(false, true)) remaining.countDown();
    return true;
  }

  void fail(Throwable error) {
    failure.compareAndSet(null, error);
  }

  void throwIfFailed() {
    Throwable error = failure.get();
    if (error != null) throw Failure.of("the topology failed", error);
  }

  /** Waits until every partition's last record is processed. Bounded by the run's watchdog. */
  void awaitEnd() throws InterruptedException {
    while (!remaining.await(20, TimeUnit.MILLISECONDS)) throwIfFailed();
  }
}
