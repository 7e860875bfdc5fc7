package tally.bench.peers.contract;

/** Why a run cannot go on; told to the person as it is. */
public final class Failure extends RuntimeException {
  private final int exitCode;

  private Failure(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  public static Failure of(String message) {
    return new Failure(1, message, null);
  }

  public static Failure of(String message, Throwable cause) {
    return new Failure(1, message + ": " + cause, cause);
  }

  /** A wrong command line. */
  public static Failure usage(String message) {
    return new Failure(2, message, null);
  }

  public int exitCode() {
    return exitCode;
  }
}
