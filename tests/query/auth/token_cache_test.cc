#include "query/auth/token_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace tally::query::auth {
namespace {

Identity Of(const std::string& user) {
  return {Viewer::User(user), absl::InfinitePast(), absl::InfiniteFuture()};
}

TEST(TokenCache, RemembersWhoATokenIs) {
  TokenCache cache(10);
  const TokenDigest token = DigestOf("a.b.c");
  EXPECT_FALSE(cache.Find(token, 1).has_value());
  cache.Insert(token, 1, Of("u"));
  ASSERT_TRUE(cache.Find(token, 1).has_value());
  EXPECT_TRUE(cache.Find(token, 1)->viewer.Sees("u"));
  EXPECT_FALSE(cache.Find(token, 1)->viewer.Sees("v"));
  EXPECT_FALSE(cache.Find(DigestOf("a.b.d"), 1).has_value());
}

TEST(TokenCache, ForgetsWhatOtherKeysProved) {
  TokenCache cache(4);
  const TokenDigest token = DigestOf("a");
  cache.Insert(token, 1, Of("u"));
  EXPECT_FALSE(cache.Find(token, 2).has_value());
  // In the older half, too.
  for (const char* other : {"b", "c"}) cache.Insert(DigestOf(other), 1, Of("x"));
  EXPECT_FALSE(cache.Find(token, 2).has_value());
  cache.Insert(token, 2, Of("u"));
  EXPECT_TRUE(cache.Find(token, 2).has_value());
  EXPECT_FALSE(cache.Find(token, 1).has_value());
}

TEST(TokenCache, IsBoundedAndKeepsWhatIsUsed) {
  constexpr size_t kMax = 100;
  TokenCache cache(kMax);
  const TokenDigest used = DigestOf("used");
  cache.Insert(used, 1, Of("u"));
  for (int i = 0; i < 10'000; ++i) {
    cache.Insert(DigestOf(std::to_string(i)), 1, Of("x"));
    ASSERT_TRUE(cache.Find(used, 1).has_value()) << i;
    ASSERT_LE(cache.size(), kMax);
  }
  EXPECT_FALSE(cache.Find(DigestOf("0"), 1).has_value());
}

TEST(TokenCache, ServesManyThreads) {
  TokenCache cache(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache] {
      for (int i = 0; i < 5'000; ++i) {
        const std::string user = std::to_string(i % 200);
        const TokenDigest token = DigestOf(user);
        const auto found = cache.Find(token, 1);
        if (found.has_value()) {
          EXPECT_TRUE(found->viewer.Sees(user));
        }
        if (!found.has_value()) cache.Insert(token, 1, Of(user));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tally::query::auth
