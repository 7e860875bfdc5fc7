#include "query/auth/token.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/query/auth/tokens.h"

namespace tally::query::auth {
namespace {

TEST(FindBearer, FindsTheOneTokenOrSaysWhyNot) {
  const std::string most(kTokenBytesMax, 'x');
  const std::string limit = "Bearer " + most;
  const std::string over = limit + "x";
  struct Case {
    std::vector<std::string_view> values;
    std::optional<Refusal> refusal;
    std::string_view token;
  };
  const Case cases[] = {
      {{"Bearer a.b.c"}, std::nullopt, "a.b.c"},
      {{"bearer a"}, std::nullopt, "a"},
      {{"  BEARER \t a  "}, std::nullopt, "a"},
      {{"Bearer a b"}, std::nullopt, "a b"},  // no token either, but that is ParseToken's to say
      {{limit}, std::nullopt, most},
      {{over}, Refusal::kTooLarge, ""},
      {{}, Refusal::kNoToken, ""},
      {{"Bearer a", "Bearer a"}, Refusal::kRepeated, ""},
      {{"", ""}, Refusal::kRepeated, ""},
      {{""}, Refusal::kScheme, ""},
      {{" "}, Refusal::kScheme, ""},
      {{"Basic dXNlcjpwYXNz"}, Refusal::kScheme, ""},
      {{"BearerX a"}, Refusal::kScheme, ""},
      {{"a.b.c"}, Refusal::kScheme, ""},
      {{"Bearer\ta"}, Refusal::kScheme, ""},
      {{"Bearer"}, Refusal::kMalformed, ""},
      {{"Bearer "}, Refusal::kMalformed, ""},
  };
  for (const Case& row : cases) {
    std::string_view token;
    EXPECT_EQ(FindBearer(row.values, token), row.refusal)
        << (row.values.empty() ? "" : row.values.front().substr(0, 40));
    if (!row.refusal.has_value()) {
      EXPECT_EQ(token, row.token);
    }
  }
}

TEST(ParseToken, TakesItApart) {
  const std::string text = Assemble(R"({"alg":"RS256","kid":"k","typ":"x"})", R"({"a":1})", "1234");
  Token token;
  ASSERT_EQ(ParseToken(text, token), std::nullopt);
  EXPECT_EQ(token.algorithm, "RS256");
  EXPECT_EQ(token.key_id, "k");
  EXPECT_EQ(token.signature_bytes, 4u);
  EXPECT_EQ(json_integer_value(json_object_get(token.claims.get(), "a")), 1);
  ASSERT_EQ(ParseToken(Assemble(R"({"alg":"HS256"})", "{}", "x"), token), std::nullopt);
  EXPECT_EQ(token.key_id, std::nullopt);
}

TEST(ParseToken, RefusesWhatIsNoJwt) {
  const std::string header = Base64Url(R"({"alg":"RS256"})");
  const std::string claims = Base64Url("{}");
  const std::string good = header + "." + claims + ".eHg";
  struct Case {
    std::string text;
    Refusal refusal;
  };
  const auto with_header = [](std::string_view json) { return Assemble(json, "{}", "xx"); };
  const auto with_claims = [](std::string_view json) {
    return Assemble(R"({"alg":"RS256"})", json, "xx");
  };
  const Case cases[] = {
      {"", Refusal::kMalformed},
      {".", Refusal::kMalformed},
      {"..", Refusal::kMalformed},
      {header, Refusal::kMalformed},
      {header + "." + claims, Refusal::kMalformed},
      {header + "." + claims + ".", Refusal::kMalformed},
      {header + ".." + claims, Refusal::kMalformed},
      {good + ".", Refusal::kMalformed},
      {good + ".a.b", Refusal::kMalformed},
      {good + "=", Refusal::kMalformed},
      {good + " ", Refusal::kMalformed},
      {good + "\n", Refusal::kMalformed},
      {good + std::string(1, '\0'), Refusal::kMalformed},
      {header + "." + claims + ".a", Refusal::kMalformed},
      {header + "." + claims + ".eHh", Refusal::kMalformed},  // ".eHg" with a stray bit
      {header + "." + claims + ".+/+/", Refusal::kMalformed},
      {"{}." + claims + ".eHg", Refusal::kMalformed},
      {with_header(""), Refusal::kMalformed},
      {with_header("[]"), Refusal::kMalformed},
      {with_header("{}"), Refusal::kMalformed},
      {with_header(R"({"alg":null})"), Refusal::kMalformed},
      {with_header(R"({"alg":["RS256"]})"), Refusal::kMalformed},
      {with_header(R"({"alg":"RS256","alg":"HS256"})"), Refusal::kMalformed},
      {with_header(R"({"alg":"RS256","kid":1})"), Refusal::kMalformed},
      {with_header(R"({"alg":"RS256","kid":null})"), Refusal::kMalformed},
      {with_header(R"({"alg":"RS256"}x)"), Refusal::kMalformed},
      {with_header("{\"alg\":\"RS256\\u0000\"}"), Refusal::kMalformed},
      {with_header(R"({"alg":"RS256","crit":["exp"]})"), Refusal::kCritical},
      {with_header(R"({"alg":"RS256","crit":[]})"), Refusal::kCritical},
      {with_header(R"({"alg":"RS256","crit":null})"), Refusal::kCritical},
      {with_claims("null"), Refusal::kMalformed},
      {with_claims("[]"), Refusal::kMalformed},
      {with_claims("\"{}\""), Refusal::kMalformed},
      {with_claims("{"), Refusal::kMalformed},
      {with_claims("{\"sub\":\"\xff\"}"), Refusal::kMalformed},
      {with_claims(R"({"sub":"a","sub":"b"})"), Refusal::kMalformed},
      {with_claims(R"({"exp":1e999})"), Refusal::kMalformed},
      {with_claims(R"({"exp":NaN})"), Refusal::kMalformed},
  };
  for (const Case& row : cases) {
    Token token;
    EXPECT_EQ(ParseToken(row.text, token), row.refusal) << row.text;
  }
}

}  // namespace
}  // namespace tally::query::auth
