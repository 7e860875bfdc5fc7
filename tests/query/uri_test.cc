#include "query/http/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/http/router.h"

namespace tally::query::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(UriTest, SplitsTargets) {
  const struct {
    const char *target, *path, *query;  // path nullptr: refused
  } rows[] = {
      {"/", "/", ""},
      {"/a/b?c=d?e", "/a/b", "c=d?e"},
      {"/a?", "/a", ""},
      {"//a", "//a", ""},
      {"http://host:80/a?b", "/a", "b"},
      {"HTTPS://host", "/", ""},
      {"http://host?b", "/", "b"},
      {"*", nullptr, nullptr},
      {"a/b", nullptr, nullptr},
      {"host:443", nullptr, nullptr},
      {"ftp://host/a", nullptr, nullptr},
      {"", nullptr, nullptr},
      {"/a#b", nullptr, nullptr},
      {"/a b", nullptr, nullptr},
      {"/a\x01", nullptr, nullptr},
      {"/a\x7f", nullptr, nullptr},
  };
  for (const auto& row : rows) {
    const auto split = SplitTarget(row.target);
    ASSERT_EQ(split.has_value(), row.path != nullptr) << row.target;
    if (!split.has_value()) continue;
    EXPECT_EQ(split->path, row.path);
    EXPECT_EQ(split->query, row.query);
  }
}

TEST(UriTest, SplitsPaths) {
  EXPECT_THAT(SplitPath("/a/b"), ElementsAre("a", "b"));
  EXPECT_THAT(SplitPath("/a//b/"), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(SplitPath("/"), ElementsAre(""));
}

TEST(UriTest, DecodesPercents) {
  EXPECT_EQ(PercentDecode("a%2Fb%2fc+%2B", false), "a/b/c++");
  EXPECT_EQ(PercentDecode("a+b%2B", true), "a b+");
  EXPECT_EQ(PercentDecode("%00", false), std::string(1, '\0'));
  for (const char* bad : {"%", "%2", "a%2", "%zz", "%2g", "%%41", "% 1", "%-1"}) {
    EXPECT_EQ(PercentDecode(bad, false), std::nullopt) << bad;
  }
}

TEST(UriTest, ReadsQueries) {
  std::vector<ParameterError> errors;
  EXPECT_THAT(ParseQuery("a=1&&b=x+y%2Bz&c&=d&a=2=3&%ED%95%9C=%EA%B8%80", errors),
              ElementsAre(Pair("a", "1"), Pair("b", "x y+z"), Pair("c", ""), Pair("", "d"),
                          Pair("a", "2=3"), Pair("한", "글")));
  EXPECT_THAT(errors, IsEmpty());
}

TEST(UriTest, NamesBadPairsAndKeepsTheRest) {
  std::vector<ParameterError> errors;
  EXPECT_THAT(
      ParseQuery("a=%zz&b=%00&c=%C0%AF&d=%ED%A0%80&e=%7F&f=%C2%85&%=1&g=1", errors),
      ElementsAre(Pair("a", "%zz"), Pair("b", "%00"), Pair("c", "%C0%AF"), Pair("d", "%ED%A0%80"),
                  Pair("e", "%7F"), Pair("f", "%C2%85"), Pair("%", "1"), Pair("g", "1")));
  std::vector<std::string> names;
  for (const ParameterError& error : errors) names.push_back(error.parameter);
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "d", "e", "f", "%"));
}

std::vector<Route> Table() {
  std::vector<Route> routes;
  for (const char* path : {"/api/{id}/x", "/api/{id}/y/{other}", "/livez"}) {
    routes.push_back({path, "", nullptr});
  }
  return routes;
}

TEST(RouterTest, FindsRoutes) {
  const Router router(Table());
  const struct {
    const char *path, *route;  // route nullptr: none
    std::vector<std::string> values;
  } rows[] = {
      {"/livez", "/livez", {}},
      {"/%6Civez", "/livez", {}},
      {"/api/1/x", "/api/{id}/x", {"1"}},
      {"/api/a%2Fb/x", "/api/{id}/x", {"a/b"}},
      {"/api/../x", "/api/{id}/x", {".."}},
      {"/api/%2e%2E/y/%25", "/api/{id}/y/{other}", {"..", "%"}},
      {"/api/a+b/x", "/api/{id}/x", {"a+b"}},
      {"/api/%EC%8B%A0/x", "/api/{id}/x", {"신"}},
      {"/", nullptr, {}},
      {"/livez/", nullptr, {}},
      {"//livez", nullptr, {}},
      {"/LIVEZ", nullptr, {}},
      {"/api/1/x/", nullptr, {}},
      {"/api//x", nullptr, {}},
      {"/api/1/2/x", nullptr, {}},
      {"/api/1%2Fx", nullptr, {}},
      {"/api/a/../livez", nullptr, {}},
      {"/api/{id}", nullptr, {}},
  };
  for (const auto& row : rows) {
    const Router::Match match = router.Find(row.path);
    ASSERT_EQ(match.route != nullptr, row.route != nullptr) << row.path;
    if (match.route == nullptr) continue;
    EXPECT_EQ(match.route->path, row.route);
    EXPECT_EQ(match.path, row.values);
    EXPECT_THAT(match.errors, IsEmpty());
  }
}

TEST(RouterTest, NamesBadSegments) {
  const Router router(Table());
  for (const char* bad : {"%", "%2", "%zz", "%00", "a%0Ab", "%7f", "%C2%9F", "%FF", "%C0%AF",
                          "%ED%A0%80", "%F4%90%80%80", "\xff"}) {
    const Router::Match match = router.Find("/api/" + std::string(bad) + "/x");
    ASSERT_NE(match.route, nullptr) << bad;
    ASSERT_EQ(match.errors.size(), 1u) << bad;
    EXPECT_EQ(match.errors[0].parameter, "id");
    EXPECT_EQ(match.errors[0].value, bad);
    EXPECT_THAT(match.path, ElementsAre(bad));
  }
}

}  // namespace
}  // namespace tally::query::http
