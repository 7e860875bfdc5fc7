// The background audit on a clock of its own: when it looks, how much it takes, what it does about
// what it finds.
#include "processor/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/fakes/altered_rows.h"
#include "tests/fakes/memory_log.h"
#include "tests/fakes/shard_life.h"

namespace tally {
namespace {

using domain::Topic;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kTime = 1'767'225'600'000;
constexpr absl::Duration kCpuPerLook = absl::Milliseconds(1);

class AuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Append(Topic::kEventCreated, R"("userId":"user-1")");
    for (const char* channel : {"SNS", "TV"}) {
      Append(Topic::kDistributionCompleted,
             absl::StrCat(R"("channel":")", channel, R"(","expectedViews":10)"));
      for (int k = 0; k < 500; ++k) {
        Append(Topic::kParticipantRegistered,
               absl::StrCat(R"("participantId":")", channel, k, R"(","channel":")", channel, "\""));
      }
    }
    life_.Settle();
  }
  void Append(Topic topic, const std::string& fields) {
    log_.Append(0, topic, "evt-1", absl::StrCat(R"({"eventId":"evt-1",)", fields, "}"), kTime);
  }

  // Each look at the CPU clock finds a millisecond gone.
  std::unique_ptr<Audit> NewAudit(AuditOptions options = {}) {
    AuditedShard shard{.partition = 7,
                       .snapshot = [this] { return ++snapshots_, life_.store().NewSnapshot(); },
                       .alive = [this] { return alive_; },
                       .quarantine = [this](const absl::Status& why) { quarantined_ = why; }};
    return std::make_unique<Audit>(options, std::vector<AuditedShard>{shard},
                                   Audit::Clock{.now = [this] { return now_; },
                                                .wall_now = [this] { return now_; },
                                                .cpu_time = [this] { return cpu_ += kCpuPerLook; },
                                                .stopping = [this] { return stopping_; }},
                                   metrics_);
  }
  // Steps and waits for so long; the CPU time taken.
  absl::Duration RunFor(Audit& audit, absl::Duration time) {
    const absl::Time until = now_ + time;
    const absl::Duration before = cpu_;
    while (now_ < until) now_ += std::min(audit.Step(), until - now_);
    return cpu_ - before;
  }
  std::string Metric(const std::string& name) {
    const std::string text = prometheus::TextSerializer().Serialize(registry_.Collect());
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      if (absl::StartsWith(line, name + " ")) return std::string(line.substr(name.size() + 1));
    }
    return "";
  }

  MemoryLog log_;
  ShardLife life_{log_};
  prometheus::Registry registry_;
  Metrics metrics_{registry_, "sample."};
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  absl::Duration cpu_;
  bool alive_ = true;
  bool stopping_ = false;
  int snapshots_ = 0;
  absl::Status quarantined_;
};

TEST_F(AuditTest, BeginsAfterAWhileAndComesAgain) {
  const auto audit = NewAudit();
  EXPECT_EQ(Metric("tally_audit_last_success_timestamp_seconds{partition=\"7\"}"), "0");
  EXPECT_EQ(audit->Step(), absl::Seconds(30));
  EXPECT_EQ(snapshots_, 0);
  RunFor(*audit, absl::Seconds(31));
  EXPECT_EQ(snapshots_, 1);
  RunFor(*audit, absl::Minutes(4));
  EXPECT_EQ(snapshots_, 1);
  EXPECT_EQ(Metric("tally_audit_runs_total{result=\"equal\"}"), "1");
  RunFor(*audit, absl::Minutes(5));
  EXPECT_EQ(snapshots_, 2);
  EXPECT_TRUE(quarantined_.ok());
  EXPECT_EQ(Metric("tally_audit_mismatch{partition=\"7\"}"), "0");
  EXPECT_THAT(Metric("tally_audit_last_success_timestamp_seconds{partition=\"7\"}"),
              HasSubstr("1000"));
}

TEST_F(AuditTest, AShortIntervalIsAlsoTheFirst) {
  EXPECT_EQ(NewAudit({.interval = absl::Seconds(2)})->Step(), absl::Seconds(2));
}

TEST_F(AuditTest, TakesNoMoreThanItsShareHoweverOftenItRuns) {
  const auto audit = NewAudit({.interval = absl::Milliseconds(1),
                               .cpu_share_max = 0.01,
                               .piece = absl::Milliseconds(200),
                               .rows_at_a_time = 1});
  const absl::Duration used = RunFor(*audit, absl::Minutes(10));
  EXPECT_GT(snapshots_, 2);
  EXPECT_LE(used, absl::Minutes(10) * 0.0102 + absl::Milliseconds(200));
  EXPECT_GE(used, absl::Minutes(10) * 0.0095);
}

