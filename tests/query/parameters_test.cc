#include "query/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tally::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kSingle[] = {"page", "order"};
constexpr std::string_view kRepeatable[] = {"channel"};

TEST(ParametersTest, TakesWhatIsKnown) {
  std::vector<ParameterError> errors;
  Parameters parameters({{"channel", "a"}, {"page", "7"}, {"channel", "b"}}, kSingle, kRepeatable,
                        errors);
  EXPECT_EQ(parameters.Integer("page", 0, 10, 3), 7);
  EXPECT_EQ(parameters.Text("order"), std::nullopt);
  EXPECT_THAT(parameters.Texts("channel"), ElementsAre("a", "b"));
  EXPECT_THAT(parameters.Texts("order"), IsEmpty());
  EXPECT_THAT(errors, IsEmpty());
}

TEST(ParametersTest, RefusesUnknownAndRepeatedOnesOnceEach) {
  std::vector<ParameterError> errors;
  const Parameters parameters(
      {{"pgae", "1"}, {"pgae", "2"}, {"page", "1"}, {"page", "1"}, {"page", "2"}, {"", ""}},
      kSingle, kRepeatable, errors);
  EXPECT_THAT(errors,
              ElementsAre(ParameterError{"pgae", "1",
                                         "no parameter of this name; known here: page, order, "
                                         "channel"},
                          ParameterError{"page", "1", "to be given once"},
                          ParameterError{"", "",
                                         "no parameter of this name; known here: page, order, "
                                         "channel"}));
}

TEST(ParametersTest, Integers) {
  for (const char* bad : {"", " ", "-1", "+1", "1.0", "1e2", "101", "0x1", "1 ", "٣",
                          "99999999999999999999", "18446744073709551617"}) {
    std::vector<ParameterError> errors;
    Parameters parameters({{"page", bad}}, kSingle, {}, errors);
    EXPECT_EQ(parameters.Integer("page", 0, 100, 3), 3);
    EXPECT_THAT(errors, ElementsAre(ParameterError{"page", bad, "an integer from 0 to 100"}));
  }
}

TEST(ParametersTest, Choices) {
  static constexpr std::string_view kOrders[] = {"asc", "desc"};
  std::vector<ParameterError> errors;
  Parameters good({{"order", "desc"}}, kSingle, {}, errors);
  EXPECT_EQ(good.Choice("order", kOrders), 1u);
  EXPECT_THAT(errors, IsEmpty());
  for (const char* bad : {"", "DESC", "desc ", "up"}) {
    errors.clear();
    Parameters parameters({{"order", bad}}, kSingle, {}, errors);
    EXPECT_EQ(parameters.Choice("order", kOrders), std::nullopt);
    EXPECT_THAT(errors, ElementsAre(ParameterError{"order", bad, "one of asc, desc"}));
  }
}

TEST(ParametersTest, Identifiers) {
  const std::string euro = "€";
  for (const std::string& good : {std::string("e"), std::string(256, 'x'), std::string("a/b c+%"),
                                  std::string("신년"), std::string("..")}) {
    std::vector<ParameterError> errors;
    CheckIdentifier("eventId", good, errors);
    EXPECT_THAT(errors, IsEmpty()) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string(257, 'x'), std::string("a\0b", 3), std::string("a\nb"),
        std::string("\x7f"), std::string("\xc2\x85"), std::string("\xff"), std::string("\xc0\xaf"),
        std::string("\xed\xa0\x80"), euro.substr(0, 2)}) {
    std::vector<ParameterError> errors;
    CheckIdentifier("eventId", bad, errors);
    EXPECT_EQ(errors.size(), 1u) << bad;
  }
}

}  // namespace
}  // namespace tally::query
