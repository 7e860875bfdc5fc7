#include "query/selection.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "processor/domain/identifier.h"

namespace tally::query {
namespace {

constexpr int64_t kPageMax = 1'000'000'000;
constexpr int64_t kPageSizeMax = 100;
constexpr int64_t kPageSizeDefault = 20;

void CheckPoints(const Window& window, Interval interval, std::vector<ParameterError>& errors) {
  if (!window.limited) return;
  const int64_t points = CountBuckets(window.current, interval, window.zone);
  if (points <= kTimelinePointsMax) return;
  errors.push_back({"interval", std::string(kIntervalNames[static_cast<size_t>(interval)]),
                    absl::StrCat("a coarser one, or a shorter period: at most ", kTimelinePointsMax,
                                 " points are answered, these are ", points)});
}

bool ParseAscending(Parameters& parameters, bool by_default) {
  return parameters.Choice("order", kSortOrderNames).value_or(by_default ? 0 : 1) == 0;
}

}  // namespace

EventPage ParsePage(Parameters& parameters) {
  EventPage page;
  page.page = parameters.Integer("page", 0, kPageMax, 0);
  page.size = parameters.Integer("size", 1, kPageSizeMax, kPageSizeDefault);
  page.sort_by =
      static_cast<EventSortKey>(parameters.Choice("sortBy", kEventSortNames).value_or(0));
  page.ascending = ParseAscending(parameters, page.sort_by == EventSortKey::kEventId);
  return page;
}

ChannelSelection ParseChannelSelection(Parameters& parameters,
                                       std::vector<ParameterError>& errors) {
  ChannelSelection selection;
  selection.names = ParseChannels(parameters, errors);
  selection.sort_by =
      static_cast<ChannelSortKey>(parameters.Choice("sortBy", kChannelSortNames).value_or(0));
  selection.ascending = ParseAscending(parameters, selection.sort_by == ChannelSortKey::kChannel);
  return selection;
}

Interval ParseInterval(Parameters& parameters, const Window& window,
                       std::vector<ParameterError>& errors) {
  const bool sent = parameters.Text("interval").has_value();
  const auto choice = parameters.Choice("interval", kIntervalNames);
  const Interval interval = choice.has_value() ? static_cast<Interval>(*choice) : Interval::kDaily;
  if (choice.has_value() == sent) CheckPoints(window, interval, errors);
  return interval;
}

std::vector<std::string> ParseChannels(const Parameters& parameters,
                                       std::vector<ParameterError>& errors) {
  const std::vector<std::string>& asked = parameters.Texts("channel");
  std::vector<std::string> names;
  if (asked.empty()) return names;
  domain::ChannelNames channel_names;
  for (const std::string& raw : asked) {
    std::string_view name;
    if (channel_names.Normalize(raw, name) == domain::TextStatus::kOk) {
      names.emplace_back(name);
    } else {
      errors.push_back({"channel", raw,
                        absl::StrCat("the name of a channel: 1 to ", domain::kIdentifierBytesMax,
                                     " bytes of UTF-8 (NFC) without control characters")});
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void ExplainNoPeriod(std::vector<ParameterError>& errors) {
  for (ParameterError& error : errors) {
    if (error.parameter != "startDate" && error.parameter != "endDate") continue;
    error.allowed = "not to be given: everything in this answer is lifetime";
  }
}

}  // namespace tally::query
