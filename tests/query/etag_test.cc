#include "query/etag.h"

#include <gtest/gtest.h>

#include <set>

namespace tally::query {
namespace {

TEST(EtagTest, Matching) {
  const struct {
    const char* header;
    bool matches;
  } rows[] = {
      {"\"a\"", true},      {"W/\"a\"", true},   {"\"b\", \"a\"", true}, {"\"b\",W/\"a\"", true},
      {"*", true},          {"\"b\"", false},    {"a", false},           {"", false},
      {"\"a", false},       {"\"\"", false},     {"\"b\" \"a\"", true},  {"\"A\"", false},
      {"w/\"a\"", false},   {"\"a\"x", true},    {"x, \"a\"", false},    {",, \"a\"", true},
      {"\"b,\"a\"", false}, {"*, \"b\"", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(MatchesEtag(row.header, "\"a\""), row.matches) << row.header;
  }
}

domain::EventAggregate Event(const std::string& id, int64_t a, int64_t b, int64_t c) {
  domain::EventAggregate event;
  event.event_id = id;
  event.marks[0].last_offset = a;
  event.marks[1].last_offset = b;
  event.marks[2].last_offset = c;
  return event;
}

TEST(EtagTest, EveryInputMatters) {
  Window window;
  window.timezone = "UTC";
  window.current = {100, 124};
  Window moved = window;
  moved.current = {101, 125};
  Window zoned = window;
  zoned.timezone = "Asia/Seoul";
  Window limited = window;
  limited.limited = true;
  const auto tag = [](const char* operation, const char* version, const char* log,
                      const Window& shown, const domain::EventAggregate& event) {
    return EtagBuilder(operation, version, log).Add(shown).Add(event).Build();
  };
  const auto event = Event("e", 1, -1, 3);
  const std::set<std::string> tags = {
      tag("a", "1", "log", window, event),
      tag("b", "1", "log", window, event),
      tag("a", "2", "log", window, event),
      tag("a", "1", "gol", window, event),
      tag("a", "1", "log", moved, event),
      tag("a", "1", "log", zoned, event),
      tag("a", "1", "log", limited, event),
      tag("a", "1", "log", window, Event("f", 1, -1, 3)),
      tag("a", "1", "log", window, Event("e", 2, -1, 3)),
      tag("a", "1", "log", window, Event("e", 1, 0, 3)),
      tag("a", "1", "log", window, Event("e", 1, -1, 4)),
      tag("a1", "", "log", window, event),
  };
  EXPECT_EQ(tags.size(), 12u);
  EXPECT_EQ(tag("a", "1", "log", window, event), tag("a", "1", "log", window, event));
  EXPECT_EQ(tags.begin()->front(), '"');
  EXPECT_EQ(tags.begin()->back(), '"');
}

}  // namespace
}  // namespace tally::query
