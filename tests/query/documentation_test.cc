#include "query/http/documentation.h"

#include <gmock/gmock.h>
#include <rapidjson/document.h>

#include <set>
#include <string>

#include "query/openapi/documents.h"
#include "tests/query/api_fixture.h"

namespace tally::query::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DocumentationTest : public ApiTest {
 protected:
  DocumentationTest() { ServeDocumentation(false); }
  void ServeDocumentation(bool needs_token) {
    server_.reset();
    server_ = Server::Start({}, DocumentationRoutes(needs_token), nullptr).value();
  }
};

rapidjson::Document Parse(const std::string& body) {
  rapidjson::Document document;
  document.Parse(body.c_str());
  EXPECT_FALSE(document.HasParseError());
  return document;
}

TEST_F(DocumentationTest, EveryRouteIsDescribedAndNothingElse) {
  std::set<std::string> served = {"/openapi.json", "/docs"};
  for (const Route& route : ApiRoutes(*service_)) served.insert(route.path);
  std::set<std::string> described;
  const auto document = Parse(Get("/openapi.json").body);
  for (const auto& path : document["paths"].GetObject()) described.insert(path.name.GetString());
  EXPECT_EQ(described, served);
}

TEST_F(DocumentationTest, SaysWhetherATokenIsNeeded) {
  EXPECT_TRUE(Parse(Get("/openapi.json").body)["security"].GetArray().Empty());
  ServeDocumentation(true);
  const auto document = Parse(Get("/openapi.json").body);
  ASSERT_EQ(document["security"].GetArray().Size(), 1u);
  EXPECT_TRUE(document["security"][0].HasMember("bearer"));
  for (const char* open : {"/openapi.json", "/docs"}) {
    EXPECT_TRUE(document["paths"][open]["get"]["security"].GetArray().Empty()) << open;
  }
}

TEST_F(DocumentationTest, NumbersOfExamplesKeepTheirText) {
  EXPECT_THAT(Get("/openapi.json").body, HasSubstr(R"("engagementRate": 0.50)"));
  EXPECT_THAT(Get("/docs").body, HasSubstr(R"(<span class="number">0.50</span>)"));
}

TEST_F(DocumentationTest, IsAskedForAgainAndKept) {
  const struct {
    const char *target, *content_type;
  } rows[] = {
      {"/openapi.json", "application/json"},
      {"/docs", "text/html; charset=utf-8"},
      {"/docs/style.css", "text/css; charset=utf-8"},
      {"/docs/script.js", "text/javascript; charset=utf-8"},
  };
  std::set<std::string> tags;
  for (const auto& row : rows) {
    const auto reply = Get(row.target);
    EXPECT_EQ(reply.status, 200) << row.target;
    EXPECT_EQ(reply.Header("content-type"), row.content_type);
    EXPECT_EQ(reply.Header("cache-control"), "no-cache");
    tags.insert(reply.Header("etag"));
    const auto again = Get(row.target, "If-None-Match: " + reply.Header("etag") + "\r\n");
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.Header("etag"), reply.Header("etag"));
  }
  EXPECT_EQ(tags.size(), 4u);
  const std::string tag = Get("/openapi.json").Header("etag");
  ServeDocumentation(true);
  EXPECT_NE(Get("/openapi.json").Header("etag"), tag);
}

// Whatever names something on the page: this server's own, or a place on the page.
TEST_F(DocumentationTest, ThePageLoadsNothingFromElsewhere) {
  const auto page = Get("/docs");
  const std::string policy = page.Header("content-security-policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("http")));
  for (const char* inline_code : {"<style", " style=", "<script>", " onclick=", "javascript:"}) {
    EXPECT_THAT(page.body, Not(HasSubstr(inline_code)));
  }
  for (const std::string attribute : {"src=\"", "href=\""}) {
    for (size_t at = page.body.find(attribute); at != std::string::npos;
         at = page.body.find(attribute, at + 1)) {
      const size_t begin = at + attribute.size();
      const std::string target = page.body.substr(begin, page.body.find('"', begin) - begin);
      const bool own = target.front() == '#' || target == "openapi.json" || target == "data:," ||
                       Get("/" + target).status == 200;
      EXPECT_TRUE(own) << target;
    }
  }
}

}  // namespace
}  // namespace tally::query::http
