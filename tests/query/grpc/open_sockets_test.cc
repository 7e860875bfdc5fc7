#include "query/grpc/open_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tally::query::rpc {
namespace {

int NewSocket() { return socket(AF_INET, SOCK_STREAM, 0); }

TEST(OpenSocketsTest, LimitsAllAndEachClient) {
  OpenSockets sockets({.total_max = 3, .per_client_max = 2});
  const int a = NewSocket(), b = NewSocket(), c = NewSocket(), d = NewSocket();
  EXPECT_TRUE(sockets.Admit(a, "one"));
  EXPECT_TRUE(sockets.Admit(b, "one"));
  EXPECT_FALSE(sockets.Admit(c, "one"));
  EXPECT_TRUE(sockets.Admit(c, "two"));
  EXPECT_FALSE(sockets.Admit(d, "three"));
  EXPECT_EQ(sockets.size(), 3u);
  for (const int each : {a, b, c, d}) close(each);
}

TEST(OpenSocketsTest, ClosedOnesCountNoMore) {
  OpenSockets sockets({.total_max = 2, .per_client_max = 1});
  const int a = NewSocket(), b = NewSocket();
  EXPECT_TRUE(sockets.Admit(a, "one"));
  EXPECT_TRUE(sockets.Admit(b, "two"));
  close(a);
  const int again = NewSocket();
  EXPECT_EQ(again, a);  // another socket under the same number
  EXPECT_TRUE(sockets.Admit(again, "one"));
  EXPECT_EQ(sockets.size(), 2u);
  close(b);
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(file, b);
  EXPECT_FALSE(sockets.Admit(file, "two"));  // no socket
  const int last = NewSocket();
  EXPECT_TRUE(sockets.Admit(last, "two"));
  for (const int each : {again, file, last}) close(each);
}

}  // namespace
}  // namespace tally::query::rpc
