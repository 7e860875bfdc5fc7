package tally.bench.peers.state;

import tally.bench.peers.input.Input;

/** The state of the event at hand, as a peer's stores hold it. What is absent is null. */
public interface Rows {
  void putDescription(Input.Created description) throws Exception;

  /** False: the participant stands already, nothing changed. */
  boolean addParticipant(String participantId, Contribution contribution) throws Exception;

  ChannelStats channel(String name) throws Exception;

  void putChannel(String name, ChannelStats stats) throws Exception;

  HourBucket hour(int hour) throws Exception;

  void putHour(int hour, HourBucket bucket) throws Exception;

  Distribution distribution(String channel, String distributionId) throws Exception;

  void putDistribution(String channel, String distributionId, Distribution distribution)
      throws Exception;
}
