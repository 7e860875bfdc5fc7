#include "query/http/plain_head.h"

#include <gtest/gtest.h>

#include <string>

namespace tally::query::http {
namespace {

const std::string kLine = "GET /a?b=c HTTP/1.1\r\n";
const std::string kHost = "Host: tally\r\n";

TEST(PlainHeadTest, ReadsWhatAnAnswerDependsOn) {
  const std::string text =
      kLine +
      "hOsT:\ttally.example:8080 \r\nAccept: */*\r\nauthorization: Bearer x\r\n"
      "If-None-Match: \"a\", \"b\"\r\nTALLY-MIN-POSITION: t/0@1\r\n"
      "Origin: https://shop.example\r\ntraceparent: 00-a\r\n"
      "User-Agent: a (b; c)\r\nConnection: Keep-Alive\r\nX-Other:\r\n"
      "X-Other: again\r\nCookie: a=b\r\n\r\n";
  const std::string received = text + "GET /next";
  const auto head = ReadPlainHead(received);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->bytes, text.size());
  EXPECT_EQ(head->target, "/a?b=c");
  EXPECT_EQ(head->accept, "*/*");
  EXPECT_EQ(head->authorization, "Bearer x");
  EXPECT_EQ(head->if_none_match, "\"a\", \"b\"");
  EXPECT_EQ(head->min_position, "t/0@1");
  EXPECT_EQ(head->origin, "https://shop.example");
  EXPECT_EQ(head->traceparent, "00-a");
  EXPECT_EQ(head->user_agent, "a (b; c)");
}

TEST(PlainHeadTest, WhatIsNotThereIsEmpty) {
  const std::string text = kLine + kHost + "\r\n";
  const auto head = ReadPlainHead(text);
  ASSERT_TRUE(head.has_value());
  EXPECT_TRUE(head->accept.empty() && head->authorization.empty() && head->origin.empty());
  EXPECT_TRUE(head->if_none_match.empty() && head->min_position.empty());
  EXPECT_TRUE(head->traceparent.empty() && head->user_agent.empty());
}

TEST(PlainHeadTest, NoBeginningOfOneIsOne) {
  const std::string text = kLine + kHost + "Accept: */*\r\n\r\n";
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ReadPlainHead(std::string_view(text).substr(0, size)).has_value()) << size;
  }
  EXPECT_TRUE(ReadPlainHead(text).has_value());
}

TEST(PlainHeadTest, LeavesWhatIsUnusualToOthers) {
  const std::string nul(1, '\0');
  for (const std::string& text : {
           "HEAD /a HTTP/1.1\r\n" + kHost,
           "get /a HTTP/1.1\r\n" + kHost,
           "POST /a HTTP/1.1\r\n" + kHost,
           " GET /a HTTP/1.1\r\n" + kHost,
           "\r\nGET /a HTTP/1.1\r\n" + kHost,
           "GET  /a HTTP/1.1\r\n" + kHost,
           "GET /a  HTTP/1.1\r\n" + kHost,
           "GET /a HTTP/1.0\r\n" + kHost,
           "GET /a HTTP/1.1 \r\n" + kHost,
           "GET /a HTTP/1.1\n" + kHost,
           "GET /a b HTTP/1.1\r\n" + kHost,
           std::string("GET /a\r\n") + kHost,
           kLine,
           kLine + "Host:\r\n",
           kLine + "Host: a b\r\n",
           kLine + "Host: a/b\r\n",
           kLine + kHost + kHost,
           kLine + kHost + "Content-Length: 0\r\n",
           kLine + kHost + "content-length: 5\r\n",
           kLine + kHost + "Transfer-Encoding: chunked\r\n",
           kLine + kHost + "TE: trailers\r\n",
           kLine + kHost + "Trailer: a\r\n",
           kLine + kHost + "Expect: 100-continue\r\n",
           kLine + kHost + "Upgrade: h2c\r\n",
           kLine + kHost + "Connection: close\r\n",
           kLine + kHost + "Connection: keep-alive, close\r\n",
           kLine + kHost + "Connection:\r\n",
           kLine + kHost + "Proxy-Connection: close\r\n",
           kLine + kHost + "Accept: */*\r\nAccept: text/html\r\n",
           kLine + kHost + "Authorization: a\r\nAuthorization: b\r\n",
           kLine + kHost + "If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n",
           kLine + kHost + "If-None-Match:\r\n",
           kLine + kHost + "Tally-Min-Position: a\r\nTally-Min-Position: b\r\n",
           kLine + kHost + "Tally-Min-Position: \t\r\n",
           kLine + kHost + "Origin: a\r\nOrigin: b\r\n",
           kLine + kHost + "traceparent: a\r\ntraceparent: b\r\n",
           kLine + kHost + "User-Agent: a\r\nUser-Agent: b\r\n",
           kLine + kHost + "X : a\r\n",
           kLine + kHost + " folded\r\n",
           kLine + kHost + "X: a\r\n folded\r\n",
           kLine + kHost + ": a\r\n",
           kLine + kHost + "X\r\n",
           kLine + kHost + "X(y: a\r\n",
           kLine + kHost + "X: a\n",
           kLine + kHost + "X: a\rb\r\n",
           kLine + kHost + "X: a\x7f\r\n",
           kLine + kHost + "X: " + nul + "\r\n",
           kLine + kHost + "X: \x01\r\n",
           kLine + kHost + "X: \xc3\xa4\r\n",
           kLine + kHost + "\xc3\xa4: a\r\n",
       }) {
    EXPECT_FALSE(ReadPlainHead(text + "\r\n").has_value()) << text;
  }
}

}  // namespace
}  // namespace tally::query::http
