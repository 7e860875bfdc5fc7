// An embedded cluster with the input topics of prefix "t.", and what the tests do with it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "processor/kafka/embedded_cluster.h"
#include "processor/kafka/kafka_log_admin.h"
#include "processor/kafka/kafka_log_source.h"
#include "processor/kafka/producer.h"

namespace tally::kafka {

inline constexpr char kPrefix[] = "t.";
inline constexpr int32_t kPartitions = 3;
inline constexpr char kNobody[] = "127.0.0.1:1";  // never bound: connections are refused
inline constexpr absl::Duration kPatience = absl::Seconds(30);

inline std::string TopicName(domain::Topic topic) {
  return absl::StrCat(kPrefix, std::string(domain::TopicSuffix(topic)));
}

class EmbeddedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto cluster = EmbeddedCluster::Start();
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    for (int i = 0; i < domain::kTopicCount; ++i) {
      const std::string name = TopicName(static_cast<domain::Topic>(i));
      ASSERT_TRUE(cluster_->CreateTopic(name, kPartitions).ok());
      ASSERT_TRUE(cluster_->CreateTopic(name + ".dlq", kPartitions).ok());
    }
    auto producer = Producer::Create(Config(), {});
    ASSERT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
  }

  ClientConfig Config() const {
    return {.brokers = cluster_->brokers(), .client_id = "test", .embedded = true};
  }

  void Send(const std::string& topic, int32_t partition, std::string_view key,
            std::optional<std::string_view> value) {
    ProducerRecord record{.topic = topic, .partition = partition, .key = key, .value = value};
    const absl::Status status = producer_->Send(record);
    ASSERT_TRUE(status.ok()) << status;
  }
  void Flush() {
    const absl::Status status = producer_->Flush(kPatience);
    ASSERT_TRUE(status.ok()) << status;
  }

  std::unique_ptr<EmbeddedCluster> cluster_;
  std::unique_ptr<Producer> producer_;
};

// What a shard has delivered, with the bytes copied.
struct Delivered {
  std::array<std::vector<std::pair<int64_t, std::string>>, domain::kTopicCount> values;
  Offsets next = {-1, -1, -1};

  void Add(const RecordBatch& batch) {
    for (const domain::Record& record : batch.records()) {
      values[domain::Index(record.topic)].emplace_back(record.offset,
                                                       std::string(record.value.value_or("")));
    }
    for (size_t i = 0; i < next.size(); ++i) next[i] = std::max(next[i], batch.next_offsets()[i]);
  }
};

// Waits for the source's descriptor, at most `timeout_ms`; reads it empty. True: it was readable.
inline bool WaitForWake(const LogSource& source, int timeout_ms) {
  pollfd waiting{.fd = source.WakeFd(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, timeout_ms) <= 0) return false;
  std::array<char, 64> ignored;
  while (::read(source.WakeFd(), ignored.data(), ignored.size()) > 0) {
  }
  return true;
}

// Polls until `done`, the source fails, or patience ends (kDeadlineExceeded).
inline absl::Status PollUntil(LogSource& source, ShardSource& shard, Delivered& delivered,
                              const std::function<bool()>& done) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!done()) {
    if (absl::Now() > deadline) return absl::DeadlineExceededError("the test lost its patience");
    auto batch = shard.Poll(100);
    if (!batch.ok()) return batch.status();
    if (*batch == nullptr) {
      WaitForWake(source, 100);
    } else {
      delivered.Add(**batch);
    }
  }
  return absl::OkStatus();
}

}  // namespace tally::kafka
