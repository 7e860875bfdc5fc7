// Who asks for little is answered while what is long has not been computed yet: the thread of those
// who ask is run here until nothing is left to do on it, the one aside only when the test says so.
#include "query/aside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <functional>
#include <string>

#include "query/service.h"
#include "tests/query/view_helpers.h"

namespace tally::query {
namespace {

namespace asio = boost::asio;
using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;
using ::tally::testing::SampleTimestamp;
using ::tally::testing::UtcHour;

constexpr int kManyEvents = 1200;

class AsideTest : public ::testing::Test {
 protected:
  AsideTest() {
    FeedSamples(reader_);
    for (int i = 0; i < kManyEvents; ++i) {
      const std::string id = "big-" + std::to_string(i);
      reader_.CreateEvent(id, Described("user-big", 100, 200, 0), SampleTimestamp());
      reader_.Register(id, "SNS", UtcHour(2026, 1, 1, 0), 0, SampleTimestamp());
    }
  }

  struct Asked {
    bool answered = false;
    absl::Status status;
  };
  template <class View>
  void Ask(asio::awaitable<absl::StatusOr<Answer<View>>> operation, Asked& asked) {
    asio::co_spawn(here_, Await(std::move(operation), asked), asio::detached);
    RunHere();
  }
  template <class View>
  static asio::awaitable<void> Await(asio::awaitable<absl::StatusOr<Answer<View>>> operation,
                                     Asked& asked) {
    auto answer = co_await std::move(operation);
    asked.answered = true;
    asked.status = answer.status();
    EXPECT_TRUE(answer.ok() && answer->view.has_value());
  }
  void RunHere() {
    here_.restart();
    here_.poll();
  }
  // Until nothing is left to do, there or here.
  void RunAside() {
    for (there_.restart(); there_.poll() > 0; there_.restart()) RunHere();
  }
  static Request Of(const std::string& id) {
    Request request;
    request.id = id;
    return request;
  }

  FakeReader reader_;
  asio::io_context here_;
  asio::io_context there_;
  Service service_{reader_, [] { return kLater; }, "1.0", Aside(there_.get_executor())};
};

TEST_F(AsideTest, OthersAreAnsweredWhileMuchIsComputed) {
  const std::pair<const char*, std::function<void(Asked&)>> longs[] = {
      {"dashboard", [&](Asked& a) { Ask(service_.GetUserDashboard(Of("user-big")), a); }},
      {"channels", [&](Asked& a) { Ask(service_.GetChannels(Level::kUser, Of("user-big")), a); }},
      {"roi", [&](Asked& a) { Ask(service_.GetRoi(Level::kUser, Of("user-big")), a); }},
      {"timeline", [&](Asked& a) { Ask(service_.GetTimeline(Level::kUser, Of("user-big")), a); }},
      {"event", [&](Asked& a) { Ask(service_.GetTimeline(Level::kEvent, Of("evt-1")), a); }},
  };
  for (const auto& [name, ask] : longs) {
    Asked much, little, small_user;
    ask(much);
    EXPECT_FALSE(much.answered) << name;
    Ask(service_.GetEventDashboard(Of("evt-1")), little);
    EXPECT_TRUE(little.answered) << name;
    Ask(service_.GetUserDashboard(Of("user-1")), small_user);
    EXPECT_TRUE(small_user.answered) << name;
    EXPECT_FALSE(much.answered) << name;
    RunAside();
    EXPECT_TRUE(much.answered) << name;
  }
}

TEST_F(AsideTest, WhatWasComputedIsTheSame) {
  Service here(
      reader_, [] { return kLater; }, "1.0");
  const auto expected = query::Run(here.GetUserDashboard(Of("user-big")));
  absl::StatusOr<Answer<UserDashboard>> answer;
  const auto ask = [&]() -> asio::awaitable<void> {
    auto operation = service_.GetUserDashboard(Of("user-big"));
    answer = co_await std::move(operation);
  };
  asio::co_spawn(here_, ask, asio::detached);
  RunHere();
  RunAside();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->etag, expected.etag);
  EXPECT_EQ(answer->view->total_events, kManyEvents);
  EXPECT_EQ(answer->view->summary.participants, expected.view->summary.participants);
  EXPECT_EQ(answer->view->event_performances.front().event_id, "big-0");
}

TEST_F(AsideTest, WhoGivesUpIsStillThereWhenItIsDone) {
  const Aside aside(there_.get_executor());
  asio::cancellation_signal gives_up;
  bool alive = true, ended = false, seen = false;
  const auto ask = [&]() -> asio::awaitable<void> {
    const std::shared_ptr<bool> held(&alive, [](bool* flag) { *flag = false; });
    auto doing = aside.Do(Aside::kMany, [&] { return seen = *held; });
    co_await std::move(doing);
  };
  asio::co_spawn(here_, ask,
                 asio::bind_cancellation_slot(gives_up.slot(),
                                              [&](const std::exception_ptr&) { ended = true; }));
  RunHere();
  gives_up.emit(asio::cancellation_type::terminal);
  RunHere();
  EXPECT_TRUE(alive);
  EXPECT_FALSE(ended);
  RunAside();
  EXPECT_FALSE(alive);
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace tally::query
