#include "processor/domain/json_syntax.h"

#include <gtest/gtest.h>

#include <string>

namespace tally::domain {
namespace {

bool IsValue(std::string_view text) {
  std::string open = "left over";
  return IsJsonValue(text, open);
}

TEST(IsJsonNumber, Table) {
  for (const char* text : {"0", "-0", "12", "1.50", "1e5", "1E+5", "-1.2e-3", "0.0"}) {
    EXPECT_TRUE(IsJsonNumber(text)) << text;
  }
  for (const char* text : {"", "-", "+1", "01", ".5", "5.", "1e", "1e+-1", "1x", "x", "1 ", "--1",
                           "0x1", "1.e5", "Infinity", "NaN"}) {
    EXPECT_FALSE(IsJsonNumber(text)) << text;
  }
}

TEST(IsJsonValue, Table) {
  for (const char* text :
       {"{}", "[]", " [ ] ", "{ }", "[1,2]", "[[],{}]", R"({"a":1})",
        R"({"a":{"b":[1,{"c":null}]}})", R"(["\u00e9\n\"\\\/"])", R"({"":""})", "true", "null",
        "-1", "\"x\"", "[ 1 , 2 ]", "{ \"a\" : [ ] , \"b\" : { } }"}) {
    EXPECT_TRUE(IsValue(text)) << text;
  }
  for (const char* text : {"",        " ",         "{",           "}",          "[",
                           "]",       "[}",        "{]",          "[1,]",       "[,1]",
                           "[1 2]",   "{\"a\"}",   "{\"a\":}",    "{\"a\":1,}", "{1:2}",
                           "{a:1}",   "{\"a\" 1}", "[1]]",        "[1] 2",      "tru",
                           "truex",   "nul",       "[tru]",       "'x'",        "\"x",
                           "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",   "[01]",
                           "[+1]",    "[.5]",      "[1.]",        "[\"\\\"]",   "{\"a\":1 \"b\":2}",
                           "[1,2",    "{\"a\":[}", "[{\"a\":1]}", "[/**/]",     "\"\\"}) {
    EXPECT_FALSE(IsValue(text)) << text;
  }
}

TEST(IsJsonValue, AnyDepth) {
  constexpr size_t kDepth = 1'000'000;
  std::string deep(kDepth, '[');
  EXPECT_FALSE(IsValue(deep));
  deep.append(kDepth, ']');
  EXPECT_TRUE(IsValue(deep));
  deep.push_back(']');
  EXPECT_FALSE(IsValue(deep));
}

}  // namespace
}  // namespace tally::domain
