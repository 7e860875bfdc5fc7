#include <array>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "query/calendar.h"
#include "query/grpc/convert.h"
#include "query/position.h"
#include "query/selection.h"

namespace tally::query::rpc {
namespace {

// By value, UNSPECIFIED left out. A value that this version does not know is refused by its number.
template <class Names>
std::string EnumText(int value, const Names& names) {
  const bool known = value >= 1 && static_cast<size_t>(value) <= std::size(names);
  return known ? std::string(names[static_cast<size_t>(value) - 1]) : absl::StrCat(value);
}

std::string Text(v1::SortOrder value) { return EnumText(value, kSortOrderNames); }
std::string Text(v1::ChannelSortBy value) { return EnumText(value, kChannelSortNames); }
std::string Text(v1::EventSortBy value) { return EnumText(value, kEventSortNames); }
std::string Text(v1::Interval value) { return EnumText(value, kIntervalNames); }

template <class Enum>
void AddEnum(const char* name, Enum value, Request& request) {
  if (value != 0) request.parameters.emplace_back(name, Text(value));
}

template <class Message>
void AddPeriod(const Message& message, Request& request) {
  if constexpr (requires { message.start_date(); }) {
    if (message.has_start_date())
      request.parameters.emplace_back("startDate", message.start_date());
    if (message.has_end_date()) request.parameters.emplace_back("endDate", message.end_date());
  }
  if (message.has_timezone()) request.parameters.emplace_back("timezone", message.timezone());
}

template <class Message>
void AddPage(const Message& message, Request& request) {
  if constexpr (requires { message.page(); }) {
    if (message.has_page()) request.parameters.emplace_back("page", absl::StrCat(message.page()));
    if (message.has_size()) request.parameters.emplace_back("size", absl::StrCat(message.size()));
  }
}

template <class Message>
void AddSelection(const Message& message, Request& request) {
  if constexpr (requires { message.channel(); }) {
    for (const std::string& name : message.channel()) {
      request.parameters.emplace_back("channel", name);
    }
  }
  if constexpr (requires { message.sort_by(); }) {
    AddEnum("sortBy", message.sort_by(), request);
    AddEnum("order", message.order(), request);
  }
  if constexpr (requires { message.interval(); }) AddEnum("interval", message.interval(), request);
}

}  // namespace

template <class Message>
Request ToRequest(const Message& message) {
  Request request;
  if constexpr (requires { message.event_id(); }) {
    request.id = message.event_id();
  } else {
    request.id = message.user_id();
  }
  AddPeriod(message, request);
  AddPage(message, request);
  AddSelection(message, request);
  request.min_position = message.min_position();
  if (message.has_if_none_match()) request.if_none_match = message.if_none_match();
  return request;
}

template Request ToRequest(const v1::GetEventDashboardRequest&);
template Request ToRequest(const v1::GetEventChannelsRequest&);
template Request ToRequest(const v1::GetEventRoiRequest&);
template Request ToRequest(const v1::GetEventTimelineRequest&);
template Request ToRequest(const v1::GetUserDashboardRequest&);
template Request ToRequest(const v1::GetUserChannelsRequest&);
template Request ToRequest(const v1::GetUserRoiRequest&);
template Request ToRequest(const v1::GetUserTimelineRequest&);

std::string FieldName(std::string_view parameter) {
  if (parameter == kMinPositionParameter) return "min_position";
  std::string name;
  for (const char c : parameter) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c))) name.push_back('_');
    name.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

}  // namespace tally::query::rpc
