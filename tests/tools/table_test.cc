#include "tools/tally/table.h"

#include <gtest/gtest.h>

namespace tally::cli {
namespace {

TEST(DisplayWidth, CountsTerminalColumns) {
  struct Case {
    const char* text;
    int columns;
  };
  constexpr Case kCases[] = {
      {"", 0},
      {"SNS", 3},
      {"우리동네TV", 10},
      {"기타", 4},
      {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2},  // 한, decomposed
      {"é", 1},
      {"e\xcc\x81", 1},  // with a combining accent
      {"\xff\xfe", 2},
  };
  for (const Case& row : kCases) EXPECT_EQ(DisplayWidth(row.text), row.columns) << row.text;
}

TEST(Printable, DefusesWhatMovesTheCursor) {
  struct Case {
    std::string_view text;
    std::string_view shown;
  };
  constexpr Case kCases[] = {
      {"설날 특가", "설날 특가"},
      {"a\nb",
       "a\xef\xbf\xbd"
       "b"},
      {"\x1b[2J", "\xef\xbf\xbd[2J"},
      {"\xc2\x9b"
       "2J",
       "\xef\xbf\xbd"
       "2J"},
      {"\xe2\x80\xae"
       "abc",
       "\xef\xbf\xbd"
       "abc"},
      {"\xff", "\xef\xbf\xbd"},
  };
  for (const Case& row : kCases) EXPECT_EQ(Printable(row.text), row.shown);
}

TEST(Table, AlignsKoreanAndNumbers) {
  Table table({{"channel"}, {"views", Align::kRight}});
  table.AddRow({"우리동네TV", "5,000"});
  table.AddRow({"SNS", "12"});
  EXPECT_EQ(table.Render(),
            "channel     views\n"
            "우리동네TV  5,000\n"
            "SNS            12\n");
}

TEST(Table, HasNoTrailingBlanksAndColourOnlyWhenAsked) {
  Table table({{"a"}, {"b"}});
  table.AddRow({"x", "long"});
  table.AddRow({"longer", "y"});
  EXPECT_EQ(table.Render(), "a       b\nx       long\nlonger  y\n");
  EXPECT_EQ(table.Render(true), "\x1b[1ma       b\x1b[0m\nx       long\nlonger  y\n");
}

TEST(GroupDigits, KeepsSignAndDecimals) {
  struct Case {
    const char* number;
    const char* grouped;
  };
  constexpr Case kCases[] = {
      {"0", "0"},
      {"999", "999"},
      {"1000", "1,000"},
      {"15000000", "15,000,000"},
      {"-7400000", "-7,400,000"},
      {"-100", "-100"},
      {"80000.00", "80,000.00"},
      {"1234.5678", "1,234.5678"},
      {"", ""},
      {"-", "-"},
      {"null", "null"},
      {"1e6", "1e6"},
  };
  for (const Case& row : kCases) EXPECT_EQ(GroupDigits(row.number), row.grouped) << row.number;
}

}  // namespace
}  // namespace tally::cli
