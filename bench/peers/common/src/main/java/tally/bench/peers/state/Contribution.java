package tally.bench.peers.state;

/**
 * What one participant added, so that it can be taken back later.
 *
 * @param hour hours since the epoch, UTC
 */
public record Contribution(String channel, int hour, long purchaseAmount) {}
