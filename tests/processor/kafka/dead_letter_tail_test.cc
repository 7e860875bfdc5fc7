// The tail's rules, on a log in memory.
#include "processor/kafka/dead_letter_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"

namespace tally::kafka {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(1);

// Topics of one partition 0; offsets without a record are markers or aborted.
class FakeLog : public LogAdmin {
 public:
  struct Topic {
    LogRange range;
    std::map<int64_t, OwnedRecord> records;
  };
  std::map<std::string, Topic> topics;
  int reads = 0;

  absl::StatusOr<std::string> ClusterId(absl::Duration) override { return "fake"; }
  absl::StatusOr<std::vector<TopicInfo>> DescribeTopics(const std::vector<std::string>& names,
                                                        absl::Duration) override {
    std::vector<TopicInfo> infos;
    for (const std::string& name : names) {
      infos.push_back({.name = name, .partitions = topics.contains(name) ? 1 : 0});
    }
    return infos;
  }
  absl::Status CreateTopics(const std::vector<std::string>&, int32_t, int16_t,
                            absl::Duration) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<std::vector<LogRange>> Ranges(const std::string& topic, int32_t,
                                               absl::Duration) override {
    return std::vector<LogRange>{topics.at(topic).range};
  }
  absl::Status Read(const std::vector<PartitionAt>& from,
                    const std::function<bool(const PartitionAt&, const OwnedRecord&)>& visit,
                    absl::Duration) override {
    ++reads;
    const auto& records = topics.at(from[0].topic).records;
    for (auto it = records.lower_bound(from[0].offset); it != records.end(); ++it) {
      if (!visit(from[0], it->second)) break;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<RecordAt>> ReadAt(const std::vector<PartitionAt>&,
                                               absl::Duration) override {
    return absl::UnimplementedError("");
  }

  void Input(int64_t begin, int64_t end) {
    Topic& topic = topics["in"];
    topic.range = {begin, end};
    for (int64_t i = begin; i < end; ++i) {
      topic.records[i] = {.offset = i, .key = "k", .value = absl::StrCat("v", i)};
    }
  }
  OwnedRecord& Letter(int64_t at, int64_t of, const std::string& value) {
    Topic& topic = topics["in.dlq"];
    topic.range.end = std::max(topic.range.end, at + 1);
    topic.records[at] = {
        .offset = at,
        .key = "k",
        .value = value,
        .headers = {
            {"tally-topic", "in"}, {"tally-partition", "0"}, {"tally-offset", absl::StrCat(of)}}};
    return topic.records[at];
  }
};

int64_t Below(FakeLog& log) {
  auto below = DeadLettersWrittenBelow(log, "in", 0, kTimeout);
  EXPECT_TRUE(below.ok()) << below.status();
  return below.value_or(-1);
}

TEST(DeadLetterTailTest, WithoutLettersThereIsNoBound) {
  FakeLog log;
  log.Input(0, 10);
  EXPECT_EQ(Below(log), 0);
  log.topics["in.dlq"];
  EXPECT_EQ(Below(log), 0);
  log.topics["in.dlq"].range = {0, 1'000};  // only markers
  EXPECT_EQ(Below(log), 0);
}

TEST(DeadLetterTailTest, TheHighestOffsetCounts) {
  FakeLog log;
  log.Input(0, 10);
  log.Letter(0, 3, "v3");
  log.Letter(1, 6, "v6");
  log.Letter(2, 5, "v5");  // repeated after a crash
  EXPECT_EQ(Below(log), 7);
}

TEST(DeadLetterTailTest, LooksBackBeyondMarkersAndForeignRecords) {
  FakeLog log;
  log.Input(0, 10);
  log.Letter(0, 6, "v6");
  for (int64_t at = 100; at < 5'000; at += 7) log.Letter(at, 9, "x").headers.clear();
  log.Letter(5'000, 9, "v9").headers[0].second = "other";
  log.Letter(5'001, 9, "v9").headers[1].second = "1";
  log.Letter(5'002, 9, "v9").headers[2].second = "nine";
  log.Letter(5'003, 9, "v9").headers[2].second = "-1";
  log.Letter(5'004, 9, "v9").headers[2].second = std::nullopt;
  EXPECT_EQ(Below(log), 7);
  EXPECT_LE(log.reads, 6);
}

TEST(DeadLetterTailTest, ARecreatedTopicDoesNotFoolIt) {
  struct Row {
    const char* name;
    int64_t letter_of;
    std::string value;
  };
  for (const Row& row : std::initializer_list<Row>{{"beyond the end", 20, "v20"},
                                                   {"at the end", 10, "v10"},
                                                   {"other content", 5, "old5"}}) {
    SCOPED_TRACE(row.name);
    FakeLog log;
    log.Input(0, 10);
    log.Letter(0, row.letter_of, row.value);
    EXPECT_EQ(Below(log), 0);
  }
}

TEST(DeadLetterTailTest, TheKeyIsComparedToo) {
  FakeLog log;
  log.Input(0, 10);
  log.Letter(0, 5, "v5").key = std::nullopt;
  EXPECT_EQ(Below(log), 0);
}

TEST(DeadLetterTailTest, ACutLetterIsComparedByWhatIsLeft) {
  FakeLog log;
  log.Input(0, 10);
  log.topics["in"].records[5].value = "a long value";
  log.Letter(0, 5, "a long").headers.emplace_back("tally-cut", "value:12");
  EXPECT_EQ(Below(log), 6);
  log.Letter(1, 5, "another").headers.emplace_back("tally-cut", "value:12");
  EXPECT_EQ(Below(log), 0);
}

TEST(DeadLetterTailTest, ARecordThatIsNoLongerThereCannotBeCompared) {
  FakeLog log;
  log.Input(8, 10);
  log.Letter(0, 5, "v5");
  EXPECT_EQ(Below(log), 6);
}

TEST(DeadLetterTailTest, AMissingInputTopicHasNoLettersOfItsOwn) {
  FakeLog log;
  log.Letter(0, 5, "v5");
  EXPECT_EQ(Below(log), 0);
}

}  // namespace
}  // namespace tally::kafka
