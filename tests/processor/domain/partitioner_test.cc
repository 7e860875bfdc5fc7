#include "processor/domain/partitioner.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <memory>
#include <random>
#include <string>

namespace tally::domain {
namespace {

TEST(Partitioner, Names) {
  EXPECT_EQ(ParsePartitioner("murmur2"), Partitioner::kMurmur2);
  EXPECT_EQ(ParsePartitioner("murmur2_random"), Partitioner::kMurmur2);
  EXPECT_EQ(ParsePartitioner("consistent"), Partitioner::kCrc32);
  EXPECT_EQ(ParsePartitioner("consistent_random"), Partitioner::kCrc32);
  EXPECT_EQ(ParsePartitioner("fnv1a"), Partitioner::kFnv1a);
  EXPECT_EQ(ParsePartitioner("fnv1a_random"), Partitioner::kFnv1a);
  for (const char* name : {"", "random", "Murmur2", "murmur2 ", "crc32", "sticky"}) {
    EXPECT_EQ(ParsePartitioner(name), std::nullopt) << name;
  }
  for (const Partitioner partitioner : AllPartitioners()) {
    EXPECT_EQ(ParsePartitioner(PartitionerName(partitioner)), partitioner);
  }
  EXPECT_EQ(AllPartitioners().size(), 3u);
}

// The first ones are from Kafka's UtilsTest.testMurmur2, taken modulo 2^31 - 1 as partition count.
TEST(Partitioner, KnownHashes) {
  constexpr int32_t kMany = 0x7fffffff;
  const auto murmur2 = [](std::string_view key) {
    return PartitionOf(Partitioner::kMurmur2, key, kMany);
  };
  const auto positive = [](int32_t hash) { return (hash & 0x7fffffff) % kMany; };
  EXPECT_EQ(murmur2("21"), positive(-973932308));
  EXPECT_EQ(murmur2("foobar"), positive(-790332482));
  EXPECT_EQ(murmur2("a-little-bit-long-string"), positive(-985981536));
  EXPECT_EQ(murmur2("a-little-bit-longer-string"), positive(-1486304829));
  EXPECT_EQ(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), positive(-58897971));
  EXPECT_EQ(murmur2("abc"), positive(479470107));
  EXPECT_EQ(PartitionOf(Partitioner::kCrc32, "123456789", kMany),
            static_cast<int32_t>(0xcbf43926u % 0x7fffffffu));
  EXPECT_EQ(PartitionOf(Partitioner::kFnv1a, "a", kMany),
            static_cast<int32_t>((0u - 0xe40c292cu) % 0x7fffffffu));
}

// librdkafka's own functions, which want a topic but do not look at it.
class AgainstLibrdkafka : public testing::Test {
 protected:
  void SetUp() override {
    char error[256];
    client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error));
    ASSERT_TRUE(client_) << error;
    topic_.reset(rd_kafka_topic_new(client_.get(), "t", nullptr));
    ASSERT_TRUE(topic_);
  }

  int32_t Theirs(Partitioner partitioner, const std::string& key, int32_t partitions) {
    const auto call = [&](auto function) {
      return function(topic_.get(), key.data(), key.size(), partitions, nullptr, nullptr);
    };
    switch (partitioner) {
      case Partitioner::kMurmur2:
        return call(rd_kafka_msg_partitioner_murmur2);
      case Partitioner::kCrc32:
        return call(rd_kafka_msg_partitioner_consistent);
      case Partitioner::kFnv1a:
        return call(rd_kafka_msg_partitioner_fnv1a);
    }
    return -1;
  }

 private:
  struct Destroy {
    void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  };
  std::unique_ptr<rd_kafka_t, Destroy> client_;
  std::unique_ptr<rd_kafka_topic_t, Destroy> topic_;
};

TEST_F(AgainstLibrdkafka, SamePartitionForRandomKeys) {
  std::mt19937_64 random(42);
  for (int i = 0; i < 20'000; ++i) {
    std::string key(1 + random() % 40, '\0');
    for (char& c : key) c = static_cast<char>(random());
    const auto partitions = static_cast<int32_t>(1 + random() % 1000);
    for (const Partitioner partitioner : AllPartitioners()) {
      ASSERT_EQ(PartitionOf(partitioner, key, partitions), Theirs(partitioner, key, partitions))
          << PartitionerName(partitioner) << ", key " << testing::PrintToString(key) << ", "
          << partitions << " partitions";
    }
  }
}

}  // namespace
}  // namespace tally::domain
