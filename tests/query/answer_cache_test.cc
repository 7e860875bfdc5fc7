// Answers given again: when they may be, and what is said with them.
#include "query/http/answer_cache.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/query/api_fixture.h"

namespace tally::query::http {
namespace {

using ::tally::testing::FakeFreshness;
using ::tally::testing::HttpReply;
using ::testing::HasSubstr;

KeptAnswer Answered(const std::string& body) {
  return {"/route", "\"tag\"", body, {std::make_shared<FakeFreshness>(), 0}};
}

TEST(AnswerCacheTest, OnlyEqualRequestsHaveEqualKeys) {
  const std::set<std::string> keys = {
      AnswerCache::KeyOf("/a", {}),
      AnswerCache::KeyOf("/a?b", {}),
      AnswerCache::KeyOf("/a", Viewer::User("")),
      AnswerCache::KeyOf("/a", Viewer::User("u")),
      AnswerCache::KeyOf("/a", Viewer::User("v")),
      AnswerCache::KeyOf("/a", Viewer::User("?b")),
      AnswerCache::KeyOf("/a", Viewer::User("u v")),
  };
  EXPECT_EQ(keys.size(), 7);
  EXPECT_EQ(AnswerCache::KeyOf("/a", Viewer::User("u")),
            AnswerCache::KeyOf("/a", Viewer::User("u")));
}

TEST(AnswerCacheTest, MakesRoomByWhatWasNotAskedForLongest) {
  AnswerCache cache(64 * 1000);
  const std::string body(100, 'x');
  for (int i = 0; i < 1000; ++i) {
    cache.Keep("k" + std::to_string(i), Answered(body));
    ASSERT_NE(cache.Find("k0"), nullptr) << i;
    ASSERT_LE(cache.bytes(), 64 * 1000);
  }
  EXPECT_EQ(cache.Find("k1"), nullptr);
  EXPECT_NE(cache.Find("k999"), nullptr);
}

TEST(AnswerCacheTest, KeepsTheLatestOrNothing) {
  AnswerCache cache(64 * 1000);
  cache.Keep("k", Answered("1"));
  cache.Keep("k", Answered("2"));
  EXPECT_EQ(cache.Find("k")->body, "2");
  cache.Keep("k", Answered(std::string(2000, 'x')));  // more than its share
  EXPECT_EQ(cache.Find("k"), nullptr);
  cache.Keep("k", Answered("3"));
  cache.Keep("k", {"", "", "4", {nullptr, 0}});
  EXPECT_EQ(cache.Find("k"), nullptr);
  cache.Keep("", Answered("5"));
  EXPECT_EQ(cache.bytes(), 0);
  AnswerCache none(0);
  none.Keep("k", Answered("1"));
  EXPECT_EQ(none.Find("k"), nullptr);
}

// With and without the short way that does not ask the routes (ready.h).
class ReusedAnswerTest : public ApiTest, public ::testing::WithParamInterface<bool> {
 protected:
  ReusedAnswerTest() {
    reader_.freshness = freshness_;
    ready_ = MakeReadyAnswers(*service_, cache_, nullptr);
    ServerOptions options;
    options.ready = GetParam() ? ready_.get() : nullptr;
    server_ = Server::Start(options, ApiRoutes(*service_, &cache_), nullptr).value();
    Stand(7);
  }
  ~ReusedAnswerTest() override { server_.reset(); }

  // Everything read still is what it was, at this offset of the events' topic.
  void Stand(int64_t offset, bool catching_up = false) {
    ShardPosition position;
    position.partition = reader_.PartitionFor("evt-1");
    position.next_offset[0] = offset;
    freshness_->Set(Standing{{position}, catching_up});
  }
  bool Reads(const std::string& target, const std::string& headers = "") {
    const size_t before = reader_.reads();
    EXPECT_EQ(Get(target, headers).status, 200);
    return reader_.reads() > before;
  }

  const std::shared_ptr<FakeFreshness> freshness_ = std::make_shared<FakeFreshness>();
  AnswerCache cache_{size_t{1} << 20};
  std::unique_ptr<ReadyAnswers> ready_;
};

INSTANTIATE_TEST_SUITE_P(Ways, ReusedAnswerTest, ::testing::Bool());

TEST_P(ReusedAnswerTest, NothingIsReadForTheSameAgain) {
  for (const std::string& path : {kEvent, kEvent + "/channels", kEvent + "/roi", kUser,
                                  kEvent + "/timeline", kUser + "/timeline", kUser + "/roi"}) {
    const HttpReply first = Get(path);
    ASSERT_EQ(first.status, 200);
    const size_t reads = reader_.reads();
    const HttpReply again = Get(path);
    EXPECT_EQ(reader_.reads(), reads) << path;
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.Header("etag"), first.Header("etag"));
    EXPECT_EQ(again.Header("content-type"), first.Header("content-type"));
    EXPECT_EQ(again.Header("cache-control"), first.Header("cache-control"));
  }
}

TEST_P(ReusedAnswerTest, ItSaysWhereItStandsNow) {
  Get(kEvent);
  Stand(8);
  const std::string eight = Get(kEvent).Header("tally-position");
  Stand(9, /*catching_up=*/true);
  const HttpReply later = Get(kEvent);
  EXPECT_NE(later.Header("tally-position"), eight);
  EXPECT_EQ(later.Header("tally-catching-up"), "true");
}

TEST_P(ReusedAnswerTest, WhatHasChangedIsReadAgain) {
  EXPECT_TRUE(Reads(kEvent));
  EXPECT_FALSE(Reads(kEvent));
  freshness_->Set(std::nullopt);
  EXPECT_TRUE(Reads(kEvent));
  EXPECT_TRUE(Reads(kEvent));
}

TEST_P(ReusedAnswerTest, TheNextHourIsAnotherAnswer) {
  EXPECT_TRUE(Reads(kEvent));
  now_ += absl::Minutes(49);  // 21:59
  EXPECT_FALSE(Reads(kEvent));
  now_ += absl::Minutes(1);
  EXPECT_TRUE(Reads(kEvent));
  now_ -= absl::Hours(1);  // clocks are set back
  EXPECT_TRUE(Reads(kEvent));
}

TEST_P(ReusedAnswerTest, AMinimumThatIsNotReachedIsWaitedForByReading) {
  const std::string token = Get(kEvent).Header("tally-position");
  EXPECT_FALSE(Reads(kEvent));
  // The fake cannot tell.
  EXPECT_TRUE(Reads(kEvent, "Tally-Min-Position: " + token + "\r\n"));
  EXPECT_EQ(Get(kEvent, "Tally-Min-Position: nonsense\r\n").status, 400);
  EXPECT_EQ(Get(kEvent, "Tally-Min-Position: , ,\r\n").status, 400);
}

TEST_P(ReusedAnswerTest, NotModifiedIsSaidWithoutReading) {
  const std::string etag = Get(kEvent).Header("etag");
  const size_t reads = reader_.reads();
  const HttpReply same = Get(kEvent, "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.Header("etag"), etag);
  EXPECT_EQ(Get(kEvent, "If-None-Match: \"other\"\r\n").status, 200);
  EXPECT_EQ(reader_.reads(), reads);
}

TEST_P(ReusedAnswerTest, WhatIsNoAnswerIsNotKept) {
  EXPECT_EQ(Get("/api/v1/events/nobody/analytics").status, 404);
  EXPECT_EQ(Get(kEvent + "?startDate=x").status, 400);
  EXPECT_EQ(Get(kEvent + "?startDate=x").status, 400);
  EXPECT_EQ(cache_.bytes(), 0);
}

}  // namespace
}  // namespace tally::query::http
