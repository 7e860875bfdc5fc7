// Dead letters on the embedded cluster.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "processor/kafka/dead_letter_tail.h"
#include "processor/kafka/kafka_dead_letters.h"
#include "tests/processor/kafka/embedded_fixture.h"

namespace tally::kafka {
namespace {

using domain::Topic;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string kInput = "t.participant.registered";
const std::string kLetters = "t.participant.registered.dlq";

// Collects what the sink says of each letter.
class Outcomes {
 public:
  DeadLetterSink::Done Expect() {
    std::lock_guard lock(mutex_);
    const size_t index = statuses_.size();
    statuses_.push_back(std::nullopt);
    return [this, index](absl::Status status) {
      std::lock_guard inner(mutex_);
      statuses_[index] = std::move(status);
      ++done_;
      changed_.notify_all();
    };
  }
  std::vector<absl::StatusCode> Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoMilliseconds(kPatience),
                      [this] { return done_ == statuses_.size(); });
    std::vector<absl::StatusCode> codes;
    for (const auto& status : statuses_) {
      codes.push_back(status ? status->code() : absl::StatusCode::kUnknown);
    }
    return codes;
  }
  std::string Message(size_t index) {
    std::lock_guard lock(mutex_);
    return std::string(statuses_[index]->message());
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<absl::Status>> statuses_;
  size_t done_ = 0;
};

domain::Record MakeRecord(int32_t partition, int64_t offset, std::string_view key,
                          std::optional<std::string_view> value) {
  return {.topic = Topic::kParticipantRegistered,
          .partition = partition,
          .offset = offset,
          .timestamp_ms = 1'767'225'600'000,
          .key = key,
          .value = value,
          .headers = {}};
}

const domain::Rejection kRejection = {domain::Reason::kMissingField, "eventId is missing"};

class DeadLettersTest : public EmbeddedTest {
 protected:
  std::unique_ptr<KafkaDeadLetters> MakeSink(DeadLetterOptions options = {}) {
    options.topic_prefix = kPrefix;
    auto sink = KafkaDeadLetters::Create(Config(), options);
    EXPECT_TRUE(sink.ok()) << sink.status();
    return *std::move(sink);
  }

  std::vector<OwnedRecord> ReadLetters(int32_t partition) {
    auto admin = KafkaLogAdmin::Create(Config());
    std::vector<OwnedRecord> letters;
    const absl::Status status = (*admin)->Read(
        {{kLetters, partition, 0}},
        [&](const PartitionAt&, const OwnedRecord& letter) {
          letters.push_back(letter);
          return true;
        },
        kPatience);
    EXPECT_TRUE(status.ok()) << status;
    return letters;
  }

