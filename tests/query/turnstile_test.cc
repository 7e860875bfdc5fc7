#include "query/turnstile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <utility>
#include <vector>

namespace tally::query {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TurnstileTest : public ::testing::Test {
 protected:
  // Until everybody waits or is inside.
  void Come(int who, asio::cancellation_slot cancellation = {}) {
    asio::co_spawn(io_, Enter(who), asio::bind_cancellation_slot(cancellation, asio::detached));
    Settle();
  }
  void Go(int who) {
    inside_.erase(who);
    Settle();
  }
  void Settle() {
    io_.restart();
    io_.poll();
  }
  std::vector<int> Inside() const {
    std::vector<int> inside;
    for (const auto& [who, pass] : inside_) inside.push_back(who);
    return inside;
  }

  asio::awaitable<void> Enter(int who) {
    auto pass = co_await turnstile_.Enter();
    if (pass.ok()) {
      inside_.emplace(who, *std::move(pass));
    } else if (pass.status().code() == absl::StatusCode::kCancelled) {
      given_up_.push_back(who);
    } else {
      EXPECT_EQ(pass.status().code(), absl::StatusCode::kResourceExhausted);
      refused_.push_back(who);
    }
  }

  Turnstile turnstile_{2, 2};
  std::map<int, Turnstile::Pass> inside_;
  std::vector<int> refused_;
  std::vector<int> given_up_;
  asio::io_context io_;
};

TEST_F(TurnstileTest, FirstComeFirstServed) {
  for (int who = 1; who <= 4; ++who) Come(who);
  EXPECT_THAT(Inside(), ElementsAre(1, 2));
  Go(2);
  EXPECT_THAT(Inside(), ElementsAre(1, 3));
  Go(1);
  EXPECT_THAT(Inside(), ElementsAre(3, 4));
  Go(3);
  Go(4);
  EXPECT_THAT(Inside(), IsEmpty());
  Come(5);
  EXPECT_THAT(Inside(), ElementsAre(5));
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(TurnstileTest, TheLineIsBounded) {
  for (int who = 1; who <= 6; ++who) Come(who);
  EXPECT_THAT(refused_, ElementsAre(5, 6));
  Go(1);
  Come(7);
  EXPECT_THAT(refused_, ElementsAre(5, 6));
  Come(8);
  EXPECT_THAT(refused_, ElementsAre(5, 6, 8));
  while (!inside_.empty()) Go(inside_.begin()->first);
}

TEST_F(TurnstileTest, WhoGivesUpLeavesTheLine) {
  asio::cancellation_signal gives_up;
  Come(1);
  Come(2);
  Come(3, gives_up.slot());
  Come(4);
  gives_up.emit(asio::cancellation_type::terminal);
  Settle();
  EXPECT_THAT(given_up_, ElementsAre(3));
  Come(5);  // in its place
  EXPECT_THAT(refused_, IsEmpty());
  Go(1);
  Go(2);
  EXPECT_THAT(Inside(), ElementsAre(4, 5));
}

// Whoever is cancelled when his turn has come takes it, and goes.
TEST_F(TurnstileTest, NoTurnIsLost) {
  asio::cancellation_signal gives_up;
  Come(1);
  Come(2);
  Come(3, gives_up.slot());
  inside_.erase(1);
  gives_up.emit(asio::cancellation_type::terminal);
  Settle();
  EXPECT_THAT(Inside(), ElementsAre(2, 3));
  Go(3);
  Come(4);
  EXPECT_THAT(Inside(), ElementsAre(2, 4));
}

TEST_F(TurnstileTest, NoPassNoTurnstile) {
  { const Turnstile::Pass none; }
  Come(1);
  Come(2);
  EXPECT_THAT(Inside(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace tally::query
