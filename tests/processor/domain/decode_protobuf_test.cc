#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "processor/domain/decode.h"
#include "processor/domain/money.h"
#include "tally/v1/events.pb.h"
#include "tests/processor/domain/decode_fixture.h"

namespace tally::domain {
namespace {

using testing::HasSubstr;

google::protobuf::Timestamp At(int64_t seconds, int32_t nanos = 0) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return time;
}

template <typename Message>
struct BadMessage {
  std::string name;
  std::function<void(Message&)> spoil;
  Reason reason;
  std::string detail;  // a part of it
};

template <typename Event, typename Message>
void ExpectBad(const Message& good, const std::vector<BadMessage<Message>>& rows) {
  Decoder decoder{DecodeOptions{}};
  Event event;
  ASSERT_EQ(Describe(DecodeInput(decoder, {.value = good.SerializeAsString()}, event)), "accepted");
  for (const BadMessage<Message>& row : rows) {
    Message message = good;
    row.spoil(message);
    const auto rejection =
        DecodeInput(decoder, {.value = message.SerializePartialAsString()}, event);
    ASSERT_TRUE(rejection) << row.name;
    EXPECT_EQ(ReasonName(rejection->reason), ReasonName(row.reason)) << row.name;
    EXPECT_THAT(rejection->detail, HasSubstr(row.detail)) << row.name;
  }
}

v1::EventCreated GoodCreated() {
  v1::EventCreated message;
  message.set_event_id("evt-1");
  message.set_user_id("user-1");
  return message;
}

v1::ParticipantRegistered GoodRegistered() {
  v1::ParticipantRegistered message;
  message.set_event_id("evt-1");
  message.set_participant_id("p");
  return message;
}

v1::DistributionCompleted GoodCompleted() {
  v1::DistributionCompleted message;
  message.set_event_id("evt-1");
  auto* element = message.add_distributed_channels();
  element->set_channel("SNS");
  element->set_expected_views(2000);
  return message;
}

TEST(DecodeProtobufEventCreated, AllFieldsAndDefaults) {
  Decoder decoder({});
  EventCreated event;
  v1::EventCreated message = GoodCreated();
  ASSERT_EQ(Describe(DecodeInput(decoder, {.value = message.SerializeAsString()}, event)),
            "accepted");
  EXPECT_EQ(event, (EventCreated{.event_id = "evt-1",
                                 .user_id = "user-1",
                                 .status = "ACTIVE",
                                 .created_at = kRecordTime}));
  message.clear_user_id();
  message.set_store_id("old");
  message.set_event_title("제목");
  message.set_status("");
  *message.mutable_start_date() = At(946'652'400);               // 2000-01-01T00:00:00+09:00
  *message.mutable_end_date() = At(4'102'412'399, 999'999'999);  // the end of 2099 there
  *message.mutable_created_at() = At(1'767'225'600, 1'999'999);
  message.set_total_investment(500'000'000);
  message.set_expected_revenue(kMoneyMax);
  message.set_target_roi(kTargetRoiMax);
  ASSERT_EQ(Describe(DecodeInput(decoder, {.value = message.SerializeAsString()}, event)),
            "accepted");
  EXPECT_EQ(event, (EventCreated{.event_id = "evt-1",
                                 .user_id = "old",
                                 .event_title = "제목",
                                 .status = "",
                                 .start = 946'652'400'000,
                                 .end = 4'102'412'399'999,
                                 .created_at = 1'767'225'600'001,
                                 .total_investment = 500'000'000,
                                 .expected_revenue = kMoneyMax,
                                 .target_roi = kTargetRoiMax}));
}

TEST(DecodeProtobufEventCreated, Rejections) {
  using M = v1::EventCreated;
  ExpectBad<EventCreated, M>(
      GoodCreated(),
      {
          {"no event", [](M& m) { m.clear_event_id(); }, Reason::kMissingField, "eventId"},
          {"no user", [](M& m) { m.clear_user_id(); }, Reason::kMissingField, "userId"},
          {"bad user", [](M& m) { m.set_user_id("\n"); }, Reason::kInvalidField, "userId"},
          {"long user", [](M& m) { m.set_user_id(std::string(257, 'u')); }, Reason::kInvalidField,
           "257 bytes"},
          {"title not UTF-8", [](M& m) { m.set_event_title("\xff"); }, Reason::kUndecodable,
           "tally.v1.EventCreated"},
          {"start too early", [](M& m) { *m.mutable_start_date() = At(946'652'399); },
           Reason::kOutOfRange, "startDate 946652399 s"},
          {"end too late", [](M& m) { *m.mutable_end_date() = At(4'102'412'400); },
           Reason::kOutOfRange, "endDate"},
          {"created before 2000", [](M& m) { *m.mutable_created_at() = At(0); },
           Reason::kOutOfRange, "createdAt"},
          {"negative nanos", [](M& m) { *m.mutable_created_at() = At(1'767'225'600, -1); },
           Reason::kOutOfRange, "valid Timestamp"},
          {"nanos over a second",
           [](M& m) { *m.mutable_created_at() = At(1'767'225'600, 1'000'000'000); },
           Reason::kOutOfRange, "valid Timestamp"},
          {"seconds overflow",
           [](M& m) { *m.mutable_end_date() = At(std::numeric_limits<int64_t>::max()); },
           Reason::kOutOfRange, "valid Timestamp"},
          {"seconds underflow",
           [](M& m) { *m.mutable_end_date() = At(std::numeric_limits<int64_t>::min()); },
           Reason::kOutOfRange, "valid Timestamp"},
          {"negative money", [](M& m) { m.set_total_investment(-1); }, Reason::kOutOfRange,
           "totalInvestment -1"},
          {"too much money", [](M& m) { m.set_expected_revenue(kMoneyMax + 1); },
           Reason::kOutOfRange, "expectedRevenue"},
          {"targetRoi", [](M& m) { m.set_target_roi(kTargetRoiMax + 1); }, Reason::kOutOfRange,
           "targetRoi"},
      });
}

TEST(DecodeProtobufParticipant, Rejections) {
  using M = v1::ParticipantRegistered;
  ExpectBad<ParticipantRegistered, M>(
      GoodRegistered(),
      {
          {"no event", [](M& m) { m.clear_event_id(); }, Reason::kMissingField, "eventId"},
          {"no person", [](M& m) { m.clear_participant_id(); }, Reason::kMissingField,
           "participantId"},
          {"person not UTF-8", [](M& m) { m.set_participant_id("\xc0\x80"); }, Reason::kUndecodable,
           "tally.v1.ParticipantRegistered"},
          {"surrogate", [](M& m) { m.set_participant_id("\xed\xa0\x80"); }, Reason::kUndecodable,
           ""},
          {"empty channel", [](M& m) { m.set_channel(""); }, Reason::kInvalidField, "channel"},
          {"control character", [](M& m) { m.set_channel("a\u0085"); }, Reason::kInvalidField,
           "channel"},
          {"late", [](M& m) { *m.mutable_registered_at() = At(kRecordTime / 1000 + 86'401); },
           Reason::kOutOfRange, "24 h"},
          {"before 2000", [](M& m) { *m.mutable_registered_at() = At(946'652'399); },
           Reason::kOutOfRange, "registeredAt"},
          {"zero time", [](M& m) { m.mutable_registered_at(); }, Reason::kOutOfRange,
           "registeredAt"},
          {"negative amount", [](M& m) { m.set_purchase_amount(-1); }, Reason::kOutOfRange,
           "purchaseAmount"},
      });
}

TEST(DecodeProtobufParticipant, NormalizesAndTruncates) {
  Decoder decoder({});
  ParticipantRegistered event;
  v1::ParticipantRegistered message = GoodRegistered();
  message.set_channel("\u110c\u1175\u1102\u1175TV");
  *message.mutable_registered_at() = At(1'767'225'600, 482'999'999);
  message.set_purchase_amount(3'000'000);
  ASSERT_EQ(Describe(DecodeInput(decoder, {.value = message.SerializeAsString()}, event)),
            "accepted");
  EXPECT_EQ(event, (ParticipantRegistered{"evt-1", "p", "지니TV", 1'767'225'600'482, 3'000'000}));
}

TEST(DecodeProtobufDistribution, Rejections) {
  using M = v1::DistributionCompleted;
  ExpectBad<DistributionCompleted, M>(
      GoodCompleted(),
      {
          {"neither", [](M& m) { m.clear_distributed_channels(); }, Reason::kMissingField,
           "channel is missing"},
          {"both", [](M& m) { m.set_channel("SNS"); }, Reason::kInvalidField,
           "together with an inline channel"},
          {"inline views beside a list", [](M& m) { m.set_expected_views(0); },
           Reason::kInvalidField, "together"},
          {"inline without channel",
           [](M& m) {
             m.clear_distributed_channels();
             m.set_expected_views(1);
           },
           Reason::kMissingField, "channel is required"},
          {"inline without views",
           [](M& m) {
             m.clear_distributed_channels();
             m.set_channel("SNS");
           },
           Reason::kMissingField, "expectedViews is required"},
          {"element without channel",
           [](M& m) { m.mutable_distributed_channels(0)->clear_channel(); }, Reason::kMissingField,
           "distributedChannels[0].channel is required"},
          {"element without views",
           [](M& m) { m.mutable_distributed_channels(0)->clear_expected_views(); },
           Reason::kMissingField, "distributedChannels[0].expectedViews"},
          {"one bad element of two",
           [](M& m) {
             *m.add_distributed_channels() = m.distributed_channels(0);
             m.mutable_distributed_channels(1)->set_expected_views(-1);
           },
           Reason::kOutOfRange, "distributedChannels[1].expectedViews -1"},
          {"too many views",
           [](M& m) { m.mutable_distributed_channels(0)->set_expected_views(kViewsMax + 1); },
           Reason::kOutOfRange, "expectedViews"},
          {"negative cost",
           [](M& m) { m.mutable_distributed_channels(0)->set_distribution_cost(-1); },
           Reason::kOutOfRange, "distributionCost"},
          {"bad id", [](M& m) { m.mutable_distributed_channels(0)->set_distribution_id("\t"); },
           Reason::kInvalidField, "distributionId"},
          {"type not UTF-8",
           [](M& m) { m.mutable_distributed_channels(0)->set_channel_type("\xff"); },
           Reason::kUndecodable, ""},
      });
}

TEST(DecodeProtobufDistribution, ViewsOfZeroArePresent) {
  Decoder decoder({});
  DistributionCompleted event;
  v1::DistributionCompleted message;
  message.set_event_id("evt-1");
  message.set_channel("SNS");
  message.set_expected_views(0);
  ASSERT_EQ(Describe(DecodeInput(decoder, {.value = message.SerializeAsString()}, event)),
            "accepted");
  EXPECT_EQ(event,
            (DistributionCompleted{"evt-1", kRecordTime, {{"SNS", "", "SUCCESS", "", 0, 0}}}));
}

TEST(DecodeProtobufWire, UnknownFieldsAndGarbage) {
  Decoder decoder({});
  ParticipantRegistered event;
  const std::string good = GoodRegistered().SerializeAsString();
  struct {
    std::string value;
    std::string outcome;
  } const rows[] = {
      {good + "\xf8\x07\x05", "accepted"},          // field 127, a varint
      {good + "\xfa\x07\x02\xff\xff", "accepted"},  // field 127, bytes that are not UTF-8
      {good + "\x0a\x01x", "accepted"},             // the reserved field 1
      {good + good, "accepted"},
      {good.substr(0, good.size() - 1), "undecodable"},
      {good + "\x12", "undecodable"},
      {good + "\x12\xff", "undecodable"},
      {good + std::string(1, '\0'), "undecodable"},
      {good + "\x17", "undecodable"},  // a wire type that does not exist
      {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "undecodable"},
      {"hello", "undecodable"},
  };
  for (const auto& row : rows) {
    const std::string outcome = Describe(DecodeInput(decoder, {.value = row.value}, event));
    EXPECT_THAT(outcome, testing::StartsWith(row.outcome)) << testing::PrintToString(row.value);
  }
}

// A mebibyte of empty elements costs memory once, not for good.
TEST(DecodeProtobufWire, ManyElements) {
  Decoder decoder({});
  DistributionCompleted event;
  std::string value = GoodCompleted().SerializeAsString();
  while (value.size() + 10 < kRecordBytesMax) value += std::string("\x5a\x00", 2);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Describe(DecodeInput(decoder, {.value = value}, event)),
                HasSubstr("missing_field: distributedChannels[1].channel"));
  }
}

}  // namespace
}  // namespace tally::domain
