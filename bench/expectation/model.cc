#include "bench/expectation/model.h"

#include <xxhash.h>

#include <algorithm>

namespace tally::bench {
namespace {

constexpr int64_t kHour = 3'600'000;

// Towards the past, also before 1970.
int64_t HourOf(int64_t millis) { return millis / kHour - (millis % kHour < 0 ? 1 : 0); }

void AppendText(const std::string& text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void AppendNumber(const char* name, int64_t number, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  out += std::to_string(number);
}

void AppendList(std::initializer_list<int64_t> numbers, std::string& out) {
  char before = '[';
  for (const int64_t number : numbers) {
    out += before;
    out += std::to_string(number);
    before = ',';
  }
  out += ']';
}

// So that what was counted in a wrong hour is noticed; small, so that sums fit.
int64_t Weight(int64_t hour) { return hour & 8191; }

template <typename Value>
Value& Find(std::vector<std::pair<std::string, Value>>& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&name](const auto& one) { return one.first == name; });
  return found != list.end() ? found->second : list.emplace_back(name, Value()).second;
}

}  // namespace

void Model::Apply(const Registered& record) {
  // The length keeps ("a", "bc") and ("ab", "c") apart.
  identity_ = std::to_string(record.event_id.size()) + ':' + record.event_id;
  identity_ += record.participant_id;
  const XXH128_hash_t hash = XXH3_128bits(identity_.data(), identity_.size());
  Event& event = events_[record.event_id];
  if (!participants_.Insert({.low = hash.low64, .high = hash.high64})) return;
  for (Counted* counted :
       {&Find(event.registered, record.channel), &event.registered_hours[HourOf(record.at)]}) {
    ++counted->participants;
    counted->amount += record.amount;
  }
}

void Model::Apply(const Distributed& record) {
  Event& event = events_[record.event_id];
  for (const Distribution& channel : record.channels) {
    event.distributions[{channel.channel, channel.distribution_id}] = {
        .hour = HourOf(record.at),
        .views = channel.success ? channel.views : 0,
        .cost = channel.cost};
  }
}

std::string Model::Line(const std::string& event_id, const Event& event) {
  std::map<std::string, Counted> channels(event.registered.begin(), event.registered.end());
  std::unordered_map<int64_t, Counted> hours = event.registered_hours;
  Counted total;
  for (const auto& [identity, standing] : event.distributions) {
    Counted& channel = channels[identity.first];
    channel.views += standing.views;
    channel.cost += standing.cost;
    hours[standing.hour].views += standing.views;
  }
  for (const auto& [name, channel] : channels) {
    total.participants += channel.participants;
    total.views += channel.views;
    total.amount += channel.amount;
    total.cost += channel.cost;
  }
  std::string line = "{\"eventId\":";
  AppendText(event_id, line);
  AppendNumber("participants", total.participants, line);
  AppendNumber("totalViews", total.views, line);
  AppendNumber("purchaseAmount", total.amount, line);
  AppendNumber("distributionCost", total.cost, line);
  line += ",\"channels\":{";
  for (const auto& [name, channel] : channels) {
    if (line.back() != '{') line += ',';
    AppendText(name, line);
    line += ':';
    AppendList({channel.participants, channel.views, channel.amount, channel.cost}, line);
  }
  int64_t filled = 0;
  Counted sum, weighted;
  for (const auto& [hour, counted] : hours) {
    if (counted.participants != 0 || counted.views != 0 || counted.amount != 0) ++filled;
    Add(counted, 1, sum);
    Add(counted, Weight(hour), weighted);
  }
  line += "},\"hours\":";
  AppendList({filled, sum.participants, sum.views, sum.amount}, line);
  line += ",\"hoursWeighted\":";
  AppendList({weighted.participants, weighted.views, weighted.amount}, line);
  return line + "}\n";
}

void Model::Add(const Counted& counted, int64_t times, Counted& sum) {
  sum.participants += counted.participants * times;
  sum.views += counted.views * times;
  sum.amount += counted.amount * times;
}

void Model::AppendLines(std::map<std::string, std::string>& lines) const {
  for (const auto& [event_id, event] : events_) {
    if (event.created) lines.emplace(event_id, Line(event_id, event));
  }
}

}  // namespace tally::bench
