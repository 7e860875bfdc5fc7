#include "query/auth/jwt_authenticator.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/query/auth/tokens.h"

namespace tally::query::auth {
namespace {

class JwtAuthenticatorTest : public ::testing::Test {
 protected:
  JwtAuthenticatorTest()
      : path_(::testing::TempDir() + "tally_jwks_" + std::to_string(getpid())),
        key_(TestKey::Ec("k")) {
    std::ofstream(path_) << Jwks({key_.Jwk()});
    JwtOptions options;
    options.jwks = path_;
    options.rules = {"i", "a"};
    options.clock = [this] { return absl::FromUnixSeconds(now_); };
    authenticator_ = JwtAuthenticator::Make(std::move(options), registry_).value();
  }
  ~JwtAuthenticatorTest() override { unlink(path_.c_str()); }

  std::string Bearer(const std::string& more) const {
    return "Bearer " + key_.Sign(R"({"iss":"i","aud":"a",)" + more + "}");
  }
  absl::StatusOr<Viewer> Ask(std::vector<std::string_view> values) const {
    return authenticator_->Authenticate(values);
  }

  const std::string path_;
  const TestKey key_;
  std::atomic<int64_t> now_ = 1000;
  prometheus::Registry registry_;
  std::unique_ptr<JwtAuthenticator> authenticator_;
};

TEST_F(JwtAuthenticatorTest, RecognisesUsersAndOperators) {
  const std::string user = Bearer(R"("exp":2000,"sub":"u")");
  for (int i = 0; i < 3; ++i) {
    const auto viewer = Ask({user});
    ASSERT_TRUE(viewer.ok()) << viewer.status();
    EXPECT_TRUE(viewer->Sees("u"));
    EXPECT_FALSE(viewer->Sees("v"));
  }
  EXPECT_TRUE(Ask({Bearer(R"("exp":2000,"roles":["operator"])")})->SeesAll());
}

TEST_F(JwtAuthenticatorTest, TimeCountsForRememberedTokensToo) {
  const std::string token = Bearer(R"("exp":2000,"nbf":900,"sub":"u")");
  struct Case {
    int64_t now;
    const char* detail;  // null: accepted
  };
  constexpr Case kCases[] = {
      {869, "the token is not valid here"}, {870, nullptr},  {2029, nullptr},
      {2030, "the token has expired"},      {1000, nullptr}, {2031, "the token has expired"},
      {869, "the token is not valid here"},
  };
  for (const Case& row : kCases) {
    now_ = row.now;
    const auto viewer = Ask({token});
    EXPECT_EQ(viewer.ok(), row.detail == nullptr) << row.now;
    if (row.detail != nullptr) {
      EXPECT_EQ(viewer.status().message(), row.detail) << row.now;
    }
  }
}

TEST_F(JwtAuthenticatorTest, RecallsOnlyWhomItKnows) {
  const std::string token = Bearer(R"("exp":2000,"nbf":900,"sub":"u")");
  EXPECT_FALSE(authenticator_->Recall(token).has_value());
  EXPECT_FALSE(authenticator_->Recall("Bearer x").has_value());
  EXPECT_FALSE(authenticator_->Recall("Basic x").has_value());
  EXPECT_FALSE(authenticator_->Recall("").has_value());
  ASSERT_TRUE(Ask({token}).ok());
  const std::string before = prometheus::TextSerializer().Serialize(registry_.Collect());
  const auto viewer = authenticator_->Recall(token);
  ASSERT_TRUE(viewer.has_value());
  EXPECT_TRUE(viewer->Sees("u"));
  EXPECT_FALSE(viewer->Sees("v"));
  EXPECT_FALSE(authenticator_->Recall(token + "x").has_value());
  now_ = 2030;
  EXPECT_FALSE(authenticator_->Recall(token).has_value());
  EXPECT_EQ(prometheus::TextSerializer().Serialize(registry_.Collect()), before);
}

TEST_F(JwtAuthenticatorTest, RefusalsAreOfThreeKinds) {
  const std::string good = Bearer(R"("exp":2000,"sub":"u")");
  const std::string cut = good.substr(0, good.size() - 1);
  const std::string expired = Bearer(R"("exp":1,"sub":"u")");
  const std::string foreign = Bearer(R"("exp":1,"sub":"u","iss":"j")");
  const std::string none = "Bearer " + Assemble(R"({"alg":"none"})", "{}", "x");
  const std::string huge = "Bearer " + std::string(kTokenBytesMax + 1, 'x');
  constexpr char kPlain[] = R"(Bearer realm="tally")";
  const std::string invalid =
      std::string(kPlain) +
      R"(, error="invalid_token", error_description="the token is not valid here")";
  struct Case {
    std::vector<std::string_view> values;
    std::string challenge;
  };
  const Case cases[] = {
      {{}, kPlain},
      {{"Basic x"}, kPlain},
      {{good, good},
       std::string(kPlain) +
           R"(, error="invalid_request", error_description="more than one Authorization header")"},
      {{expired},
       std::string(kPlain) +
           R"(, error="invalid_token", error_description="the token has expired")"},
      {{foreign}, invalid},
      {{none}, invalid},
      {{huge}, invalid},
      {{"Bearer x"}, invalid},
      {{cut}, invalid},
  };
  for (const Case& row : cases) {
    const auto viewer = Ask(row.values);
    ASSERT_TRUE(absl::IsUnauthenticated(viewer.status())) << viewer.status();
    EXPECT_EQ(ChallengeOf(viewer.status()), row.challenge);
  }
}

TEST_F(JwtAuthenticatorTest, ServesManyThreads) {
  std::vector<std::string> good;
  for (int i = 0; i < 8; ++i) {
    good.push_back(Bearer(R"("exp":2000,"sub":"u)" + std::to_string(i) + "\""));
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < 200; ++i) {
        const auto viewer = Ask({good[i % good.size()]});
        ASSERT_TRUE(viewer.ok());
        EXPECT_TRUE(viewer->Sees("u" + std::to_string(i % good.size())));
        EXPECT_FALSE(Ask({good[i % good.size()] + "x"}).ok());
        if (i % 50 == 0) authenticator_->Reload();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(JwtAuthenticator, AFileMustHaveKeys) {
  prometheus::Registry registry;
  JwtOptions options;
  options.jwks = "/nonexistent";
  EXPECT_FALSE(JwtAuthenticator::Make(options, registry).ok());
}

TEST(JwtAuthenticator, WithoutKeysYetNobodyIsRefusedForGood) {
  prometheus::Registry registry;
  JwtOptions options;
  options.jwks = "http://127.0.0.1:1/";  // never bound
  const auto made = JwtAuthenticator::Make(options, registry);
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string_view some = "Bearer a.b.c";
  EXPECT_TRUE(absl::IsUnavailable((*made)->Authenticate({some}).status()));
  EXPECT_TRUE(absl::IsUnauthenticated((*made)->Authenticate({}).status()));
}

}  // namespace
}  // namespace tally::query::auth
