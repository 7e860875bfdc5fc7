package tally.bench.peers.input;

import java.util.List;

/**
 * A decoded input record. Times are milliseconds since the epoch, NO_TIME where absent; money is in
 * hundredths. Channel names are NFC-normalised.
 */
public sealed interface Input {
  long NO_TIME = Long.MIN_VALUE;
  String DEFAULT_CHANNEL = "기타";
  String SUCCESS = "SUCCESS";

  String eventId();

  record Created(String eventId, String userId, String title, String status, long start, long end,
      long createdAt, long totalInvestment, long expectedRevenue, long targetRoi)
      implements Input {
    public Created createdAt(long time) {
      return new Created(eventId, userId, title, status, start, end, time, totalInvestment,
          expectedRevenue, targetRoi);
    }
  }

  record Registered(String eventId, String participantId, String channel, long registeredAt,
      long purchaseAmount) implements Input {}

  record Distributed(String eventId, long completedAt, List<Element> elements) implements Input {}

  /** One channel of a distribution. */
  record Element(String channel, String channelType, String status, long expectedViews,
      long distributionCost, String distributionId) {}
}
