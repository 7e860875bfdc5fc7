// What names the rows in which two stores differ.
#include "processor/store_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/fakes/altered_rows.h"
#include "tests/fakes/memory_log.h"
#include "tests/fakes/shard_life.h"

namespace tally {
namespace {

using domain::Topic;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kTime = 1'767'225'600'000;

// The same records, in two orders: numbers and channel indices then differ between the stores.
class StoreDiffTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const bool turned : {false, true}) {
      MemoryLog& log = turned ? other_log_ : log_;
      for (int i = 0; i < 3; ++i) {
        const int event = turned ? 2 - i : i;
        Create(log, event);
        if (turned) {
          Register(log, event, "TV");
          Register(log, event, "SNS");
        } else {
          Register(log, event, "SNS");
          Register(log, event, "TV");
        }
      }
    }
    life_.Settle();
    other_.Settle();
  }
  static std::string Id(int event) { return absl::StrCat("evt-", event); }
  static void Append(MemoryLog& log, Topic topic, int event, const std::string& fields) {
    log.Append(0, topic, Id(event),
               absl::StrCat(R"({"eventId":")", Id(event), R"(",)", fields, "}"), kTime);
  }
  static void Create(MemoryLog& log, int event) {
    Append(log, Topic::kEventCreated, event, R"("userId":"user-1","totalInvestment":7)");
    Append(log, Topic::kDistributionCompleted, event, R"("channel":"SNS","expectedViews":10)");
  }
  static void Register(MemoryLog& log, int event, const std::string& channel) {
    Append(log, Topic::kParticipantRegistered, event,
           absl::StrCat(R"("participantId":"of )", channel, R"(","channel":")", channel, "\""));
  }

  std::vector<std::string> Differences(size_t kept_max = 100) {
    Findings findings(kept_max);
    const auto status =
        DiffStores(*life_.store().NewSnapshot(), *other_.store().NewSnapshot(), findings);
    EXPECT_TRUE(status.ok()) << status;
    count_ = findings.count();
    std::vector<std::string> texts;
    for (const Finding& finding : findings.kept()) {
      // Which offset was last differs with the order, and nothing else.
      if (!absl::StrContains(finding.field, "last offset")) texts.push_back(ToText(finding));
    }
    return texts;
  }

  MemoryLog log_, other_log_;
  ShardLife life_{log_}, other_{other_log_};
  uint64_t count_ = 0;
};

TEST_F(StoreDiffTest, NumbersAndOrderAreNoDifference) {
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_GT(count_, 0u) << "the last offsets do differ";
}

TEST_F(StoreDiffTest, NamesWhatOnlyOneHas) {
  Create(log_, 7);
  life_.Settle();
  EXPECT_THAT(Differences(),
              ElementsAre("event \"evt-7\": is an event with 0 participants, should be absent"));
  Create(other_log_, 7);
  Register(other_log_, 7, "TV");
  other_.Settle();
  EXPECT_THAT(Differences(),
              ElementsAre(HasSubstr("greatest timestamp of participant.registered: is none"),
                          HasSubstr("channel \"TV\": is absent, should be there"),
                          HasSubstr("timeline 2026-01-01T00:00:00Z, channel \"TV\": is absent, "
                                    "should be 1 participants, 0 views, 0 purchased"),
                          AllOf(HasSubstr("participant "), HasSubstr(": is absent, should be "
                                                                     "channel \"TV\" at 2026"))));
}

TEST_F(StoreDiffTest, NamesADescriptionsFields) {
  Append(other_log_, Topic::kEventCreated, 1, R"("userId":"user-2","totalInvestment":8.5)");
  other_.Settle();
  EXPECT_THAT(Differences(),
              ElementsAre("event \"evt-1\", userId: is \"user-1\", should be \"user-2\"",
                          "event \"evt-1\", totalInvestment: is 7, should be 8.5"));
}

TEST_F(StoreDiffTest, ADamagedRowIsADifference) {
  // An event's row under another event's key has the wrong checksum.
  struct Moved final : store::CommitRows {
    std::string value;
    bool done = false;
    std::optional<Row> Next() override {
      if (std::exchange(done, true)) return std::nullopt;
      return Row{store::RowOp::kPut, "Eevt-1", value};
    }
    size_t SizeHint() const override { return 1; }
  } moved;
  ASSERT_TRUE(life_.store().NewSnapshot()->Get("Eevt-2", &moved.value).value());
  ASSERT_TRUE(life_.store().Commit(moved).ok());
  EXPECT_THAT(Differences(), ElementsAre("event \"evt-1\", its row: is damaged, should be "
                                         "undamaged, with 2 participants"));
}

TEST_F(StoreDiffTest, CanBeCancelled) {
  for (int event = 10; event < 2'100; ++event) Create(log_, event);
  life_.Settle();
  Findings findings(1);
  EXPECT_TRUE(
      absl::IsCancelled(DiffStores(*life_.store().NewSnapshot(), *other_.store().NewSnapshot(),
                                   findings, [](uint64_t) { return false; })));
  EXPECT_EQ(findings.kept().size(), 1u);
  EXPECT_GT(findings.count(), 1'000u);
}

}  // namespace
}  // namespace tally