  Outcomes outcomes_;
};

TEST_F(DeadLettersTest, WritesTheOriginalWithHeadersToTheSamePartition) {
  auto sink = MakeSink();
  const std::vector<domain::Header> headers = {{"content-type", "text/xml"}};
  domain::Record record = MakeRecord(2, 7, "key", "value");
  record.headers = headers;
  ASSERT_TRUE(sink->Write(record, kRejection, outcomes_.Expect()));
  record = MakeRecord(2, 8, "", std::nullopt);
  ASSERT_TRUE(sink->Write(record, kRejection, outcomes_.Expect()));
  ASSERT_THAT(outcomes_.Wait(), Each(absl::StatusCode::kOk));
  const auto letters = ReadLetters(2);
  ASSERT_EQ(letters.size(), 2);
  EXPECT_EQ(letters[0].key, "key");
  EXPECT_EQ(letters[0].value, "value");
  EXPECT_EQ(letters[0].timestamp_ms, 1'767'225'600'000);
  EXPECT_THAT(letters[0].headers,
              ElementsAre(Pair("content-type", "text/xml"), Pair("tally-reason", "missing_field"),
                          Pair("tally-detail", "eventId is missing"), Pair("tally-topic", kInput),
                          Pair("tally-partition", "2"), Pair("tally-offset", "7")));
  EXPECT_EQ(letters[1].key, "");
  EXPECT_EQ(letters[1].value, std::nullopt);
}

TEST_F(DeadLettersTest, KeepsTheOrderOfManyLettersBigOnesAmongThem) {
  auto sink = MakeSink();
  const std::string big(30'000, 'x');
  for (int i = 0; i < 500; ++i) {
    const std::string_view value = i % 50 == 7 ? std::string_view(big) : "small";
    ASSERT_TRUE(sink->Write(MakeRecord(i % 2, i, "k", value), kRejection, outcomes_.Expect()));
  }
  ASSERT_THAT(outcomes_.Wait(), AllOf(SizeIs(500), Each(absl::StatusCode::kOk)));
  for (int32_t partition : {0, 1}) {
    const auto letters = ReadLetters(partition);
    ASSERT_EQ(letters.size(), 250);
    for (size_t i = 0; i < letters.size(); ++i) {
      ASSERT_THAT(
          letters[i].headers,
          Contains(Pair("tally-offset", absl::StrCat(2 * static_cast<int>(i) + partition))));
    }
  }
}

TEST_F(DeadLettersTest, CutsWhatTheBrokerDoesNotTake) {
  DeadLetterOptions options;
  options.message_bytes_max = 100'000;
  auto sink = MakeSink(options);
  const std::string value(1 << 20, 'v');
  ASSERT_TRUE(sink->Write(MakeRecord(0, 1, "k", value), kRejection, outcomes_.Expect()));
  ASSERT_THAT(outcomes_.Wait(), Each(absl::StatusCode::kOk));
  const auto letters = ReadLetters(0);
  ASSERT_EQ(letters.size(), 1);
  EXPECT_LE(letters[0].value->size(), 100'000);
  EXPECT_GT(letters[0].value->size(), 90'000);
  EXPECT_THAT(letters[0].headers, Contains(Pair("tally-cut", "value:1048576")));
}

TEST_F(DeadLettersTest, ItsQueueIsBounded) {
  cluster_->SetDown();
  DeadLetterOptions options;
  options.queue_letters_max = 3;
  auto sink = MakeSink(options);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(sink->Write(MakeRecord(0, i, "k", "v"), kRejection, outcomes_.Expect()));
  }
  EXPECT_FALSE(sink->Write(MakeRecord(0, 3, "k", "v"), kRejection, [](absl::Status) { FAIL(); }));
  sink.reset();
  EXPECT_THAT(outcomes_.Wait(), AllOf(SizeIs(3), Each(absl::StatusCode::kCancelled)));
}

TEST_F(DeadLettersTest, ABrokerThatStaysAwayLosesTheLetterAndSaysWhy) {
  cluster_->SetDown();
  DeadLetterOptions options;
  options.delivery_timeout = absl::Seconds(1);
  auto sink = MakeSink(options);
  ASSERT_TRUE(sink->Write(MakeRecord(0, 1, "k", "v"), kRejection, outcomes_.Expect()));
  EXPECT_THAT(outcomes_.Wait(), ElementsAre(absl::StatusCode::kUnavailable));
  EXPECT_THAT(outcomes_.Message(0), HasSubstr(cluster_->brokers()));
}

TEST_F(DeadLettersTest, ABrokerThatComesBackGetsThemAll) {
  auto sink = MakeSink();
  ASSERT_TRUE(sink->Write(MakeRecord(0, 0, "k", "v"), kRejection, outcomes_.Expect()));
  ASSERT_THAT(outcomes_.Wait(), Each(absl::StatusCode::kOk));
  cluster_->SetDown();
  for (int i = 1; i < 50; ++i) {
    ASSERT_TRUE(sink->Write(MakeRecord(0, i, "k", "v"), kRejection, outcomes_.Expect()));
  }
  cluster_->SetUp();
  ASSERT_THAT(outcomes_.Wait(), Each(absl::StatusCode::kOk));
  EXPECT_EQ(ReadLetters(0).size(), 50);
}

// What a stop (SIGSTOP, a suspended machine) looks like: the broker cannot have answered meanwhile.
TEST_F(DeadLettersTest, AStopLongerThanTheDeadlineLosesNothing) {
  cluster_->SetDown();
  std::atomic<int64_t> stopped_seconds = 0;
  DeadLetterOptions options;
  options.now = [&] { return SteadyNow() + absl::Seconds(stopped_seconds.load()); };
  auto sink = MakeSink(options);
  ASSERT_TRUE(sink->Write(MakeRecord(0, 1, "k", "v"), kRejection, outcomes_.Expect()));
  stopped_seconds = 3600;
  cluster_->SetUp();
  EXPECT_THAT(outcomes_.Wait(), ElementsAre(absl::StatusCode::kOk));
}

TEST_F(DeadLettersTest, APartitionThatIsMissingIsNotFoundAndOthersGoOn) {
  auto sink = MakeSink();
  ASSERT_TRUE(sink->Write(MakeRecord(0, 1, "k", "v"), kRejection, outcomes_.Expect()));
  ASSERT_TRUE(sink->Write(MakeRecord(9, 1, "k", "v"), kRejection, outcomes_.Expect()));
  ASSERT_TRUE(sink->Write(MakeRecord(0, 2, "k", "v"), kRejection, outcomes_.Expect()));
  EXPECT_THAT(outcomes_.Wait(), ElementsAre(absl::StatusCode::kOk, absl::StatusCode::kNotFound,
                                            absl::StatusCode::kOk));
  EXPECT_THAT(outcomes_.Message(1), HasSubstr("topics create"));
}

TEST_F(DeadLettersTest, TheTailTellsWhatIsWritten) {
  auto admin = KafkaLogAdmin::Create(Config());
  EXPECT_EQ(*DeadLettersWrittenBelow(**admin, kInput, 1, kPatience), 0);
  EXPECT_EQ(*DeadLettersWrittenBelow(**admin, "t.missing", 1, kPatience), 0);
  for (int i = 0; i < 10; ++i) Send(kInput, 1, "k", absl::StrCat("v", i));
  Flush();
  auto sink = MakeSink();
  for (const int64_t offset : {2, 4, 7}) {
    const std::string value = absl::StrCat("v", offset);
    ASSERT_TRUE(sink->Write(MakeRecord(1, offset, "k", value), kRejection, outcomes_.Expect()));
  }
  ASSERT_THAT(outcomes_.Wait(), Each(absl::StatusCode::kOk));
  auto below = DeadLettersWrittenBelow(**admin, kInput, 1, kPatience);
  ASSERT_TRUE(below.ok()) << below.status();
  EXPECT_EQ(*below, 8);
  EXPECT_EQ(*DeadLettersWrittenBelow(**admin, kInput, 0, kPatience), 0);
}

}  // namespace
}  // namespace tally::kafka
