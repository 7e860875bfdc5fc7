// The same content as JSON and as Protobuf decodes to the same event, or is refused for the same
// reason; and whatever bytes come, the decoder calls exactly that undecodable which is not JSON.
//
// A failure prints a seed: run again with RC_PARAMS="reproduce=…" as printed.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "processor/domain/decode.h"
#include "processor/domain/money.h"
#include "processor/domain/time.h"
#include "tally/v1/events.pb.h"
#include "tests/processor/domain/decode_fixture.h"
#include "tests/processor/domain/json_text.h"

namespace tally::domain {
namespace {

// Draws one message's fields and writes each to both encodings.
class Source {
 public:
  explicit Source(uint64_t seed) : random_(seed) {}

  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  uint64_t Below(uint64_t end) { return random_() % end; }
  JsonText& json() { return json_; }

  std::string DrawText() {
    static const std::array<std::string, 10> kTexts = {
        "SNS",      "지니TV",     "",          "a\"b\\c/d", "\u1112\u1161\u11ab",
        "e\u0301x", "\U0001f600", "line\nnew", "TV \u0085", std::string(257, 'x')};
    const uint64_t drawn = Below(kTexts.size() * 2);
    return drawn < kTexts.size() ? kTexts[drawn] : "id-" + std::to_string(Below(1000));
  }

  // Absent in nine of ten cases that are not `usual`.
  template <typename Set>
  void Text(const char* name, int usual_percent, Set set) {
    if (!Chance(usual_percent)) return Absent(name);
    const std::string text = DrawText();
    set(text);
    json_.Key(name);
    json_.String(text);
  }

  template <typename Set>
  void Money(const char* name, Set set) {
    if (!Chance(70)) return Absent(name);
    Hundredths amount = static_cast<Hundredths>(random_() >> (10 + Below(54)));
    if (Chance(5)) amount = kMoneyMax + static_cast<Hundredths>(Below(3)) - 1;
    if (Chance(5)) amount = -amount;
    set(amount);
    std::string text = Chance(50) ? FormatMoney(amount) : FormatFixed2(amount);
    if (Chance(20)) text = FormatInteger(amount) + "e-2";
    json_.Key(name);
    if (Chance(50)) {
      json_.String(text);
    } else {
      json_.Raw(text);
    }
  }

