package tally.bench.peers.streams;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import tally.bench.peers.contract.InputLog;

/** What is asked of the broker beside the topology. */
final class Broker implements AutoCloseable {
  private final Admin admin;
  private final String applicationId;

  Broker(String brokers, String applicationId) {
    this.admin = Admin.create(
        Map.<String, Object>of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, brokers));
    this.applicationId = applicationId;
  }

  InputLog inputLog(String topicPrefix) {
    return InputLog.read(admin, topicPrefix);
  }

  /** Whether the application has committed everything up to the ends. */
  boolean hasCommitted(Map<TopicPartition, Long> ends) {
    Map<TopicPartition, OffsetAndMetadata> committed = InputLog.await(
        admin.listConsumerGroupOffsets(applicationId).partitionsToOffsetAndMetadata(),
        "the committed offsets cannot be read");
    return ends.entrySet().stream().allMatch(end -> {
      OffsetAndMetadata offset = committed.get(end.getKey());
      return end.getValue() == 0 || (offset != null && offset.offset() >= end.getValue());
    });
  }

  /** Removes the application's change logs and its group, if they are there. */
  void removeTraces() {
    List<String> changeLogs = InputLog.await(admin.listTopics().names(), "topics cannot be listed")
        .stream().filter(name -> name.startsWith(applicationId + "-")).toList();
    InputLog.await(admin.deleteTopics(changeLogs).all(), "the change logs cannot be deleted");
    boolean hasGroup = InputLog.await(admin.listGroups().all(), "groups cannot be listed")
        .stream().anyMatch(group -> group.groupId().equals(applicationId));
    if (!hasGroup) return;
    InputLog.await(
        admin.removeMembersFromConsumerGroup(
            applicationId, new RemoveMembersFromConsumerGroupOptions()).all(),
        "the group's members cannot be removed");
    InputLog.await(admin.deleteConsumerGroups(List.of(applicationId)).all(),
        "the group cannot be deleted");
  }

  @Override
  public void close() {
    admin.close();
  }
}
