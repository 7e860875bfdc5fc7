#include "query/auth/claims.h"

#include <gtest/gtest.h>

#include <string>

namespace tally::query::auth {
namespace {

// Everything that every token needs, with more before the closing brace.
std::string Good(const std::string& more) {
  return R"({"iss":"i","aud":"a","exp":1000)" + (more.empty() ? "" : "," + more) + "}";
}

std::optional<Refusal> Read(const std::string& json, Identity& identity,
                            ClaimRules rules = {"i", "a"}) {
  const JsonPtr claims = ParseObject(json);
  EXPECT_NE(claims, nullptr) << json;
  return ReadClaims(claims.get(), rules, identity);
}

enum class Sees : uint8_t { kNobody, kOwn, kAll };

Sees Seen(const std::string& json, ClaimRules rules = {"i", "a"}) {
  Identity identity;
  const auto refusal = Read(json, identity, std::move(rules));
  if (refusal.has_value()) {
    EXPECT_EQ(refusal, Refusal::kNoUser) << json;
    return Sees::kNobody;
  }
  EXPECT_TRUE(identity.viewer.Sees("u")) << json;
  if (identity.viewer.SeesAll()) return Sees::kAll;
  EXPECT_FALSE(identity.viewer.Sees("v")) << json;
  EXPECT_FALSE(identity.viewer.Sees("")) << json;
  return Sees::kOwn;
}

TEST(ReadClaims, TellsWhoAsks) {
  struct Case {
    std::string more;
    Sees sees;
  };
  const Case cases[] = {
      {R"("sub":"u")", Sees::kOwn},
      {R"("sub":"u","roles":[])", Sees::kOwn},
      {R"("sub":"u","roles":["operators","Operator","operator ",""])", Sees::kOwn},
      {R"("sub":"u","roles":"operators no-operator")", Sees::kOwn},
      {R"("sub":"u","roles":["viewer operator"])", Sees::kOwn},
      {R"("sub":"u","roles":[["operator"]])", Sees::kOwn},
      {R"("sub":"u","roles":{"operator":true})", Sees::kOwn},
      {R"("sub":"u","roles":1)", Sees::kOwn},
      {R"("sub":"u","roles":["viewer","operator"])", Sees::kAll},
      {R"("sub":"u","roles":"viewer operator")", Sees::kAll},
      {R"("roles":"operator")", Sees::kAll},
      {R"("roles":["operator"],"sub":7)", Sees::kAll},
      {"", Sees::kNobody},
      {R"("sub":"")", Sees::kNobody},
      {R"("sub":null)", Sees::kNobody},
      {R"("sub":7)", Sees::kNobody},
      {R"("sub":["u"])", Sees::kNobody},
      {R"("sub":"u\n")", Sees::kNobody},
      {R"("userId":"u")", Sees::kNobody},
      {R"("sub":")" + std::string(257, 'u') + "\"", Sees::kNobody},
  };
  for (const Case& row : cases) {
    EXPECT_EQ(Seen(Good(row.more)), row.sees) << row.more;
  }
}

TEST(ReadClaims, ClaimsHaveOtherNamesToo) {
  ClaimRules rules{"i", "a", "https://x.y/user", "realm.access.roles", "admin"};
  struct Case {
    std::string more;
    Sees sees;
  };
  const Case cases[] = {
      {R"("https://x.y/user":"u","sub":"v")", Sees::kOwn},
      {R"("sub":"u")", Sees::kNobody},
      {R"("realm":{"access":{"roles":["admin"]}})", Sees::kAll},
      {R"("realm.access.roles":["admin"])", Sees::kAll},
      // The claim of exactly that name counts before the path.
      {R"("realm.access.roles":[],"realm":{"access":{"roles":["admin"]}})", Sees::kNobody},
      {R"("realm":{"access":["admin"]})", Sees::kNobody},
      {R"("realm":{"access":{"roles":["operator"]}})", Sees::kNobody},
      {R"("realm":"admin")", Sees::kNobody},
      {R"("roles":["admin"])", Sees::kNobody},
  };
  for (const Case& row : cases) EXPECT_EQ(Seen(Good(row.more), rules), row.sees) << row.more;
  rules.operator_role.clear();
  EXPECT_EQ(Seen(Good(R"("realm":{"access":{"roles":["", "admin"]}})"), rules), Sees::kNobody);
  EXPECT_EQ(Seen(Good(R"("realm":{"access":{"roles":""}})"), rules), Sees::kNobody);
}

TEST(ReadClaims, RefusesWhatIsNotForUs) {
  struct Case {
    const char* json;
    Refusal refusal;
  };
  constexpr Case kCases[] = {
      {R"({"aud":"a","exp":1,"sub":"u"})", Refusal::kIssuer},
      {R"({"iss":"I","aud":"a","exp":1,"sub":"u"})", Refusal::kIssuer},
      {R"({"iss":"i ","aud":"a","exp":1,"sub":"u"})", Refusal::kIssuer},
      {R"({"iss":["i"],"aud":"a","exp":1,"sub":"u"})", Refusal::kIssuer},
      {R"({"iss":"i","exp":1,"sub":"u"})", Refusal::kAudience},
      {R"({"iss":"i","aud":"b","exp":1,"sub":"u"})", Refusal::kAudience},
      {R"({"iss":"i","aud":"a b","exp":1,"sub":"u"})", Refusal::kAudience},
      {R"({"iss":"i","aud":[],"exp":1,"sub":"u"})", Refusal::kAudience},
      {R"({"iss":"i","aud":["b",["a"]],"exp":1,"sub":"u"})", Refusal::kAudience},
      {R"({"iss":"i","aud":{"a":"a"},"exp":1,"sub":"u"})", Refusal::kAudience},
      {R"({"iss":"i","aud":null,"exp":1,"sub":"u"})", Refusal::kAudience},
      {R"({"iss":"i","aud":"a","sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":"1","sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":null,"sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":true,"sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":-1,"sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":1e300,"sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":9223372036854775807,"sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":1,"nbf":"0","sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":1,"nbf":null,"sub":"u"})", Refusal::kMalformed},
      {R"({"iss":"i","aud":"a","exp":1})", Refusal::kNoUser},
  };
  for (const Case& row : kCases) {
    Identity identity;
    EXPECT_EQ(Read(row.json, identity), row.refusal) << row.json;
  }
  Identity identity;
  EXPECT_EQ(Read(R"({"iss":"i","aud":["b","a"],"exp":1,"sub":"u"})", identity), std::nullopt);
}

TEST(CheckTime, CountsFromNbfToExpWithLeeway) {
  Identity identity;
  ASSERT_EQ(Read(R"({"iss":"i","aud":"a","exp":1000.5,"nbf":500,"sub":"u"})", identity),
            std::nullopt);
  struct Case {
    double seconds;
    std::optional<Refusal> refusal;
  };
  const Case cases[] = {
      {469.9, Refusal::kNotYetValid}, {470, std::nullopt},         {700, std::nullopt},
      {1030.4, std::nullopt},         {1030.5, Refusal::kExpired}, {1e9, Refusal::kExpired},
  };
  for (const Case& row : cases) {
    EXPECT_EQ(CheckTime(identity, absl::UnixEpoch() + absl::Seconds(row.seconds)), row.refusal)
        << row.seconds;
  }
  ASSERT_EQ(Read(Good(R"("sub":"u")"), identity), std::nullopt);
  EXPECT_EQ(CheckTime(identity, absl::UnixEpoch()), std::nullopt);
}

}  // namespace
}  // namespace tally::query::auth
