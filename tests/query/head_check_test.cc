#include "query/http/head_check.h"

#include <gtest/gtest.h>

#include <string>

namespace tally::query::http {
namespace {

TEST(HeadCheckTest, Refuses) {
  const std::string line = "GET / HTTP/1.1\r\n";
  const struct {
    std::string head;
    std::string_view refusal;
  } rows[] = {
      {line + "\r\n", ""},
      {line + "Host: a\r\nX: b c\td \r\n\r\n", ""},
      {line + "User-Agent: \xed\x95\x9c\xea\xb8\x80\r\nX:\r\n\r\n", ""},
      {line + "X: a\n\r\n", "a line does not end in CRLF"},
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", "a line does not end in CRLF"},
      {line + "X: a\rb\r\n\r\n", "a line does not end in CRLF"},
      {line + "X: a\r\r\n\r\n", "a line does not end in CRLF"},
      {line + "X: a\x1b[0m\r\n\r\n", "a control character"},
      {line + std::string("X: \0\r\n\r\n", 8), "a control character"},
      {line + "X: \x7f\r\n\r\n", "a control character"},
      {"GET\t/ HTTP/1.1\r\n\r\n", "a control character"},
      {line + " X: a\r\n\r\n", "a folded header line"},
      {line + "X: a\r\n\tb\r\n\r\n", "a folded header line"},
      {line + "X : a\r\n\r\n", "white space before a colon"},
      {line + "X\t: a\r\n\r\n", "white space before a colon"},
      {line + "X\r\n\r\n", "a header line without a name"},
      {line + ": a\r\n\r\n", "a header line without a name"},
  };
  for (const auto& row : rows) EXPECT_EQ(HeadRefusal(row.head), row.refusal) << row.head;
}

TEST(HeadCheckTest, KnowsARequestByItsFirstBytes) {
  for (const char* good : {"", "G", "GET", "GET ", "GET /\x01", "PRI * HTTP/2.0"}) {
    EXPECT_TRUE(BeginsLikeRequest(good)) << good;
  }
  for (const char* bad : {"\x16\x03\x01", "\r\n", "G\xffT", "GE\tT"}) {
    EXPECT_FALSE(BeginsLikeRequest(bad)) << bad;
  }
}

}  // namespace
}  // namespace tally::query::http
