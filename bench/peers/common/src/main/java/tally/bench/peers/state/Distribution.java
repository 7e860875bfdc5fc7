package tally.bench.peers.state;

import tally.bench.peers.input.Input;
import tally.bench.peers.input.Times;

/** What stands for one identity (event, channel, distribution id). */
public record Distribution(String channelType, String status, long completedAt, long expectedViews,
    long distributionCost) {
  static Distribution of(Input.Element element, long completedAt) {
    return new Distribution(element.channelType(), element.status(), completedAt,
        element.expectedViews(), element.distributionCost());
  }

  long impressions() {
    return status.equals(Input.SUCCESS) ? expectedViews : 0;
  }

  int hour() {
    return (int) Math.floorDiv(completedAt, (long) Times.HOUR_MILLIS);
  }
}
