// What a check of a store's rows finds, and that small steps and little memory find the same.
#include "processor/store_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/fakes/altered_rows.h"
#include "tests/fakes/memory_log.h"
#include "tests/fakes/shard_life.h"

namespace tally {
namespace {

using domain::Topic;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr int64_t kTime = 1'767'225'600'000;
constexpr int kEvents = 9;
constexpr char kEventId[] = "evt-3";

std::string EventId(int event) { return absl::StrCat("evt-", event); }

class StoreCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int event = 0; event < kEvents; ++event) AppendEvent(EventId(event));
    life_.Settle();
    // A second checkpoint merges into timeline rows that stand.
    for (int event = 0; event < kEvents; ++event) Register(EventId(event), 100, "SNS");
    life_.Settle();
  }

  void AppendEvent(const std::string& id) {
    Append(Topic::kEventCreated, id, absl::StrCat(R"("userId":"user-1","eventTitle":")", id, "\""));
    for (const char* channel : {"SNS", "TV"}) {
      Append(Topic::kDistributionCompleted, id,
             absl::StrCat(R"("completedAt":"2026-01-01T00:00:00Z","channel":")", channel,
                          R"(","expectedViews":1000,"distributionCost":5)"));
      for (int k = 0; k < 4; ++k) Register(id, k + (*channel == 'S' ? 0 : 10), channel);
    }
  }
  void Register(const std::string& id, int participant, const char* channel) {
    Append(Topic::kParticipantRegistered, id,
           absl::StrCat(R"("participantId":"p)", participant, R"(","channel":")", channel,
                        R"(","purchaseAmount":10,"registeredAt":"2026-01-01T0)", participant % 10,
                        R"(:00:00Z")"));
  }
  void Append(Topic topic, const std::string& id, const std::string& fields) {
    log_.Append(0, topic, id, absl::StrCat(R"({"eventId":")", id, R"(",)", fields, "}"), kTime);
  }

  struct Checked {
    StoreScan scan;
    std::vector<Finding> findings;
    uint64_t rows;
  };
  Checked Check(size_t rows_max = 1'000, StoreCheckOptions options = {}) {
    const auto snapshot = life_.store().NewSnapshot();
    StoreCheck check(*snapshot, options);
    for (;;) {
      const auto more = check.Step(rows_max);
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.ok() || !*more) break;
    }
    EXPECT_EQ(check.findings().kept().size(),
              std::min<size_t>(check.findings().count(), options.findings_kept_max));
    return {check.scan(), check.findings().kept(), check.rows()};
  }

  MemoryLog log_;
  ShardLife life_{log_};
};

TEST_F(StoreCheckTest, WhatAShardWroteIsRight) {
  const Checked checked = Check();
  EXPECT_THAT(checked.findings, ::testing::IsEmpty());
  EXPECT_EQ(checked.scan.events, kEvents);
  EXPECT_EQ(checked.scan.participants, kEvents * 9);
  EXPECT_EQ(checked.scan.distributions, kEvents * 2);
  EXPECT_EQ(checked.scan.user_rows, kEvents);
  EXPECT_EQ(checked.scan.digest, life_.Stored().digest);
}

