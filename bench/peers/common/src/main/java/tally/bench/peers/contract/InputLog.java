package tally.bench.peers.contract;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/**
 * The three topics as they are at start: a run reads from offset 0 to these ends.
 *
 * @param endOffsets of every partition, empty ones included
 */
public record InputLog(List<String> topics, int partitions, Map<TopicPartition, Long> endOffsets) {
  public static final String CREATED = "event.created";
  public static final String REGISTERED = "participant.registered";
  public static final String DISTRIBUTED = "distribution.completed";

  private static final long ANSWER_SECONDS_MAX = 30;

  public static InputLog read(Admin admin, String prefix) {
    List<String> topics = List.of(prefix + CREATED, prefix + REGISTERED, prefix + DISTRIBUTED);
    Map<String, TopicDescription> found =
        await(admin.describeTopics(topics).allTopicNames(), "the topics cannot be looked up");
    int partitions = found.get(topics.get(0)).partitions().size();
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    found.forEach((topic, description) -> {
      if (description.partitions().size() != partitions) {
        throw Failure.of("the topics have different numbers of partitions");
      }
      for (int p = 0; p < partitions; ++p) {
        asked.put(new TopicPartition(topic, p), OffsetSpec.latest());
      }
    });
    Map<TopicPartition, Long> ends = new HashMap<>();
    await(admin.listOffsets(asked).all(), "the end offsets cannot be read")
        .forEach((partition, end) -> ends.put(partition, end.offset()));
    return new InputLog(topics, partitions, Map.copyOf(ends));
  }

  public long records() {
    return endOffsets.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The broker's answer, waited for no longer than half a minute. */
  public static <T> T await(KafkaFuture<T> answer, String otherwise) {
    try {
      return answer.get(ANSWER_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (ExecutionException error) {
      throw Failure.of(otherwise, error.getCause());
    } catch (TimeoutException error) {
      throw Failure.of(otherwise + ": no answer in " + ANSWER_SECONDS_MAX + " s");
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw Failure.of(otherwise, error);
    }
  }
}
