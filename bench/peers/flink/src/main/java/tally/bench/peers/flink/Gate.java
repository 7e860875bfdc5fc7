package tally.bench.peers.flink;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;

/**
 * Between bench/run's contract and the job, which run in one JVM: no record is decoded before all
 * tasks run, and the records that were folded are counted.
 */
final class Gate {
  private static final CountDownLatch OPENED = new CountDownLatch(1);
  private static final LongAdder FOLDED = new LongAdder();

  private Gate() {}

  static void open() {
    OPENED.countDown();
  }

  static void await() throws InterruptedException {
    OPENED.await();
  }

  static void countFolded() {
    FOLDED.increment();
  }

  static long folded() {
    return FOLDED.sum();
  }
}
