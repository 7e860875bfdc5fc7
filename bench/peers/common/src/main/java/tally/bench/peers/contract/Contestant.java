package tally.bench.peers.contract;

import java.util.Set;

/** Runs a peer's main function as bench/run expects: bounded, with an exit code. */
public final class Contestant {
  /** The run itself. Returns when the answers are written. */
  public interface Run {
    void run(Options options) throws Exception;
  }

  /** Something that must be done at the end. */
  public interface CleanUp {
    void run() throws Exception;
  }

  private static final Object NAME_LOCK = new Object();
  private static String name = "";

  private Contestant() {}

  /** Never returns: ends the process with 0, with 1 (failed, or timed out) or 2 (command line). */
  public static void main(String peer, String[] arguments, Set<String> own, Run run) {
    synchronized (NAME_LOCK) {
      name = peer;
    }
    int exitCode = 0;
    try {
      Options options = Options.parse(arguments, own);
      startWatchdog(options.timeout().toSeconds());
      run.run(options);
    } catch (Failure failure) {
      exitCode = failure.exitCode();
      say(failure.getMessage());
    } catch (Exception | LinkageError error) {
      exitCode = 1;
      say("failed");
      error.printStackTrace();
    }
    System.exit(exitCode);
  }

  /** Does this when the process ends, by itself or because it was asked to. */
  public static void atEnd(CleanUp cleanUp) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        cleanUp.run();
      } catch (Exception error) {
        say("not cleaned up: " + error.getMessage());
      }
    }, "clean-up"));
  }

  private static void startWatchdog(long seconds) {
    Thread watchdog = new Thread(() -> {
      try {
        Thread.sleep(seconds * 1000);
      } catch (InterruptedException ended) {
        return;
      }
      say("not done after " + seconds + " s");
      System.exit(1);
    }, "watchdog");
    watchdog.setDaemon(true);
    watchdog.start();
  }

  private static void say(String text) {
    synchronized (NAME_LOCK) {
      System.err.println(name + ": " + text);
    }
  }
}