  template <typename Set>
  void Views(Set set) {
    if (!Chance(90)) return Absent("expectedViews");
    int64_t views = static_cast<int64_t>(Below(20'000));
    if (Chance(10)) views = kViewsMax + static_cast<int64_t>(Below(3)) - 1;
    if (Chance(5)) views = -1;
    set(views);
    json_.Key("expectedViews");
    json_.Raw(std::to_string(views));
  }

  // Times as the input zone writes them, so that a year's limits are the same in both encodings.
  template <typename Make>
  void Time(const char* name, Make make) {
    if (!Chance(60)) return Absent(name);
    static const std::array<Millis, 5> kLimits = {946'652'400'000, 4'102'412'400'000, kRecordTime,
                                                  kRecordTime + kDayMillis, 0};
    Millis time = kLimits[Below(kLimits.size())] + static_cast<Millis>(Below(3)) - 1;
    if (Chance(70)) time = kRecordTime - static_cast<Millis>(Below(20 * 365) * kDayMillis / 4);
    google::protobuf::Timestamp* timestamp = make();
    const Millis millis = ((time % 1000) + 1000) % 1000;
    timestamp->set_seconds((time - millis) / 1000);
    timestamp->set_nanos(static_cast<int32_t>(millis * 1'000'000));
    std::string text = FormatTime(time, 540);
    if (Chance(30)) text.resize(text.size() - 6);
    json_.Key(name);
    json_.String(text);
  }

  void Absent(const char* name) {
    if (!Chance(20)) return;
    json_.Key(name);
    json_.Raw("null");
  }

 private:
  std::mt19937_64 random_;
  JsonText json_;
};

v1::EventCreated Draw(Source& source, EventCreated*) {
  v1::EventCreated m;
  source.Text("userId", 90, [&](const std::string& text) { m.set_user_id(text); });
  source.Text("storeId", 30, [&](const std::string& text) { m.set_store_id(text); });
  source.Text("eventTitle", 80, [&](const std::string& text) { m.set_event_title(text); });
  source.Text("status", 50, [&](const std::string& text) { m.set_status(text); });
  source.Time("startDate", [&] { return m.mutable_start_date(); });
  source.Time("endDate", [&] { return m.mutable_end_date(); });
  source.Time("createdAt", [&] { return m.mutable_created_at(); });
  source.Money("totalInvestment", [&](int64_t amount) { m.set_total_investment(amount); });
  source.Money("expectedRevenue", [&](int64_t amount) { m.set_expected_revenue(amount); });
  return m;
}

v1::ParticipantRegistered Draw(Source& source, ParticipantRegistered*) {
  v1::ParticipantRegistered m;
  source.Text("participantId", 95, [&](const std::string& text) { m.set_participant_id(text); });
  source.Text("channel", 80, [&](const std::string& text) { m.set_channel(text); });
  source.Time("registeredAt", [&] { return m.mutable_registered_at(); });
  source.Money("purchaseAmount", [&](int64_t amount) { m.set_purchase_amount(amount); });
  return m;
}

template <typename Message>
void DrawChannel(Source& source, Message& m) {
  source.Text("channel", 95, [&](const std::string& text) { m.set_channel(text); });
  source.Text("channelType", 50, [&](const std::string& text) { m.set_channel_type(text); });
  source.Text("status", 50, [&](const std::string& text) { m.set_status(text); });
  source.Views([&](int64_t views) { m.set_expected_views(views); });
  source.Money("distributionCost", [&](int64_t amount) { m.set_distribution_cost(amount); });
  source.Text("distributionId", 50, [&](const std::string& text) { m.set_distribution_id(text); });
}

v1::DistributionCompleted Draw(Source& source, DistributionCompleted*) {
  v1::DistributionCompleted m;
  source.Time("completedAt", [&] { return m.mutable_completed_at(); });
  const bool list = source.Chance(50);
  if (!list || source.Chance(5)) DrawChannel(source, m);
  if (list || source.Chance(5)) {
    source.json().Key("distributedChannels");
    source.json().Open('[');
    for (uint64_t left = source.Below(4); left > 0; --left) {
      source.json().Open('{');
      DrawChannel(source, *m.add_distributed_channels());
      source.json().Close('}');
    }
    source.json().Close(']');
  }
  return m;
}

template <typename Event>
void ExpectSame(uint64_t seed, int& accepted) {
  static Decoder& json_decoder = *new Decoder({});
  static Decoder& protobuf_decoder = *new Decoder({});
  Source source(seed);
  source.json().Open('{');
  source.json().Key("eventId");
  source.json().String("evt-1");
  auto message = Draw(source, static_cast<Event*>(nullptr));
  source.json().Close('}');
  message.set_event_id("evt-1");

  const Input json{.value = source.json().text()};
  const Input protobuf{.value = message.SerializeAsString()};
  Event from_json;
  Event from_protobuf;
  const auto json_rejection = DecodeInput(json_decoder, json, from_json);
  const auto protobuf_rejection = DecodeInput(protobuf_decoder, protobuf, from_protobuf);
  RC_LOG() << *json.value << "\nJSON: " << Describe(json_rejection)
           << "\nProtobuf: " << Describe(protobuf_rejection);
  RC_ASSERT(json_rejection.has_value() == protobuf_rejection.has_value());
  if (json_rejection) {
    RC_ASSERT(json_rejection->reason == protobuf_rejection->reason);
    return;
  }
  RC_ASSERT(from_json == from_protobuf);
  ++accepted;
}

constexpr int kDrawsPerCase = 100;

template <typename Event>
void ExpectSameForMany() {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  std::mt19937_64 seeds(seed);
  int accepted = 0;
  for (int i = 0; i < kDrawsPerCase; ++i) ExpectSame<Event>(seeds(), accepted);
  RC_ASSERT(accepted > 0);  // else the test would say nothing
}

RC_GTEST_PROP(SameInBothEncodings, EventCreated, ()) { ExpectSameForMany<EventCreated>(); }
RC_GTEST_PROP(SameInBothEncodings, ParticipantRegistered, ()) {
  ExpectSameForMany<ParticipantRegistered>();
}
RC_GTEST_PROP(SameInBothEncodings, DistributionCompleted, ()) {
  ExpectSameForMany<DistributionCompleted>();
}

const std::array<std::string, 2> kValues = {
    R"({"eventId":"evt-1","participantId":"p1","channel":"지니TV", "registeredAt":)"
    R"("2026-01-01T09:30:00+09:00","purchaseAmount":30000.5,"x":[1,{"a":"b\n"},[]],"y":{"z":null}})",
    R"({"eventId":"evt-1","distributedChannels":[{"channel":"SNS","expectedViews":5e3},)"
    R"({"channel":"B","expectedViews":0,"x":{"y":[true,false]}} ],"completedAt":null})"};

std::string Mutate(std::string value, std::mt19937_64& random) {
  static constexpr std::string_view kBytes = "{}[]\",:\\ 0-1e.tnfx\xff\x80\x00\n";
  for (uint64_t left = 1 + random() % 3; left > 0 && !value.empty(); --left) {
    const size_t at = random() % value.size();
    const char byte = kBytes[random() % kBytes.size()];
    switch (random() % 5) {
      case 0:
        value[at] = byte;
        break;
      case 1:
        value.insert(at, 1, byte);
        break;
      case 2:
        value.erase(at, 1 + random() % 3);
        break;
      case 3:
        std::swap(value[at], value[random() % value.size()]);
        break;
      default:
        value.resize(random() % 20 == 0 ? at : value.size());
    }
  }
  return value;
}

// simdjson's other parser, which validates everything. nullopt: it does not say, since it refuses
// numbers that are malformed and numbers that no double can hold alike.
std::optional<bool> IsJsonObject(const std::string& value) {
  static simdjson::dom::parser& parser = *new simdjson::dom::parser();
  simdjson::dom::element element;
  const simdjson::error_code error = parser.parse(value).get(element);
  if (error == simdjson::NUMBER_ERROR) return std::nullopt;
  return error == simdjson::SUCCESS && element.is_object();
}

RC_GTEST_PROP(AnyBytes, UndecodableIsWhatIsNoJsonObject, ()) {
  static Decoder& decoder = *new Decoder({});
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  for (int i = 0; i < kDrawsPerCase; ++i) {
    Input input{.value = Mutate(kValues[random() % 2], random),
                .headers = {{"content-type", "application/json"}}};
    const std::optional<bool> is_json = IsJsonObject(*input.value);
    ParticipantRegistered registered;
    DistributionCompleted completed;
    EventCreated created;
    for (const auto& rejection :
         {DecodeInput(decoder, input, registered), DecodeInput(decoder, input, created)}) {
      RC_LOG() << *input.value << "\n" << Describe(rejection) << "\n";
      const bool undecodable = rejection && rejection->reason == Reason::kUndecodable;
      RC_ASSERT(undecodable == !is_json.value_or(!undecodable));
    }
    // A bad element ends the reading before a later fault in the syntax is met.
    const auto rejection = DecodeInput(decoder, input, completed);
    RC_LOG() << *input.value << "\n" << Describe(rejection) << "\n";
    RC_ASSERT(rejection || is_json.value_or(true));
  }
}

RC_GTEST_PROP(AnyBytes, ProtobufNeverCrashes, ()) {
  static Decoder& decoder = *new Decoder({});
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  Source source(random());
  source.json().Open('{');
  auto message = Draw(source, static_cast<DistributionCompleted*>(nullptr));
  message.set_event_id("evt-1");
  for (int i = 0; i < kDrawsPerCase; ++i) {
    Input input{.value = Mutate(message.SerializeAsString(), random),
                .headers = {{"content-type", "application/protobuf"}}};
    ParticipantRegistered registered;
    DistributionCompleted completed;
    EventCreated created;
    (void)DecodeInput(decoder, input, registered);
    (void)DecodeInput(decoder, input, completed);
    (void)DecodeInput(decoder, input, created);
  }
}

}  // namespace
}  // namespace tally::domain
