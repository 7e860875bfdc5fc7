#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "processor/domain/decode.h"
#include "processor/domain/money.h"
#include "processor/domain/time.h"
#include "tests/processor/domain/decode_fixture.h"

namespace tally::domain {
namespace {

using testing::HasSubstr;

constexpr Millis k2026 = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr Millis kHour = 3'600'000;

template <typename Event>
class Json {
 public:
  // The members of the object, without its braces.
  std::string Outcome(const std::string& members) { return OutcomeOf("{" + members + "}"); }

  std::string OutcomeOf(const std::string& value) {
    input.value = value;
    return Describe(DecodeInput(decoder, input, event));
  }

  void ExpectBad(const std::string& prefix, const std::vector<BadRow>& rows) {
    for (const BadRow& row : rows) {
      input.value = "{" + prefix + row.value + "}";
      const std::optional<Rejection> rejection = DecodeInput(decoder, input, event);
      ASSERT_TRUE(rejection) << row.value.substr(0, 200);
      EXPECT_EQ(ReasonName(rejection->reason), ReasonName(row.reason))
          << row.value.substr(0, 200) << "\n"
          << rejection->detail;
      EXPECT_THAT(rejection->detail, HasSubstr(row.detail)) << row.value.substr(0, 200);
      EXPECT_LT(rejection->detail.size(), 600u);
    }
  }

