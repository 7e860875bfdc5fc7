#include <charconv>
#include <chrono>

#include "processor/domain/money.h"
#include "tools/tally/encode.h"

namespace tally::cli {
namespace {

constexpr domain::Millis kSeoulOffset = 9 * 3'600'000;

void AppendInt(int64_t number, std::string* out) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  out->append(buffer, end);
}

void AppendPadded(int64_t number, int width, std::string* out) {
  char digits[8];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out->append(digits, static_cast<size_t>(width));
}

void AppendField(std::string_view name, std::string* out) {
  out->push_back(out->back() == '{' ? '"' : ',');
  if (out->back() == ',') out->push_back('"');
  out->append(name);
  out->append("\":");
}

void AppendStringField(std::string_view name, std::string_view value, std::string* out) {
  AppendField(name, out);
  AppendJsonString(value, out);
}

void AppendTimeField(std::string_view name, domain::Millis time, std::string* out) {
  AppendField(name, out);
  out->push_back('"');
  AppendTime(time, out);
  out->push_back('"');
}

void AppendMoneyField(std::string_view name, domain::Hundredths amount, std::string* out) {
  AppendField(name, out);
  out->append(domain::FormatMoney(amount));
}

void AppendChannel(const domain::ChannelDistribution& channel, std::string* out) {
  out->push_back('{');
  AppendStringField("channel", channel.channel, out);
  if (!channel.channel_type.empty()) {
    AppendStringField("channelType", channel.channel_type, out);
  }
  AppendStringField("status", channel.status, out);
  AppendField("expectedViews", out);
  AppendInt(channel.expected_views, out);
  AppendMoneyField("distributionCost", channel.distribution_cost, out);
  if (!channel.distribution_id.empty()) {
    AppendStringField("distributionId", channel.distribution_id, out);
  }
  out->push_back('}');
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (byte < 0x20) {
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void AppendTime(domain::Millis time, std::string* out) {
  using std::chrono::days, std::chrono::milliseconds, std::chrono::sys_time;
  const sys_time<milliseconds> local{milliseconds{time + kSeoulOffset}};
  const auto day = std::chrono::floor<days>(local);
  const std::chrono::year_month_day date{day};
  const int64_t in_day = (local - day).count();
  AppendPadded(static_cast<int>(date.year()), 4, out);
  out->push_back('-');
  AppendPadded(static_cast<unsigned>(date.month()), 2, out);
  out->push_back('-');
  AppendPadded(static_cast<unsigned>(date.day()), 2, out);
  out->push_back('T');
  AppendPadded(in_day / 3'600'000, 2, out);
  out->push_back(':');
  AppendPadded(in_day / 60'000 % 60, 2, out);
  out->push_back(':');
  AppendPadded(in_day / 1000 % 60, 2, out);
  if (in_day % 1000 != 0) {
    out->push_back('.');
    AppendPadded(in_day % 1000, 3, out);
  }
  out->append("+09:00");
}

void AppendJson(const domain::EventCreated& event, std::string* out) {
  out->push_back('{');
  AppendStringField("eventId", event.event_id, out);
  AppendStringField("userId", event.user_id, out);
  AppendStringField("eventTitle", event.event_title, out);
  AppendStringField("status", event.status, out);
  if (event.start) AppendTimeField("startDate", *event.start, out);
  if (event.end) AppendTimeField("endDate", *event.end, out);
  AppendTimeField("createdAt", event.created_at, out);
  AppendMoneyField("totalInvestment", event.total_investment, out);
  AppendMoneyField("expectedRevenue", event.expected_revenue, out);
  AppendMoneyField("targetRoi", event.target_roi, out);
  out->push_back('}');
}

void AppendJson(const domain::ParticipantRegistered& event, std::string* out) {
  out->push_back('{');
  AppendStringField("eventId", event.event_id, out);
  AppendStringField("participantId", event.participant_id, out);
  AppendStringField("channel", event.channel, out);
  AppendTimeField("registeredAt", event.registered_at, out);
  AppendMoneyField("purchaseAmount", event.purchase_amount, out);
  out->push_back('}');
}

void AppendJson(const domain::DistributionCompleted& event, std::string* out) {
  out->push_back('{');
  AppendStringField("eventId", event.event_id, out);
  AppendTimeField("completedAt", event.completed_at, out);
  AppendField("distributedChannels", out);
  out->push_back('[');
  for (const domain::ChannelDistribution& channel : event.channels) {
    if (&channel != event.channels.data()) out->push_back(',');
    AppendChannel(channel, out);
  }
  out->append("]}");
}

}  // namespace tally::cli
