package tally.bench.peers.state;

/** How values of one type are written: in stores, change logs, checkpoints, between threads. */
public interface Codec<T> {
  void write(T value, WireWriter out);

  T read(WireReader in);

  /** A copy that shares nothing that can change; the value itself where nothing can. */
  T copy(T value);
}