TEST_F(StoreCheckTest, StepsAndWindowsChangeNothing) {
  const Checked whole = Check();
  for (const size_t rows_max : {1, 2, 3, 7, 1'000}) {
    for (const size_t memory_bytes : {1, 2'000, 1 << 20}) {
      const Checked parts = Check(rows_max, {.memory_bytes = memory_bytes});
      EXPECT_THAT(parts.findings, ::testing::IsEmpty());
      EXPECT_EQ(parts.scan.digest, whole.scan.digest);
      EXPECT_EQ(parts.scan.events, whole.scan.events);
      EXPECT_EQ(parts.scan.participants, whole.scan.participants);
      EXPECT_EQ(parts.scan.hours, whole.scan.hours);
      EXPECT_EQ(parts.scan.user_rows, whole.scan.user_rows);
      EXPECT_EQ(parts.rows > whole.rows, memory_bytes < 1 << 20) << memory_bytes;
    }
  }
}

TEST_F(StoreCheckTest, AStoreWithoutACommitIsRight) {
  MemoryLog log;
  ShardLife life(log);
  const auto snapshot = life.store().NewSnapshot();
  StoreCheck check(*snapshot);
  EXPECT_EQ(check.Step(1'000).value(), true);
  while (check.Step(1'000).value()) {
  }
  EXPECT_TRUE(check.findings().empty());
}

// What is altered, and what names it: the event where it can be told, and the row.
struct Named {
  const char* event_id;
  const char* text;
};
const std::map<std::string, Named>& Expected() {
  static const std::map<std::string, Named> kExpected = {
      {"event-title", {"", "checkpoint, digest"}},
      {"event-participants", {kEventId, "channel \"SNS\", participants: is 6, should be 5"}},
      {"event-mark", {kEventId, "last offset of participant.registered: is 81, should be below"}},
      {"event-missing", {"", "is of an event that there is none of"}},
      {"participant-channel", {kEventId, "participants: is 5, should be 4"}},
      {"participant-hour", {kEventId, "timeline: is not the hours of its participants"}},
      {"participant-amount", {kEventId, "purchaseAmount: is "}},
      {"participant-missing", {kEventId, "the sum of its participant rows"}},
      {"participant-added", {kEventId, "the sum of its participant rows"}},
      {"distribution-views", {kEventId, "impressions: is 1000, should be 1001"}},
      {"distribution-type", {"", "checkpoint, digest"}},
      {"distribution-missing", {kEventId, "distributions: is 1, should be 0"}},
      {"hour-count", {kEventId, "timeline participants: is "}},
      {"hour-missing", {kEventId, "timeline participants: is "}},
      {"user-missing", {kEventId, "entry of user \"user-1\": is missing"}},
      {"user-added", {kEventId, "entry of user \"somebody-else\": is there"}},
      {"checkpoint-digest", {"", "checkpoint, digest"}},
      {"checkpoint-count", {"", "checkpoint, participants: is 82, should be 81"}},
      {"unknown-row", {"", "row 'Q': is there"}},
  };
  return kExpected;
}

class AlteredTest : public StoreCheckTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(AlteredTest, IsFoundAndNamed) {
  ASSERT_TRUE(Alter(life_.store(), kEventId, GetParam()).ok());
  const Named& named = Expected().at(GetParam());
  for (const size_t memory_bytes : {1, 1 << 20}) {
    const Checked checked = Check(3, {.memory_bytes = memory_bytes});
    std::vector<std::string> texts;
    for (const Finding& finding : checked.findings) texts.push_back(ToText(finding));
    std::string from_event;
    if (*named.event_id != '\0') from_event = absl::StrCat("event \"", named.event_id, "\"");
    EXPECT_THAT(texts, Contains(AllOf(HasSubstr(from_event), HasSubstr(named.text))));
    // Nothing but a user's entry is outside the digest.
    if (!GetParam().starts_with("user") && GetParam() != "unknown-row" &&
        GetParam() != "checkpoint-count") {
      EXPECT_THAT(texts, Contains(HasSubstr("checkpoint, digest: is ")));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, AlteredTest, ::testing::ValuesIn(AlterationNames()),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_F(StoreCheckTest, KeepsTheFirstFindingsAndCountsTheRest) {
  for (int event = 0; event < kEvents; ++event) {
    ASSERT_TRUE(Alter(life_.store(), EventId(event), "user-missing").ok());
  }
  const auto snapshot = life_.store().NewSnapshot();
  StoreCheck check(*snapshot, {.findings_kept_max = 2});
  while (check.Step(1'000).value()) {
  }
  EXPECT_EQ(check.findings().kept().size(), 2u);
  EXPECT_EQ(check.findings().count(), kEvents);
}

TEST_F(StoreCheckTest, WhatCannotBeReadIsAnError) {
  life_.store().FailReads(absl::DataLossError("a block's checksum"));
  const auto snapshot = life_.store().NewSnapshot();
  StoreCheck check(*snapshot);
  EXPECT_TRUE(absl::IsDataLoss(check.Step(10).status()));
}

}  // namespace
}  // namespace tally
