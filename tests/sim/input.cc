#include "tests/sim/input.h"

#include <fmt/format.h>

#include <set>

#include "processor/domain/partitioner.h"
#include "tally/v1/events.pb.h"
#include "tests/sim/random.h"

namespace tally::sim {
namespace {

using domain::Reason;
using domain::Topic;

constexpr int64_t kBase = 1'767'225'600'000;  // 2026-01-01T00:00Z
constexpr int64_t kMinute = 60'000;
constexpr int64_t kDay = 86'400'000;
constexpr size_t kShownMax = 300;

// As sent and as it counts: channel names are compared after NFC.
struct ChannelName {
  std::string_view sent, meant;
};
ChannelName ChannelOf(int index) {
  switch (index) {
    case 0:
      return {"TV", "TV"};
    case 1:
      return {"기타", "기타"};
    case 2:  // "한글" decomposed
      return {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xb3\xe1\x86\xaf", "한글"};
    case 3:
      return {"한글", "한글"};
    default: {
      const std::string_view name = Pooled(fmt::format("ch-{}", index));
      return {name, name};
    }
  }
}

// "2026-01-01T00:30:00", with the zone written or left to the default of +09:00.
std::string TimeText(int64_t time, Random& random) {
  constexpr int64_t kInputOffset = 9 * 60 * kMinute;
  const int form = random.Below(3);
  const int64_t shown = form == 0 ? time : time + kInputOffset;
  const int64_t in_day = (shown - kBase) % kDay;  // all are within some days of 2026-01-01
  const int64_t day = (shown - kBase) / kDay + 1;
  std::string text = fmt::format("2026-01-{:02}T{:02}:{:02}:{:02}", day, in_day / 3'600'000,
                                 in_day / kMinute % 60, in_day / 1000 % 60);
  if (in_day % 1000 != 0) text += fmt::format(".{:03}", in_day % 1000);
  return text + (form == 0 ? "Z" : form == 1 ? "+09:00" : "");
}

// Hundredths as a JSON number or string.
std::string MoneyText(int64_t hundredths, Random& random) {
  const std::string plain = hundredths % 100 == 0
                                ? fmt::format("{}", hundredths / 100)
                                : fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
  switch (random.Below(4)) {
    case 0:
      return '"' + plain + '"';
    case 1:
      return fmt::format("{}e-2", hundredths);
    default:
      return plain;
  }
}

// Makes one record: decides what it says, then writes it down in one of the two encodings.
class Maker {
 public:
  Maker(const Config& config, uint64_t salt) : config_(config), random_(salt) {}

  Input Make() {
    event_id_ = EventId(random_.Below(config_.events));
    input_.key = std::string(event_id_);
    input_.partition = PartitionOfEvent(config_, event_id_);
    // Records that say the same differ in it, as they do in a real log.
    input_.timestamp_ms = kBase + kDay + random_.Below(100'000);
    json_ = random_.Percent(60);
    const int kind = random_.Below(10);
    if (kind < 2) {
      Create();
    } else if (kind < 5) {
      Distribute();
    } else {
      Register();
    }
    if (random_.Percent(20)) {
      input_.headers.emplace_back(
          "content-type", json_ ? "application/json; charset=utf-8" : "application/x-protobuf");
    }
    return std::move(input_);
  }

 private:
  // A time of the record, or none so that the record's own stands in.
  bool RollTime(int64_t* time) {
    const bool given = random_.Percent(85);
    *time = given ? kBase + random_.Below(8) * 30 * kMinute + random_.Below(2) * 500
                  : input_.timestamp_ms;
    return given;
  }
  int64_t RollMoney() { return random_.Percent(50) ? 0 : random_.Below(5) * 125; }

  void Field(std::string_view name, const std::string& raw) {
    text_ += fmt::format("{}\"{}\":{}", text_.empty() ? "{" : ",", name, raw);
  }
  void TextField(std::string_view name, std::string_view text) {
    Field(name, fmt::format("\"{}\"", text));
  }
  void SetTime(google::protobuf::Timestamp* to, int64_t time) {
    to->set_seconds(time / 1000);
    to->set_nanos(static_cast<int32_t>(time % 1000) * 1'000'000);
  }
  template <typename Message, typename Event>
  void Finish(Topic topic, const Message& message, const Event& event) {
    input_.topic = topic;
    input_.value = json_ ? text_ + "}" : message.SerializeAsString();
    input_.event = event;
  }

  void Create() {
    domain::EventCreated event;
    event.event_id = event_id_;
    event.user_id = UserId(random_.Below(config_.users));
    event.event_title = random_.Pick<std::string_view>({"", "할인", "sale"});
    event.status = random_.Pick<std::string_view>({"ACTIVE", "ENDED"});
    const bool has_time = RollTime(&event.created_at);
    event.total_investment = RollMoney();
    event.target_roi = random_.Below(3) * 50;

    TextField("eventId", event_id_);
    const bool old_name = random_.Percent(20);
    TextField(old_name ? "storeId" : "userId", event.user_id);
    TextField("eventTitle", event.event_title);
    if (event.status != "ACTIVE" || random_.Percent(50)) TextField("status", event.status);
    if (has_time) TextField("createdAt", TimeText(event.created_at, random_));
    Field("totalInvestment", MoneyText(event.total_investment, random_));
    Field("targetRoi", MoneyText(event.target_roi, random_));

    v1::EventCreated message;
    message.set_event_id(std::string(event_id_));
    (old_name ? message.mutable_store_id() : message.mutable_user_id())->assign(event.user_id);
    message.set_event_title(std::string(event.event_title));
    message.set_status(std::string(event.status));
    if (has_time) SetTime(message.mutable_created_at(), event.created_at);
    message.set_total_investment(event.total_investment);
    message.set_target_roi(event.target_roi);
    Finish(Topic::kEventCreated, message, event);
  }

  void Register() {
    domain::ParticipantRegistered event;
    event.event_id = event_id_;
    event.participant_id = Pooled(fmt::format("p{}", random_.Below(config_.participants)));
    const bool has_channel = random_.Percent(85);
    const ChannelName channel = has_channel ? RollChannel() : ChannelName{"기타", "기타"};
    event.channel = channel.meant;
    const bool has_time = RollTime(&event.registered_at);
    event.purchase_amount = RollMoney();

    TextField("eventId", event_id_);
    TextField("participantId", event.participant_id);
    if (has_channel) TextField("channel", channel.sent);
    if (has_time) TextField("registeredAt", TimeText(event.registered_at, random_));
    Field("purchaseAmount", MoneyText(event.purchase_amount, random_));

    v1::ParticipantRegistered message;
    message.set_event_id(std::string(event_id_));
    message.set_participant_id(std::string(event.participant_id));
    if (has_channel) message.set_channel(std::string(channel.sent));
    if (has_time) SetTime(message.mutable_registered_at(), event.registered_at);
    message.set_purchase_amount(event.purchase_amount);
    Finish(Topic::kParticipantRegistered, message, event);
  }

  ChannelName RollChannel() {
    const bool rare = config_.many_channels && random_.Percent(40);
    return ChannelOf(rare ? 5000 + random_.Below(40) : random_.Below(config_.channels));
  }

  void Distribute() {
    domain::DistributionCompleted event;
    event.event_id = event_id_;
    const bool has_time = RollTime(&event.completed_at);
    const bool flood = config_.many_channels && random_.Percent(10);
    const int count = flood ? 990 + random_.Below(20) : 1 + random_.Below(4);
    const bool is_inline = count == 1 && random_.Percent(50);

    TextField("eventId", event_id_);
    if (has_time) TextField("completedAt", TimeText(event.completed_at, random_));
    v1::DistributionCompleted message;
    message.set_event_id(std::string(event_id_));
    if (has_time) SetTime(message.mutable_completed_at(), event.completed_at);

    std::string list;
    for (int i = 0; i < count; ++i) {
      domain::ChannelDistribution& one = event.channels.emplace_back();
      const ChannelName channel = flood ? ChannelOf(100 + i) : RollChannel();
      one.channel = channel.meant;
      one.channel_type = random_.Pick<std::string_view>({"", "TV", "CALL"});
      one.status = random_.Pick<std::string_view>({"SUCCESS", "SUCCESS", "FAILED"});
      one.distribution_id = random_.Pick<std::string_view>({"", "d1", "d2"});
      one.expected_views = random_.Below(4) * 100;
      one.distribution_cost = RollMoney();
      std::string fields;
      fields += fmt::format("\"channel\":\"{}\",\"channelType\":\"{}\",\"status\":\"{}\",",
                            channel.sent, one.channel_type, one.status);
      fields += fmt::format(
          "\"expectedViews\":{},\"distributionCost\":{},\"distributionId\":\"{}\"",
          one.expected_views, MoneyText(one.distribution_cost, random_), one.distribution_id);
      if (is_inline) {
        text_ += "," + fields;
        Fill(channel.sent, one, message);
      } else {
        list += (list.empty() ? "[{" : ",{") + fields + "}";
        Fill(channel.sent, one, *message.add_distributed_channels());
      }
    }
    if (!is_inline) Field("distributedChannels", list + "]");
    Finish(Topic::kDistributionCompleted, message, event);
  }

  // The message itself (inline) or an element of its list: the fields have the same names.
  template <typename Message>
  static void Fill(std::string_view channel_as_sent, const domain::ChannelDistribution& one,
                   Message& message) {
    message.set_channel(std::string(channel_as_sent));
    message.set_channel_type(std::string(one.channel_type));
    message.set_status(std::string(one.status));
    message.set_expected_views(one.expected_views);
    message.set_distribution_cost(one.distribution_cost);
    message.set_distribution_id(std::string(one.distribution_id));
  }

  const Config& config_;
  Random random_;
  std::string_view event_id_;
  bool json_ = true;
  std::string text_;
  Input input_;
};

std::string ProtobufText(Topic topic, const std::string& value) {
  const auto text = [&](google::protobuf::Message&& message) {
    return message.ParseFromString(value) ? message.ShortDebugString() : "(not a message)";
  };
  switch (topic) {
    case Topic::kEventCreated:
      return text(v1::EventCreated());
    case Topic::kParticipantRegistered:
      return text(v1::ParticipantRegistered());
    case Topic::kDistributionCompleted:
      return text(v1::DistributionCompleted());
  }
  return "";
}

// Spoils a good record in one way.
void Spoil(const Config& config, Random& random, Input& input) {
  input.event.reset();
  const auto set = [&](Reason reason, std::optional<std::string> value) {
    input.bad_because = reason;
    input.value = std::move(value);
    input.headers.clear();
  };
  switch (random.Below(7)) {
    case 0:
      return set(Reason::kUndecodable, "{\"eventId\":");
    case 1:
      return set(Reason::kUnexpectedTombstone, std::nullopt);
    case 2:
      return set(Reason::kMissingField, "{\"eventTitle\":\"no id\"}");
    case 3:
      input.bad_because = Reason::kUnknownContentType;
      input.headers = {{"content-type", "text/csv"}};
      return;
    case 4:
      input.bad_because = Reason::kKeyMismatch;
      input.key = "someone else's";
      return;
    case 5:
      input.topic = Topic::kParticipantRegistered;
      return set(Reason::kInvalidField,
                 fmt::format("{{\"eventId\":\"{}\",\"participantId\":7}}", *input.key));
    default:
      if (config.partitions == 1) return set(Reason::kUndecodable, "{} x");
      input.bad_because = Reason::kWrongPartition;
      input.partition = (input.partition + 1) % config.partitions;
  }
}

}  // namespace

std::string_view Pooled(std::string text) {
  static auto& pool = *new std::set<std::string>();
  return *pool.insert(std::move(text)).first;
}

std::string_view EventId(int index) { return Pooled(fmt::format("evt-{}", index)); }
std::string_view UserId(int index) { return Pooled(fmt::format("user-{}", index)); }

int32_t PartitionOfEvent(const Config& config, std::string_view event_id) {
  return domain::PartitionOf(domain::Partitioner::kMurmur2, event_id, config.partitions);
}

Input MakeInput(const Config& config, uint64_t salt) {
  Random random(salt);
  const bool bad = random.Percent(config.bad_percent);
  Input input = Maker(config, random.Next()).Make();
  if (bad) Spoil(config, random, input);
  return input;
}

std::string Input::ToString() const {
  std::string shown = "null";
  if (value) shown = value->starts_with("{") ? *value : ProtobufText(topic, *value);
  if (shown.size() > kShownMax) shown = shown.substr(0, kShownMax) + "…";
  return fmt::format("{}/{} {}{}", domain::TopicSuffix(topic), partition,
                     event ? "" : fmt::format("[{}] ", domain::ReasonName(bad_because)), shown);
}

}  // namespace tally::sim
