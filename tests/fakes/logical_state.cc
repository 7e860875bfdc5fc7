#include "tests/fakes/logical_state.h"

#include <fmt/format.h>

#include <algorithm>

namespace tally::domain {
namespace {

std::string Text(Int128 value) { return fmt::format("{}", value); }
std::string Text(const std::optional<Millis>& time) {
  return time ? fmt::format("{}", *time) : "none";
}

std::string Line(const Description& d) {
  return fmt::format(
      "description user={} title={} status={} start={} end={} created={} investment={} "
      "revenue={} target={}",
      d.user_id, d.event_title, d.status, Text(d.start), Text(d.end), d.created_at,
      d.total_investment, d.expected_revenue, d.target_roi);
}

std::string Line(const Channel& c) {
  std::string line = fmt::format("channel {}", c.name);
  if (c.participants != 0 || c.purchase_amount != 0) {
    line += fmt::format(" participants={} purchases={}", c.participants, Text(c.purchase_amount));
  }
  if (c.distributions != 0 || c.impressions != 0 || c.distribution_cost != 0) {
    line += fmt::format(" distributions={} impressions={} cost={}", c.distributions,
                        Text(c.impressions), Text(c.distribution_cost));
  }
  if (c.distributions != 0 || !c.channel_type.empty() || !c.status.empty()) {
    line += fmt::format(" type={} status={}", c.channel_type, c.status);
  }
  line += fmt::format(" named={}{}", c.named_by_participants ? "P" : "",
                      c.named_by_distributions ? "D" : "");
  return line;
}

void AppendEvent(const LogicalEvent& event, std::vector<std::string>& lines) {
  if (event.description) lines.push_back(Line(*event.description));
  for (const auto& [name, channel] : event.channels) lines.push_back(Line(channel));
  for (int topic = 0; topic < kTopicCount; ++topic) {
    const TopicMark& mark = event.marks[topic];
    if (mark == TopicMark{}) continue;
    lines.push_back(fmt::format("mark {} offset={} timestamp={}",
                                TopicSuffix(static_cast<Topic>(topic)), mark.last_offset,
                                mark.max_timestamp));
  }
  for (const auto& [id, p] : event.participants) {
    lines.push_back(fmt::format("participant {} channel={} hour={} purchase={}", id, p.channel,
                                p.hour, p.purchase_amount));
  }
  for (const auto& [identity, d] : event.distributions) {
    lines.push_back(fmt::format(
        "distribution {}/{} channel={} type={} status={} completed={} views={} cost={}",
        identity.first, identity.second, d.channel, d.content.channel_type, d.content.status,
        d.content.completed_at, d.content.expected_views, d.content.distribution_cost));
  }
  for (const auto& [cell, counts] : event.timeline) {
    lines.push_back(fmt::format("hour {} {} participants={} views={} purchases={}", cell.first,
                                cell.second, counts.participants, Text(counts.views),
                                Text(counts.purchase_amount)));
  }
}

}  // namespace

std::vector<std::string> Lines(const LogicalState& state) {
  std::vector<std::string> lines;
  for (const auto& [id, event] : state.events) {
    const size_t begin = lines.size();
    AppendEvent(event, lines);
    std::for_each(lines.begin() + static_cast<std::ptrdiff_t>(begin), lines.end(),
                  [&prefix = id](std::string& line) { line = prefix + " " + line; });
  }
  for (const auto& [user, events] : state.events_of_user) {
    for (const std::string& event : events) lines.push_back(fmt::format("user {} {}", user, event));
  }
  return lines;
}

}  // namespace tally::domain
