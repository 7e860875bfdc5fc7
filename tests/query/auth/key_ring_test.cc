#include "query/auth/key_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <deque>

#include "query/auth/jwks_source.h"
#include "tests/query/auth/tokens.h"

namespace tally::query::auth {
namespace {

using ::testing::HasSubstr;

absl::Time At(double seconds) { return absl::UnixEpoch() + absl::Seconds(seconds); }

TEST(RefreshSchedule, RefreshesAtIntervalsAndSoonerForUnknownKeys) {
  RefreshSchedule schedule({absl::Seconds(300), absl::Seconds(10)}, At(0));
  EXPECT_EQ(schedule.Due(), At(0));
  schedule.OnDone(true, At(1));
  EXPECT_EQ(schedule.Due(), At(301));
  schedule.OnUnknownKey();
  schedule.OnUnknownKey();
  EXPECT_EQ(schedule.Due(), At(11));
  schedule.OnDone(true, At(11));
  EXPECT_EQ(schedule.Due(), At(311));
  schedule.OnDone(true, At(311));
  schedule.OnDemand(At(320));
  EXPECT_EQ(schedule.Due(), At(320));
}

TEST(RefreshSchedule, BacksOffAfterFailuresWhateverClientsSend) {
  RefreshSchedule schedule({absl::Seconds(60), absl::Seconds(10)}, At(0));
  double now = 0;
  for (const double wait : {10, 20, 40, 60, 60}) {
    schedule.OnDone(false, At(now));
    schedule.OnUnknownKey();
    EXPECT_EQ(schedule.Due(), At(now + wait));
    now += wait;
  }
  schedule.OnDone(true, At(now));
  EXPECT_EQ(schedule.Due(), At(now + 60));
  schedule.OnDone(false, At(now));
  EXPECT_EQ(schedule.Due(), At(now + 10));
}

// Gives what it was told to, one after the other; the last for ever.
class ScriptedSource final : public JwksSource {
 public:
  explicit ScriptedSource(std::deque<absl::StatusOr<std::string>> texts)
      : texts_(std::move(texts)) {}
  absl::StatusOr<std::string> Read() override {
    auto text = texts_.front();
    if (texts_.size() > 1) texts_.pop_front();
    return text;
  }
  void Cancel() override { cancelled_ = true; }
  const std::string& name() const override { return name_; }

 private:
  std::deque<absl::StatusOr<std::string>> texts_;
  std::atomic<bool> cancelled_ = false;
  const std::string name_ = "the script";
};

TEST(KeyRing, KeepsTheLastGoodSet) {
  const std::string first = Jwks({TestKey::Ec("a").Jwk()});
  const std::string second = Jwks({TestKey::Ec("b").Jwk(), TestKey::Ec("c").Jwk()});
  prometheus::Registry registry;
  Metrics metrics(registry);
  KeyRing ring(std::make_unique<ScriptedSource>(std::deque<absl::StatusOr<std::string>>{
                   absl::UnavailableError("no"), first, first, std::string("{}"),
                   absl::UnavailableError("no"), second}),
               {absl::Hours(1), absl::Hours(1)}, metrics);
  struct Step {
    bool ok;
    size_t keys;
    uint64_t generation;
  };
  constexpr Step kSteps[] = {{false, 0, 0}, {true, 1, 1},  {true, 1, 1},
                             {false, 1, 1}, {false, 1, 1}, {true, 2, 2}};
  for (const Step& step : kSteps) {
    EXPECT_EQ(ring.Load().ok(), step.ok);
    const KeyRing::Current current = ring.Get();
    EXPECT_EQ(current.keys == nullptr ? 0 : current.keys->size(), step.keys);
    EXPECT_EQ(current.generation, step.generation);
  }
}

TEST(KeyRing, NamesTheSource) {
  prometheus::Registry registry;
  Metrics metrics(registry);
  KeyRing ring(
      std::make_unique<ScriptedSource>(std::deque<absl::StatusOr<std::string>>{std::string("[]")}),
      {absl::Hours(1), absl::Hours(1)}, metrics);
  EXPECT_THAT(std::string(ring.Load().message()), HasSubstr("the script: not a JWKS"));
}

TEST(UrlSource, OnlyWhatNobodyOnTheWayCanReplace) {
  struct Case {
    const char* url;
    bool allow_http;
    bool ok;
  };
  constexpr Case kCases[] = {
      {"https://issuer.example/keys", false, true},
      {"http://127.0.0.1/keys", false, true},
      {"http://127.9.9.9/keys", false, true},
      {"http://[::1]/keys", false, true},
      {"http://localhost/keys", false, true},
      {"http://issuer.example/keys", true, true},
      {"http://issuer.example/keys", false, false},
      {"http://localhost.example/keys", false, false},
      {"http://127.0.0.1.example/keys", false, false},
      {"http://localhost@issuer.example/keys", false, false},
      {"http://10.0.0.1/keys", false, false},
      {"http://0.0.0.0/keys", false, false},
      {"ftp://127.0.0.1/keys", true, false},
      {"file:///etc/passwd", true, false},
      {"gopher://127.0.0.1/", true, false},
      {"https://", true, false},
      {"https://a b/", true, false},
  };
  for (const Case& row : kCases) {
    EXPECT_TRUE(IsUrl(row.url));
    UrlOptions options;
    options.url = row.url;
    options.allow_http = row.allow_http;
    EXPECT_EQ(MakeUrlSource(options).ok(), row.ok) << row.url;
  }
  EXPECT_FALSE(IsUrl("keys.json"));
  EXPECT_FALSE(IsUrl("./http:/keys"));
}

TEST(UrlSource, ItsNameHoldsNoSecrets) {
  UrlOptions options;
  options.url = "https://name:password@issuer.example:444/keys?token=secret";
  EXPECT_EQ((*MakeUrlSource(options))->name(), "https://issuer.example:444/keys");
}

TEST(FileSource, ReadsFilesOnly) {
  for (const char* path : {"/nonexistent", "/", "/dev/zero"}) {
    EXPECT_THAT(std::string(MakeFileSource(path)->Read().status().message()), HasSubstr(path));
  }
}

}  // namespace
}  // namespace tally::query::auth
