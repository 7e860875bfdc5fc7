// Clients that read at any time, and whether what they are told was ever true.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "query/reader.h"
#include "tests/sim/instance.h"
#include "tests/sim/random.h"

namespace tally::sim {

class Reads {
 public:
  explicit Reads(Surroundings& around) : around_(around) {}

  // One read by one of the clients, as `random` decides. Answers are checked when they come.
  void Begin(Instance& instance, Random& random);
  // Of every event and user; these must succeed, and reflect the whole log.
  void BeginAll(const std::vector<std::unique_ptr<Instance>>& instances);

  int64_t answered() const { return answered_; }
  int64_t under_way() const { return under_way_; }
  // A crash: those that wait on the instance get no answer.
  void Forget(const Instance& instance);

 private:
  static constexpr int kClients = 3;
  static constexpr size_t kKeptMax = 24;
  struct Read;
  struct Kept {
    std::shared_ptr<const Read> read;
    std::variant<query::EventAnswer, query::UserAnswer> answer;
  };

  void Event(Instance& instance, std::shared_ptr<Read> read);
  void User(Instance& instance, std::shared_ptr<Read> read);
  std::shared_ptr<Read> NewRead(Instance& instance, std::string id);
  void Roll(Random& random, Read& read);

  // An earlier answer is still one, if its freshness says so.
  void AskAgain(Random& random);
  template <typename Answer>
  void Keep(const std::shared_ptr<Read>& read, const absl::StatusOr<Answer>& answer);

  void EventAnswered(const Read& read, const absl::StatusOr<query::EventAnswer>& answer);
  void UserAnswered(const Read& read, const absl::StatusOr<query::UserAnswer>& answer);
  // False: the answer is an error, which may be.
  bool MayBe(const Read& read, const absl::Status& status, bool event);
  void CheckPosition(const Read& read, const query::ShardPosition& position);
  void CheckEvent(const Read& read, const query::EventSnapshot& seen,
                  const domain::LogicalEvent& expected, const Offsets& at);

  Surroundings& around_;
  std::array<std::map<int32_t, Offsets>, kClients> seen_;
  int64_t answered_ = 0;
  int64_t under_way_ = 0;
  int64_t most_under_way_ = 0;
  std::map<const Instance*, int64_t> under_way_on_;
  std::deque<Kept> kept_;
};

}  // namespace tally::sim
