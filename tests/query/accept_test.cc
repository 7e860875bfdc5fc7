#include "query/http/accept.h"

#include <gtest/gtest.h>

namespace tally::query::http {
namespace {

TEST(AcceptTest, Json) {
  const struct {
    const char* accept;
    bool accepted;
  } rows[] = {
      {"", true},
      {"*/*", true},
      {"application/json", true},
      {"APPLICATION/Json", true},
      {"application/*", true},
      {"application/json;charset=utf-8", true},
      {"text/html, application/json;q=0.1", true},
      {"text/html,*/*;q=0.8", true},
      {"application/json;q=0.001", true},
      {"application/json; q=1", true},
      {"*/*;q=0, application/json", true},
      {"garbage", true},
      {"text/html", false},
      {"text/*", false},
      {"application/problem+json", false},
      {"application/jsonx", false},
      {"application/json;q=0", false},
      {"application/json;q=0.000", false},
      {"application/json ; Q=0, */*", false},
      {"application/*;q=0, */*", false},
      {"*/*;q=0", false},
      {"application/json;q=0;level=1", false},
      {"application/json;q=0;q=1, text/html", false},
      {"text/html, garbage", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Accepts(row.accept, "application/json"), row.accepted) << row.accept;
  }
}

}  // namespace
}  // namespace tally::query::http
