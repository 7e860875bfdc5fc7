#include "query/http/connections.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>

#include "query/listen.h"

namespace tally::query::http {
namespace {

namespace ip = boost::asio::ip;

class FakeConnection : public Connection {
 public:
  void Stop() override { stopped = true; }
  void Abort() override { aborted = true; }
  bool stopped = false;
  bool aborted = false;
};

class ConnectionsTest : public ::testing::Test {
 protected:
  using Admission = Connections::Admission;

  // A connection that has waited since `since`, 0: is being worked for.
  FakeConnection& Add(const std::string& address, int64_t since, bool served = false) {
    auto connection = std::make_shared<FakeConnection>();
    connection->activity.waits_since = since;
    connection->activity.served = served;
    last_ = connections_.Admit(connection, ip::make_address(address));
    all_.push_back(connection);
    return *connection;
  }

  Connections connections_{{.total_max = 4, .per_client_max = 3, .backlog_bytes_max = 100}};
  Admission last_ = Admission::kRefused;
  std::deque<std::shared_ptr<FakeConnection>> all_;
};

TEST_F(ConnectionsTest, AClientWithTooManyLosesItsOldestWaitingOne) {
  Add("10.0.0.2", 1);
  FakeConnection& newer = Add("10.0.0.1", 7);
  FakeConnection& oldest = Add("10.0.0.1", 5);
  FakeConnection& worked_for = Add("10.0.0.1", 0);
  EXPECT_EQ(last_, Admission::kAdmitted);
  Add("10.0.0.1", 9);
  EXPECT_EQ(last_, Admission::kAdmittedForAnother);
  EXPECT_TRUE(oldest.aborted);
  EXPECT_FALSE(newer.aborted);
  EXPECT_FALSE(worked_for.aborted);
  EXPECT_FALSE(all_.front()->aborted);
}

TEST_F(ConnectionsTest, WhoHasMostGoesFirstWhenAllAreFull) {
  FakeConnection& single = Add("10.0.0.1", 1);
  FakeConnection& one_of_two = Add("10.0.0.2", 5);
  Add("10.0.0.2", 6);
  FakeConnection& served = Add("10.0.0.3", 2, true);
  FakeConnection& next = Add("10.0.0.4", 8);
  EXPECT_TRUE(one_of_two.aborted);
  EXPECT_FALSE(single.aborted);
  Add("10.0.0.5", 9);
  EXPECT_TRUE(single.aborted);
  EXPECT_FALSE(served.aborted);
  EXPECT_FALSE(next.aborted);
}

// Whoever comes among many others has not been looked at yet.
TEST_F(ConnectionsTest, NewcomersDoNotPushOutEachOther) {
  const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
  FakeConnection& idle = Add("10.0.0.1", 1, true);
  FakeConnection& newcomer = Add("10.0.0.2", now());
  FakeConnection& other = Add("10.0.0.3", now());
  FakeConnection& silent = Add("10.0.0.4", 2);
  Add("10.0.0.5", now());
  EXPECT_TRUE(silent.aborted);
  Add("10.0.0.6", now());
  EXPECT_TRUE(idle.aborted);
  EXPECT_FALSE(newcomer.aborted);
  EXPECT_FALSE(other.aborted);
}

TEST_F(ConnectionsTest, NobodyGoesWhileBeingWorkedFor) {
  for (int i = 0; i < 4; ++i) Add("10.0.0." + std::to_string(i), 0);
  Add("10.0.1.1", 1);
  EXPECT_EQ(last_, Admission::kRefused);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(all_[static_cast<size_t>(i)]->aborted);
  connections_.Remove(all_[0].get());
  Add("10.0.1.1", 1);
  EXPECT_EQ(last_, Admission::kAdmitted);
}

TEST_F(ConnectionsTest, VictimsCountNoMoreButAreAwaited) {
  for (int i = 0; i < 3; ++i) Add("10.0.0.1", i + 1);
  for (int i = 0; i < 20; ++i) {
    Add("10.0.0.1", i + 10);
    EXPECT_EQ(last_, Admission::kAdmittedForAnother);
  }
  int aborted = 0;
  for (const auto& each : all_) aborted += each->aborted;
  EXPECT_EQ(aborted, 20);
  for (const auto& each : all_) {
    EXPECT_FALSE(connections_.AwaitNone(absl::ZeroDuration()));
    connections_.Remove(each.get());
  }
  EXPECT_TRUE(connections_.AwaitNone(absl::ZeroDuration()));
  Add("10.0.0.1", 1);
  EXPECT_EQ(last_, Admission::kAdmitted);
}

TEST_F(ConnectionsTest, BacklogsAreBoundedTogether) {
  FakeConnection& first = Add("10.0.0.1", 1);
  FakeConnection& second = Add("10.0.0.2", 2);
  FakeConnection& third = Add("10.0.0.3", 3);
  EXPECT_EQ(connections_.BeginBacklog(&first, 40), 0u);
  EXPECT_EQ(connections_.BeginBacklog(&second, 60), 0u);
  EXPECT_EQ(connections_.BeginBacklog(&third, 30), 1u);
  EXPECT_TRUE(first.aborted);
  EXPECT_FALSE(second.aborted);
  connections_.EndBacklog(&second);
  EXPECT_EQ(connections_.BeginBacklog(&second, 70), 0u);
  connections_.EndBacklog(&third);
  EXPECT_EQ(connections_.BeginBacklog(&third, 1000), 1u);
  EXPECT_TRUE(second.aborted);
  EXPECT_FALSE(third.aborted);
  connections_.Remove(&third);
  FakeConnection& fourth = Add("10.0.0.4", 3);
  EXPECT_EQ(connections_.BeginBacklog(&fourth, 100), 0u);
}

TEST_F(ConnectionsTest, ClosedForGood) {
  Add("10.0.0.1", 1);
  connections_.CloseForGood();
  Add("10.0.0.1", 1);
  EXPECT_EQ(last_, Admission::kRefused);
  connections_.StopAll();
  EXPECT_TRUE(all_[0]->stopped);
  EXPECT_FALSE(all_[1]->stopped);
  connections_.AbortAll();
  EXPECT_TRUE(all_[0]->aborted);
}

TEST(ClientKeyTest, OneHostIsOneClient) {
  const auto key = [](const char* address) { return ClientKey(ip::make_address(address)); };
  EXPECT_EQ(key("10.0.0.1"), key("::ffff:10.0.0.1"));
  EXPECT_NE(key("10.0.0.1"), key("10.0.0.2"));
  EXPECT_EQ(key("2001:db8::1"), key("2001:db8::ffff:1"));
  EXPECT_NE(key("2001:db8::1"), key("2001:db8:0:1::1"));
}

}  // namespace
}  // namespace tally::query::http
