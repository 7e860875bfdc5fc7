#include "processor/log_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "processor/domain/record_hash.h"
#include "tests/fakes/memory_log.h"
#include "tests/fakes/memory_log_admin.h"

namespace tally {
namespace {

using domain::RecordHash;
using domain::Topic;
using ::testing::HasSubstr;

constexpr int64_t kTime = 1'767'225'600'000;
constexpr Topic kRegistered = Topic::kParticipantRegistered;

TEST(RecordHashTest, TellsRecordsApartAndStaysWhatItIs) {
  const struct {
    std::optional<std::string_view> key, value;
    int64_t timestamp;
  } records[] = {
      {"k", "v", kTime},          {"k", "v", kTime + 1}, {"k", "w", kTime},
      {"l", "v", kTime},          {"kv", "", kTime},     {"", "kv", kTime},
      {std::nullopt, "v", kTime}, {"", "v", kTime},      {"k", {}, kTime},
      {"k", "", kTime},           {"k", "v", -1},
  };
  std::set<uint64_t> hashes;
  for (const auto& record : records) {
    hashes.insert(RecordHash(record.key, record.value, record.timestamp));
  }
  EXPECT_EQ(hashes.size(), std::size(records));
  // It is stored: the value must never change.
  EXPECT_EQ(RecordHash("k", "v", kTime), 8535190115487821184u);
}

class LogProofTest : public ::testing::Test {
 protected:
  LogProofTest() {
    for (int i = 0; i < 10; ++i) Append(i);
  }
  void Append(int number) {
    log_.Append(0, kRegistered, "evt-1", absl::StrCat("v", number), kTime + number);
  }
  LastRecord At(int64_t offset) const {
    const auto record = log_.At(0, kRegistered, offset).record;
    return {offset, RecordHash(record->key, record->value, record->timestamp_ms)};
  }
  LogQuestion Question(const LastRecord& last, const LastRecord& proved = {}) const {
    LogQuestion question{.partition = 0, .next = {0, 10, 0}, .remembered = {}};
    question.remembered.last[1] = last;
    question.remembered.proved[1] = proved;
    return question;
  }
  LogAnswer Ask(const LogQuestion& question) {
    return CompareWithLog(admin_, "sample.", {&question, 1}, absl::Seconds(1)).front();
  }
  static int Count(const LogAnswer& answer, Comparison comparison) {
    return answer.comparisons[static_cast<size_t>(comparison)];
  }

  MemoryLog log_;
  MemoryLogAdmin admin_{log_, "sample."};
};

TEST_F(LogProofTest, TheSameLogIsTheSame) {
  const LogAnswer answer = Ask(Question(At(9), At(4)));
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(Count(answer, Comparison::kSame), 2);
}

TEST_F(LogProofTest, NothingRememberedIsFilledFromTheLog) {
  const LogAnswer answer = Ask(Question({}));
  EXPECT_TRUE(answer.status.ok());
  EXPECT_EQ(answer.found[1], At(9));
  EXPECT_FALSE(answer.found[0].known());
  log_.Skip(0, kRegistered, 5);  // markers
  LogQuestion question = Question({});
  question.next[1] = 12;
  EXPECT_FALSE(Ask(question).found[1].known());
}

TEST_F(LogProofTest, WhatHasBecomeOfTheLog) {
  const LastRecord last = At(9), older = At(4);
  struct Row {
    const char* what;
    std::function<void()> change;
    absl::StatusCode code;
    Comparison comparison;
    std::string says;
  };
  const auto refill = [this](int count) {
    for (int i = 0; i < count; ++i) Append(100 + i);
  };
  const Row rows[] = {
      {"made again, longer",
       [&] {
         log_.Remake(0, kRegistered);
         refill(30);
       },
       absl::StatusCode::kDataLoss, Comparison::kDifferent,
       "sample.participant.registered/0 has another record at offset"},
      {"made again, as long",
       [&] {
         log_.Remake(0, kRegistered);
         refill(10);
       },
       absl::StatusCode::kDataLoss, Comparison::kDifferent, "tally rebuild"},
      {"made again, shorter",
       [&] {
         log_.Remake(0, kRegistered);
         refill(3);
       },
       absl::StatusCode::kOutOfRange, Comparison::kShort, "tally rebuild"},
      {"truncated and written anew",
       [&] {
         log_.Truncate(0, kRegistered, 7);
         refill(30);
       },
       absl::StatusCode::kDataLoss, Comparison::kDifferent, "offset 9"},
      {"truncated", [&] { log_.Truncate(0, kRegistered, 9); }, absl::StatusCode::kOutOfRange,
       Comparison::kShort, "the log ends at 9"},
      {"retention", [&] { log_.DeleteBelow(0, kRegistered, 10); }, absl::StatusCode::kOk,
       Comparison::kGone, ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    log_.Remake(0, kRegistered);
    for (int i = 0; i < 10; ++i) Append(i);
    row.change();
    const LogAnswer answer = Ask(Question(last, older));
    EXPECT_EQ(answer.status.code(), row.code) << answer.status;
    EXPECT_GE(Count(answer, row.comparison), 1);
    EXPECT_THAT(std::string(answer.status.message()), HasSubstr(row.says));
  }
}

TEST_F(LogProofTest, AReplacedLogThatHasBeenReadFromIsToldByTheOlderRecord) {
  const LastRecord older = At(4);
  log_.Remake(0, kRegistered);
  for (int i = 0; i < 30; ++i) Append(100 + i);
  const LogAnswer answer = Ask(Question(At(20), older));
  EXPECT_TRUE(absl::IsDataLoss(answer.status)) << answer.status;
  EXPECT_THAT(std::string(answer.status.message()), HasSubstr("offset 4"));
}

TEST_F(LogProofTest, ARecordThatIsNotThereAnyMoreCannotBeJudged) {
  const LastRecord last = At(9);
  log_.Truncate(0, kRegistered, 9);
  log_.Skip(0, kRegistered, 1);
  Append(1);
  const LogAnswer answer = Ask(Question(last));
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(Count(answer, Comparison::kUnjudged), 1);
  ASSERT_EQ(answer.unjudged.size(), 1u);
  EXPECT_THAT(answer.unjudged[0], HasSubstr("sample.participant.registered/0"));
}

TEST_F(LogProofTest, ABrokerThatDoesNotAnswerIsNoAnswer) {
  admin_.failure = absl::UnavailableError("no broker");
  EXPECT_TRUE(absl::IsUnavailable(Ask(Question(At(9))).status));
}

}  // namespace
}  // namespace tally
