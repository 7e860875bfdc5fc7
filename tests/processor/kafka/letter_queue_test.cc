// The order and the bounds of letters under way.
#include "processor/kafka/letter_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tally::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kStart = absl::UnixEpoch();
constexpr size_t kBig = 20'000;

class LetterQueueTest : public ::testing::Test {
 protected:
  bool Push(int32_t partition, const std::string& name, size_t bytes = 10) {
    Letter letter;
    letter.topic = "t.dlq";
    letter.partition = partition;
    letter.key = name;
    letter.value = std::string(bytes, 'x');
    return queue_.Push(std::move(letter), nullptr, kStart + absl::Seconds(pushed_++));
  }
  std::vector<std::string> TakeSendable() {
    std::vector<std::string> names;
    for (PendingLetter* letter : queue_.Sendable()) {
      letter->under_way = true;
      under_way_[*letter->letter.key] = letter;
      names.push_back(*letter->letter.key);
    }
    return names;
  }

  LetterQueue queue_{10, 200'000};
  std::map<std::string, PendingLetter*> under_way_;
  int pushed_ = 0;
};

TEST_F(LetterQueueTest, SmallLettersGoOutTogetherAndOnce) {
  Push(0, "a");
  Push(1, "b");
  Push(0, "c");
  EXPECT_THAT(TakeSendable(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(TakeSendable(), IsEmpty());
}

TEST_F(LetterQueueTest, ABigLetterTravelsAloneInItsPartition) {
  Push(0, "a");
  Push(0, "big", kBig);
  Push(0, "c");
  Push(1, "other");
  EXPECT_THAT(TakeSendable(), ElementsAre("a", "other"));
  queue_.Acknowledge(under_way_["a"]);
  EXPECT_THAT(TakeSendable(), ElementsAre("big"));
  EXPECT_THAT(TakeSendable(), IsEmpty());
  queue_.Acknowledge(under_way_["big"]);
  EXPECT_THAT(TakeSendable(), ElementsAre("c"));
}

TEST_F(LetterQueueTest, BoundedByLettersAndBytes) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Push(0, "a"));
  EXPECT_FALSE(Push(0, "a"));
  queue_.FailAll(absl::CancelledError(""));
  EXPECT_TRUE(queue_.empty());
  EXPECT_TRUE(Push(0, "huge", 300'000)) << "one always fits";
  EXPECT_FALSE(Push(0, "a"));
}

TEST_F(LetterQueueTest, AFailedLetterTakesThoseBehindItInItsPartition) {
  Push(0, "a");
  Push(0, "b");
  Push(1, "c");
  Push(0, "d");
  TakeSendable();
  EXPECT_EQ(queue_.Fail(under_way_["b"], absl::InternalError("x")).size(), 2);
  queue_.Rewind();
  EXPECT_THAT(TakeSendable(), ElementsAre("a", "c"));
}

TEST_F(LetterQueueTest, FindsTheOldestThatIsLate) {
  EXPECT_EQ(queue_.FirstLate(kStart), nullptr);
  Push(0, "a");
  Push(0, "b");
  EXPECT_EQ(queue_.FirstLate(kStart - absl::Seconds(1)), nullptr);
  EXPECT_EQ(queue_.FirstLate(kStart + absl::Seconds(9))->letter.key, "a");
}

}  // namespace
}  // namespace tally::kafka