  Decoder decoder{DecodeOptions{}};
  Input input;
  Event event;
};

using Created = Json<EventCreated>;
using Registered = Json<ParticipantRegistered>;
using Completed = Json<DistributionCompleted>;

TEST(DecodeJsonEventCreated, AllFields) {
  Created json;
  ASSERT_EQ(json.Outcome(R"("eventId":"evt-1","userId":"user-1","storeId":"old",
      "eventTitle":"신년맞이 20% 할인 이벤트","status":"ENDED","startDate":"2026-01-01",
      "endDate":"2026-01-31T23:59:59.5Z","createdAt":"2026-01-01T00:00:00+09:00",
      "totalInvestment":5000000,"expectedRevenue":"15000000.50","targetRoi":2e2,
      "future":{"a":[1,2,{"b":null}]}, "more":[true,false,"\u00e9"])"),
            "accepted");
  EXPECT_EQ(json.event, (EventCreated{.event_id = "evt-1",
                                      .user_id = "user-1",
                                      .event_title = "신년맞이 20% 할인 이벤트",
                                      .status = "ENDED",
                                      .start = k2026 - 9 * kHour,
                                      .end = k2026 + 31 * kDayMillis - 500,
                                      .created_at = k2026 - 9 * kHour,
                                      .total_investment = 500'000'000,
                                      .expected_revenue = 1'500'000'050,
                                      .target_roi = 20'000}));
}

TEST(DecodeJsonEventCreated, Defaults) {
  const EventCreated expected{
      .event_id = "evt-1", .user_id = "user-1", .status = "ACTIVE", .created_at = kRecordTime};
  Created json;
  json.event.start = 5;  // left over from an earlier call
  json.event.total_investment = 5;
  ASSERT_EQ(json.Outcome(R"("eventId":"evt-1","userId":"user-1")"), "accepted");
  EXPECT_EQ(json.event, expected);
  ASSERT_EQ(json.Outcome(R"("eventId":"evt-1","userId":null,"storeId":"user-1","eventTitle":null,
      "status":null,"startDate":null,"endDate":null,"createdAt":null,"totalInvestment":null,
      "expectedRevenue":null,"targetRoi":null)"),
            "accepted");
  EXPECT_EQ(json.event, expected);
}

TEST(DecodeJsonEventCreated, UserIdWinsOverStoreId) {
  struct {
    std::string members;
    std::string user_id;
  } const rows[] = {
      {R"("userId":"u","storeId":"s")", "u"},
      {R"("storeId":"s","userId":"u")", "u"},
      {R"("storeId":"s")", "s"},
      {R"("storeId":"s","userId":null)", "s"},
      {R"("storeId":"s","userId":"")", "s"},
      {R"("storeId":5,"userId":"u")", "u"},
  };
  Created json;
  for (const auto& row : rows) {
    ASSERT_EQ(json.Outcome(R"("eventId":"evt-1",)" + row.members), "accepted") << row.members;
    EXPECT_EQ(json.event.user_id, row.user_id) << row.members;
  }
}

TEST(DecodeJsonEventCreated, KeptAsSent) {
  Created json;
  ASSERT_EQ(json.Outcome(R"("eventId":"evt-1","userId":"u","status":"","eventTitle":"a\u0000\n")"),
            "accepted");
  EXPECT_EQ(json.event.status, "");
  EXPECT_EQ(json.event.event_title, std::string_view("a\0\n", 3));
}

TEST(DecodeJsonEventCreated, Rejections) {
  Created json;
  json.ExpectBad(
      "", {
              {R"()", Reason::kMissingField, "eventId is required"},
              {R"("eventId":null,"userId":"u")", Reason::kMissingField, "eventId is required"},
              {R"("eventId":"","userId":"u")", Reason::kMissingField, "eventId \"\" is empty"},
              {R"("eventId":1,"userId":"u")", Reason::kInvalidField, "eventId (JSON \"1\")"},
              {R"("eventId":["evt-1"],"userId":"u")", Reason::kInvalidField, "not a string"},
              {R"("eventId":"a\tb","userId":"u")", Reason::kInvalidField, "control character"},
              {R"("eventId":"evt-1")", Reason::kMissingField, "userId is required"},
              {R"("eventId":"evt-1","userId":"")", Reason::kMissingField, "userId \"\" is empty"},
              {R"("eventId":"evt-1","userId":"","storeId":"")", Reason::kMissingField, "storeId"},
              {R"("eventId":"evt-1","storeId":7)", Reason::kInvalidField, "storeId"},
              {R"("eventId":"evt-1","userId":7,"storeId":"s")", Reason::kInvalidField, "userId"},
          });
  json.ExpectBad(
      R"("eventId":"evt-1","userId":"u",)",
      {
          {R"("eventTitle":5)", Reason::kInvalidField, "eventTitle"},
          {R"("status":true)", Reason::kInvalidField, "status (JSON \"true\") is not a string"},
          {R"("startDate":"2026-02-30")", Reason::kInvalidField, "startDate \"2026-02-30\""},
          {R"("startDate":"")", Reason::kInvalidField, "startDate"},
          {R"("startDate":20260101)", Reason::kInvalidField, "startDate"},
          {R"("startDate":"1999-12-31")", Reason::kOutOfRange, "2000 to 2099"},
          {R"("startDate":"1999-12-31T23:59:59Z")", Reason::kOutOfRange, "startDate"},
          {R"("endDate":"2100-01-01")", Reason::kOutOfRange, "endDate"},
          {R"("endDate":"2100-01-01T00:00:00+09:00")", Reason::kOutOfRange, "endDate"},
          {R"("endDate":"tomorrow")", Reason::kInvalidField, "endDate"},
          {R"("createdAt":"2026-01-01")", Reason::kInvalidField, "createdAt"},
          {R"("createdAt":1767225600000)", Reason::kInvalidField, "createdAt"},
          {R"("createdAt":"1999-12-31T23:59:59.999")", Reason::kOutOfRange, "createdAt"},
          {R"("totalInvestment":-1)", Reason::kOutOfRange, "totalInvestment (JSON \"-1\")"},
          {R"("totalInvestment":"10000000000000.01")", Reason::kOutOfRange, "totalInvestment"},
          {R"("totalInvestment":"")", Reason::kInvalidField, "not a number"},
          {R"("totalInvestment":"1,000")", Reason::kInvalidField, "not a number"},
          {R"("totalInvestment":{"amount":1})", Reason::kInvalidField, "not a number"},
          {R"("expectedRevenue":0.001)", Reason::kInvalidField, "too many decimals"},
          {R"("expectedRevenue":1e999999999)", Reason::kOutOfRange, "expectedRevenue"},
          {R"("targetRoi":1000000.01)", Reason::kOutOfRange, "0 to 1000000"},
          {R"("targetRoi":-5)", Reason::kOutOfRange, "targetRoi"},
          {R"("targetRoi":[200])", Reason::kInvalidField, "targetRoi"},
      });
}

TEST(DecodeJsonEventCreated, DatesAtTheLimits) {
  Created json;
  for (const char* date : {"2000-01-01", "2099-12-31", "2000-01-01T00:00:00Z",
                           "2099-12-31T23:59:59.999Z", "2099-12-31T23:59:59-12:00"}) {
    EXPECT_EQ(
        json.Outcome(R"("eventId":"evt-1","userId":"u","startDate":")" + std::string(date) + "\""),
        "accepted")
        << date;
  }
  EXPECT_EQ(json.Outcome(R"("eventId":"evt-1","userId":"u","startDate":"2026-02-01",
                            "endDate":"2026-01-01")"),
            "accepted");
}

TEST(DecodeJsonParticipant, AllFieldsAndDefaults) {
  Registered json;
  ASSERT_EQ(json.Outcome(R"("eventId":"evt-1","participantId":"evt-1-p1","channel":"SNS",
      "registeredAt":"2026-01-01T09:30:00","purchaseAmount":30000.5)"),
            "accepted");
  EXPECT_EQ(json.event,
            (ParticipantRegistered{"evt-1", "evt-1-p1", "SNS", k2026 + kHour / 2, 3'000'050}));
  for (const char* members : {R"("eventId":"evt-1","participantId":"p")",
                              R"("eventId":"evt-1","participantId":"p","channel":null,
                                 "registeredAt":null,"purchaseAmount":null)"}) {
    ASSERT_EQ(json.Outcome(members), "accepted");
    EXPECT_EQ(json.event, (ParticipantRegistered{"evt-1", "p", "기타", kRecordTime, 0}));
  }
}

TEST(DecodeJsonParticipant, InputOffsetIsForTimesWithoutZone) {
  Decoder decoder({.input_utc_offset_minutes = -330});
  ParticipantRegistered event;
  Input input{
      .value = R"({"eventId":"evt-1","participantId":"p","registeredAt":"2026-01-01T00:00:00"})"};
  ASSERT_EQ(Describe(DecodeInput(decoder, input, event)), "accepted");
  EXPECT_EQ(event.registered_at, k2026 + 330 * kMinuteMillis);
}

TEST(DecodeJsonParticipant, ChannelIsNormalized) {
  Registered json;
  ASSERT_EQ(json.Outcome("\"eventId\":\"evt-1\",\"participantId\":\"p\",\"channel\":\""
                         "\u110c\u1175\u1102\u1175TV\""),
            "accepted");
  EXPECT_EQ(json.event.channel, "지니TV");
  ASSERT_EQ(json.Outcome(R"("eventId":"evt-1","participantId":"p","channel":"e\u0301")"),
            "accepted");
  EXPECT_EQ(json.event.channel, "\u00e9");
}

TEST(DecodeJsonParticipant, EscapesAndRepeatedKeys) {
  Registered json;
  ASSERT_EQ(json.Outcome(R"("event\u0049d":"evt\u002d1","participantId":"a\"b\\c\ud83d\ude00")"),
            "accepted");
  EXPECT_EQ(json.event.participant_id, "a\"b\\c\U0001f600");
  ASSERT_EQ(json.Outcome(R"("participantId":5,"eventId":"x","channel":"A","eventId":"evt-1",
                            "participantId":"p","channel":null)"),
            "accepted");
  EXPECT_EQ(json.event.participant_id, "p");
  EXPECT_EQ(json.event.channel, "기타");
}

// The reader expects the usual order, and compares names with what stands in the value.
TEST(DecodeJsonParticipant, FieldsInAnyOrder) {
  std::vector<std::string> fields = {R"("channel":"SNS")", R"("eventId":"evt-1")",
                                     R"("participantId":"p")", R"("purchaseAmount":30000)",
                                     R"("registeredAt":"2026-01-01T09:00:00+09:00")"};
  const ParticipantRegistered expected{"evt-1", "p", "SNS", k2026, 3'000'000};
  Registered json;
  do {
    for (const char* others :
         {"", R"(,"more":0)", R"(,"eventI":0,"eventIdx":0,"eventid":0,"Id":0,"":0)",
          R"(,"channelType":"x","channel\"":"x","chann\u0065":"x","\"":"eventId\":")",
          R"( , "purchaseAmoun" : "purchaseAmount" , "registeredAtAndAllThatFollows" : [ ] )"}) {
      std::string members = fields[0];
      for (size_t i = 1; i < fields.size(); ++i) members += others + ("," + fields[i]);
      ASSERT_EQ(json.Outcome(members + others), "accepted") << members;
      ASSERT_EQ(json.event, expected) << members;
    }
  } while (std::next_permutation(fields.begin(), fields.end()));
}

TEST(DecodeJsonParticipant, EscapedAndPlainNamesAreTheSame) {
  Registered json;
  ASSERT_EQ(json.Outcome(R"("eventId":"x","event\u0049d":"evt-1","participantId":"p",
                            "\u0063hannel":"A","channel":"B")"),
            "accepted");
  EXPECT_EQ(json.event.event_id, "evt-1");
  EXPECT_EQ(json.event.channel, "B");
  ASSERT_EQ(json.Outcome(R"("channel":"B","\u0063hannel":"A","eventId":"evt-1",
                            "participantId":"p")"),
            "accepted");
  EXPECT_EQ(json.event.channel, "A");
}

TEST(DecodeJsonParticipant, SpaceAroundValues) {
  Registered json;
  ASSERT_EQ(json.Outcome("\r\n\t \"eventId\" : \"evt-1\" \t\r\n,\n\"participantId\"\t:\n\" p \"\n"
                         ",\"channel\":null  ,\"purchaseAmount\" : 5 \t\r\n "),
            "accepted");
  EXPECT_EQ(json.event, (ParticipantRegistered{"evt-1", " p ", "기타", kRecordTime, 500}));
}

TEST(DecodeJsonParticipant, Rejections) {
  Registered json;
  const std::string long_id(257, 'p');
  json.ExpectBad(R"("eventId":"evt-1",)",
                 {
                     {R"("participant":"p")", Reason::kMissingField, "participantId is required"},
                     {R"("participantid":"p")", Reason::kMissingField, "participantId is required"},
                     {R"("participantId":"")", Reason::kMissingField, "is empty"},
                     {R"("participantId":12)", Reason::kInvalidField, "is not a string"},
                     {"\"participantId\":\"" + long_id + "\"", Reason::kInvalidField, "257 bytes"},
                     {R"("participantId":"\u0000")", Reason::kInvalidField, "control character"},
                     {R"("participantId":"\u0085")", Reason::kInvalidField, "control character"},
                     {R"("participantId":"\ud800")", Reason::kUndecodable, ""},
                     {R"("participantId":"\udc00")", Reason::kUndecodable, ""},
                     {"\"participantId\":\"\xff\"", Reason::kUndecodable, ""},
                     {"\"participantId\":\"\xed\xa0\x80\"", Reason::kUndecodable, ""},
                     {"\"participantId\":\"a\nb\"", Reason::kUndecodable, ""},
                 });
  json.ExpectBad(
      R"("eventId":"evt-1","participantId":"p",)",
      {
          {R"("channel":"")", Reason::kInvalidField, "channel \"\" is empty"},
          {R"("channel":["SNS"])", Reason::kInvalidField, "channel"},
          {R"("channel":"TV\u007f")", Reason::kInvalidField, "control character"},
          {"\"channel\":\"" + std::string(300, 'c') + "\"", Reason::kInvalidField, "300 bytes"},
          {R"("registeredAt":"")", Reason::kInvalidField, "registeredAt"},
          {R"("registeredAt":"2026-11-22")", Reason::kInvalidField, "RFC 3339"},
          {R"("registeredAt":"2026-11-22T12:00")", Reason::kInvalidField, "RFC 3339"},
          {R"("registeredAt":1795348800000)", Reason::kInvalidField, "not a string"},
          {R"("registeredAt":"1970-01-01T00:00:00Z")", Reason::kOutOfRange, "2000-01-01"},
          {R"("registeredAt":"2026-11-23T12:00:00.001Z")", Reason::kOutOfRange,
           "24 h after the record's timestamp, 2026-11-22T21:00:00+09:00"},
          {R"("registeredAt":"9999-12-31T23:59:59Z")", Reason::kOutOfRange, "24 h"},
          {R"("purchaseAmount":-0.01)", Reason::kOutOfRange, "purchaseAmount"},
          {R"("purchaseAmount":1e-3)", Reason::kInvalidField, "too many decimals"},
          {R"("purchaseAmount":true)", Reason::kInvalidField, "not a number"},
          {R"("purchaseAmount":" 1")", Reason::kInvalidField, "not a number"},
          {R"("purchaseAmount":01)", Reason::kUndecodable, ""},
          {R"("purchaseAmount":+1)", Reason::kUndecodable, ""},
          {R"("purchaseAmount":NaN)", Reason::kUndecodable, ""},
          {R"("purchaseAmount":.5)", Reason::kUndecodable, ""},
          {R"("purchaseAmount":)", Reason::kUndecodable, ""},
      });
}

TEST(DecodeJsonParticipant, TimesAtTheLimits) {
  Registered json;
  const std::string members = R"("eventId":"evt-1","participantId":"p","registeredAt":)";
  EXPECT_EQ(json.Outcome(members + "\"2026-11-23T12:00:00Z\""), "accepted");
  EXPECT_EQ(json.Outcome(members + "\"2000-01-01T00:00:00\""), "accepted");
  EXPECT_EQ(json.Outcome(members + "\"2000-01-01T00:00:00Z\""), "accepted");

  json.input.timestamp_ms = kNoTimestamp;
  EXPECT_EQ(json.Outcome(members + "\"2026-11-23T12:00:00Z\""), "accepted");
  EXPECT_THAT(json.Outcome(members + "null"), HasSubstr("missing_field: registeredAt is missing"));

  struct {
    int64_t timestamp_ms;
    std::string outcome;
  } const rows[] = {
      {946'652'400'000, "accepted"},  // 2000-01-01T00:00:00+09:00
      {946'652'399'999, "out_of_range"},
      {0, "out_of_range"},
      {std::numeric_limits<int64_t>::max(), "out_of_range"},
      {std::numeric_limits<int64_t>::min(), "missing_field"},
  };
  for (const auto& row : rows) {
    json.input.timestamp_ms = row.timestamp_ms;
    EXPECT_THAT(json.Outcome(members + "null"), testing::StartsWith(row.outcome))
        << row.timestamp_ms;
  }
}

TEST(DecodeJsonDistribution, InlineAndList) {
  Completed json;
  ASSERT_EQ(json.Outcome(R"("eventId":"evt-1","completedAt":"2026-01-01T08:00:00+09:00",
      "channel":"지니TV","channelType":"TV","status":"FAILED","expectedViews":10000,
      "distributionCost":1500000,"distributionId":"d1","distributedChannels":[])"),
            "accepted");
  EXPECT_EQ(json.event,
            (DistributionCompleted{
                "evt-1", k2026 - kHour, {{"지니TV", "TV", "FAILED", "d1", 10'000, 150'000'000}}}));
  ASSERT_EQ(json.Outcome(R"("distributedChannels":[
      {"channel":"SNS","expectedViews":5e3},
      {"expectedViews":0,"channel":"\u1112\u1161\u11ab","distributionId":"","status":"","x":[1]},
      {"channel":"SNS","expectedViews":1000000000000,"status":null,"channelType":null,
       "distributionId":null,"distributionCost":null}],
      "eventId":"evt-1","channel":null,"status":null)"),
            "accepted");
  EXPECT_EQ(json.event, (DistributionCompleted{"evt-1",
                                               kRecordTime,
                                               {{"SNS", "", "SUCCESS", "", 5000, 0},
                                                {"한", "", "", "", 0, 0},
                                                {"SNS", "", "SUCCESS", "", kViewsMax, 0}}}));
}

TEST(DecodeJsonDistribution, LastOfRepeatedListsWins) {
  Completed json;
  ASSERT_EQ(json.Outcome(R"("eventId":"evt-1","distributedChannels":[{"channel":"A",
      "expectedViews":1}],"distributedChannels":[{"channel":"B","expectedViews":2}])"),
            "accepted");
  ASSERT_EQ(json.event.channels.size(), 1u);
  EXPECT_EQ(json.event.channels[0].channel, "B");
  EXPECT_THAT(json.Outcome(R"("eventId":"evt-1","distributedChannels":[{"channel":"A",
      "expectedViews":1}],"distributedChannels":null)"),
              HasSubstr("missing_field"));
}

TEST(DecodeJsonDistribution, Rejections) {
  Completed json;
  json.ExpectBad(
      R"("eventId":"evt-1","channel":"SNS",)",
      {
          {R"("status":"SUCCESS")", Reason::kMissingField, "expectedViews is required"},
          {R"("expectedViews":null)", Reason::kMissingField, "expectedViews"},
          {R"("expectedViews":"5000")", Reason::kInvalidField, "allowed: an integer"},
          {R"("expectedViews":"")", Reason::kMissingField, "expectedViews"},
          {R"("expectedViews":1.5)", Reason::kInvalidField, "expectedViews"},
          {R"("expectedViews":-1)", Reason::kOutOfRange, "expectedViews"},
          {R"("expectedViews":1000000000001)", Reason::kOutOfRange, "expectedViews"},
          {R"("expectedViews":1e300)", Reason::kOutOfRange, "expectedViews"},
          {R"("expectedViews":[1])", Reason::kInvalidField, "expectedViews"},
          {R"("expectedViews":1,"distributionCost":-1)", Reason::kOutOfRange, "distributionCost"},
          {R"("expectedViews":1,"distributionCost":"x")", Reason::kInvalidField,
           "distributionCost"},
          {R"("expectedViews":1,"distributionId":5)", Reason::kInvalidField, "distributionId"},
          {R"("expectedViews":1,"distributionId":"\n")", Reason::kInvalidField, "distributionId"},
          {R"("expectedViews":1,"channelType":5)", Reason::kInvalidField, "channelType"},
          {R"("expectedViews":1,"status":5)", Reason::kInvalidField, "status"},
          {R"("expectedViews":1,"completedAt":"x")", Reason::kInvalidField, "completedAt"},
          {R"("expectedViews":1,"distributedChannels":[{"channel":"A","expectedViews":1}])",
           Reason::kInvalidField, "together with an inline channel"},
      });
  json.ExpectBad(
      R"("eventId":"evt-1",)",
      {
          {R"("completedAt":null)", Reason::kMissingField, "channel is missing"},
          {R"("distributedChannels":[])", Reason::kMissingField, "channel is missing"},
          {R"("distributedChannels":null)", Reason::kMissingField, "channel is missing"},
          {R"("channel":"","expectedViews":1)", Reason::kMissingField, "channel \"\" is empty"},
          {R"("expectedViews":1)", Reason::kMissingField, "channel is required"},
          {R"("distributedChannels":{})", Reason::kInvalidField, "is not an array"},
          {R"("distributedChannels":"SNS")", Reason::kInvalidField, "is not an array"},
          {R"("distributedChannels":[null])", Reason::kInvalidField,
           "distributedChannels[0] is not an object"},
          {R"("distributedChannels":["SNS"])", Reason::kInvalidField, "not an object"},
          {R"("distributedChannels":[[]])", Reason::kInvalidField, "not an object"},
          {R"("distributedChannels":[{}])", Reason::kMissingField,
           "distributedChannels[0].channel is required"},
          {R"("distributedChannels":[{"channel":"A","expectedViews":1},{"channel":"B"}])",
           Reason::kMissingField, "distributedChannels[1].expectedViews is required"},
          {R"("distributedChannels":[{"channel":"A","expectedViews":1},{"channel":"B",
              "expectedViews":-1},{"channel":"C","expectedViews":1}])",
           Reason::kOutOfRange, "distributedChannels[1].expectedViews"},
          {R"("distributedChannels":[{"channel":"A","expectedViews":1}],"expectedViews":1)",
           Reason::kInvalidField, "together with an inline channel"},
          {R"("distributedChannels":[{"channel":"A","expectedViews":1}],"status":"SUCCESS")",
           Reason::kInvalidField, "together with an inline channel"},
          {R"("distributedChannels":[{"channel":"A","expectedViews":1},])", Reason::kUndecodable,
           ""},
          {R"("distributedChannels":[{"channel":"A","expectedViews":1} 5])", Reason::kUndecodable,
           ""},
          {R"("distributedChannels":[{"channel":"A","expectedViews":1])", Reason::kUndecodable, ""},
          {R"("distributedChannels":[{"channel":"A","expectedViews":1}},"x":[1])",
           Reason::kUndecodable, ""},
      });
}

TEST(DecodeJsonSyntax, Rejections) {
  Registered json;
  const std::string good = R"("eventId":"evt-1","participantId":"p")";
  const std::string rows[] = {
      "{",
      "{" + good,
      "{" + good + ",}",
      "{" + good + "}}",
      "{" + good + "}]",
      "{" + good + "} x",
      "{" + good + "}{}",
      "{" + good + "}\"",
      "{" + good + "} \xff",
      "{," + good + "}",
      "{" + good + ",,\"x\":1}",
      "{" + good + " \"x\":1}",
      "{" + good + ",x:1}",
      "{" + good + ",'x':1}",
      "{" + good + ",\"x\"}",
      "{" + good + ",\"x\":}",
      "{" + good + ",\"x\":1 2}",
      "{" + good + ",\"x\":\"y\":1}",
      "{" + good + ",\"x\":\"\\n\":1}",
      "{" + good + ",\"x\":1:2}",
      "{" + good + ",\"x\"::1}",
      "{" + good + ",\"x\":tru}",
      "{" + good + ",\"x\":truex}",
      "{" + good + ",\"x\":nulll}",
      "{" + good + ",\"x\":\"a\"b}",
      "{" + good + ",\"x\":\"a\" \"b\"}",
      "{" + good + ",\"x\":\"\\q\"}",
      "{" + good + ",\"x\":\"\\u12\"}",
      "{" + good + ",\"x\":\"a\tb\"}",
      "{" + good + ",\"x\":[1,2}",
      "{" + good + ",\"x\":[1}]",
      "{" + good + ",\"x\":{\"y\":1]}",
      "{" + good + ",\"x\":{\"y\":1}",
      "{" + good + ",\"x\":{\"y\"}}",
      "{" + good + ",\"x\":[01]}",
      "{" + good + ",\"x\":[tru]}",
      "{" + good + ",\"x\":[\"\\q\"]}",
      "{" + good + ",\"x\":\"\xc0\x80\"}",
      "{" + good + "/* c */}",
      "{" + good + ",\"x\":1;}",
      std::string("{") + good + "}" + std::string(1, '\0'),
      std::string("{") + good + std::string(1, '\0') + "}",
      std::string(1000, '{'),
      "{\"x\":" + std::string(100'000, '['),
      "{\"x\":" + std::string(100'000, '{') + "}",
  };
  for (const std::string& row : rows) {
    EXPECT_THAT(json.OutcomeOf(row), testing::StartsWith("undecodable: the value is not a JSON"))
        << row.substr(0, 200);
    EXPECT_EQ(json.OutcomeOf("{" + good + "}"), "accepted");  // nothing lingers
  }
}

TEST(DecodeJsonSyntax, UnknownFieldsOfAnyDepthAndSize) {
  Registered json;
  const std::string good = R"("eventId":"evt-1","participantId":"p")";
  constexpr size_t kDepth = 250'000;
  const std::string deep = std::string(kDepth, '[') + std::string(kDepth, ']');
  EXPECT_EQ(json.Outcome(good + ",\"x\":" + deep), "accepted");
  EXPECT_EQ(json.Outcome("\"x\":" + deep + "," + good), "accepted");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  objects += "1" + std::string(100'000, '}');
  EXPECT_EQ(json.Outcome(good + ",\"x\":" + objects), "accepted");
  EXPECT_EQ(json.Outcome(good + ",\"x\":\"" + std::string(500'000, 'x') + "\""), "accepted");
  EXPECT_EQ(json.Outcome(good + ",\"x\":1e400,\"y\":123456789012345678901234567890"), "accepted");
  EXPECT_EQ(json.Outcome(good + R"(,"":"","x":"\ud83d\ude00","y":[ ],"z":{ } )"), "accepted");
  std::string many = good;
  for (int i = 0; i < 20'000; ++i) many += ",\"k" + std::to_string(i) + "\":\"\\n\"";
  EXPECT_EQ(json.Outcome(many), "accepted");
  EXPECT_EQ(json.event.participant_id, "p");
}

}  // namespace
}  // namespace tally::domain