TEST_F(AuditTest, WaitsAfterEveryPiece) {
  const auto audit = NewAudit({.interval = absl::Seconds(1),
                               .cpu_share_max = 0.01,
                               .piece = absl::Milliseconds(5),
                               .rows_at_a_time = 10});
  now_ += absl::Seconds(1);
  const absl::Duration before = cpu_;
  EXPECT_EQ(audit->Step(), absl::Milliseconds(5) * 99);
  EXPECT_EQ(cpu_ - before, absl::Milliseconds(6));
  // An event, two distributions, an hour, twice ten participants: a look at the clock after each.
  EXPECT_EQ(Metric("tally_audit_rows_total"), "24");
}

TEST_F(AuditTest, EndsAPieceWhenTheProcessEnds) {
  const auto audit = NewAudit({.interval = absl::ZeroDuration(), .rows_at_a_time = 10});
  stopping_ = true;
  audit->Step();
  EXPECT_EQ(Metric("tally_audit_rows_total"), "1");
}

TEST_F(AuditTest, WhatIsCommittedMeanwhileDoesNotMatter) {
  const auto audit = NewAudit({.interval = absl::Seconds(1), .rows_at_a_time = 1});
  for (int k = 0; k < 200; ++k) {
    Append(Topic::kParticipantRegistered, absl::StrCat(R"("participantId":"new)", k, "\""));
    life_.Settle();
    RunFor(*audit, absl::Seconds(5));
  }
  EXPECT_TRUE(quarantined_.ok()) << quarantined_;
  EXPECT_NE(Metric("tally_audit_runs_total{result=\"equal\"}"), "");
}

TEST_F(AuditTest, EveryAlteredRowQuarantinesTheShard) {
  for (const std::string& name : AlterationNames()) {
    ShardLife life(log_);
    life.Settle();
    ASSERT_TRUE(Alter(life.store(), "evt-1", name).ok());
    absl::Status quarantined;
    AuditedShard shard{.partition = 1,
                       .snapshot = [&life] { return life.store().NewSnapshot(); },
                       .alive = [] { return true; },
                       .quarantine = [&](const absl::Status& why) { quarantined = why; }};
    Audit audit({.interval = absl::Seconds(1)}, {shard},
                {.now = [this] { return now_; },
                 .wall_now = [this] { return now_; },
                 .cpu_time = [this] { return cpu_ += kCpuPerLook; },
                 .stopping = [] { return false; }},
                metrics_);
    RunFor(audit, absl::Minutes(1));
    EXPECT_TRUE(absl::IsDataLoss(quarantined)) << name;
    EXPECT_EQ(Metric("tally_audit_mismatch{partition=\"1\"}"), "1");
  }
}

TEST_F(AuditTest, DamageThatReadsMeetQuarantines) {
  const auto audit = NewAudit();
  life_.store().FailReads(absl::DataLossError("a block's checksum is wrong"));
  RunFor(*audit, absl::Minutes(1));
  EXPECT_THAT(std::string(quarantined_.message()), HasSubstr("a block's checksum"));
}

TEST_F(AuditTest, WhatCannotBeReadNowIsTriedAgain) {
  const auto audit = NewAudit();
  life_.store().FailReads(absl::UnavailableError("the disk hangs"));
  RunFor(*audit, absl::Minutes(1));
  EXPECT_TRUE(quarantined_.ok());
  EXPECT_EQ(Metric("tally_audit_runs_total{result=\"error\"}"), "1");
  life_.store().FailReads(absl::OkStatus());
  RunFor(*audit, absl::Minutes(6));
  EXPECT_EQ(Metric("tally_audit_runs_total{result=\"equal\"}"), "1");
}

TEST_F(AuditTest, LetsGoOfAShardThatHasStopped) {
  const auto audit = NewAudit({.interval = absl::Seconds(1), .rows_at_a_time = 1});
  RunFor(*audit, absl::Seconds(2));
  EXPECT_EQ(snapshots_, 1);
  alive_ = false;
  RunFor(*audit, absl::Minutes(1));
  EXPECT_EQ(snapshots_, 1);
  EXPECT_EQ(Metric("tally_audit_runs_total{result=\"equal\"}"), "");
  alive_ = true;
  RunFor(*audit, absl::Minutes(1));
  EXPECT_EQ(snapshots_, 2);
}

TEST_F(AuditTest, AThreadEndsWhenTold) {
  AuditThread thread({.interval = absl::Hours(1)}, {}, metrics_);
  EXPECT_TRUE(thread.Stop(absl::InfiniteDuration()));
}

}  // namespace
}  // namespace tally
