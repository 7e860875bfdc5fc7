#include "query/http/router.h"

#include <utility>

#include "query/http/uri.h"

namespace tally::query::http {
namespace {

bool IsVariable(std::string_view segment) { return !segment.empty() && segment.front() == '{'; }

// Fixed segments may be percent-encoded too: "/%61pi" is "/api".
bool Matches(const std::vector<std::string>& pattern,
             const std::vector<std::string_view>& segments) {
  if (pattern.size() != segments.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool same = IsVariable(pattern[i]) ? !segments[i].empty()
                                             : PercentDecode(segments[i], false) == pattern[i];
    if (!same) return false;
  }
  return true;
}

void Extract(std::string_view name, std::string_view raw, Router::Match& match) {
  const auto decoded = PercentDecode(raw, false);
  const std::string_view refusal =
      decoded.has_value() ? TextRefusal(*decoded)
                          : "percent-encoded UTF-8: '%' followed by two hexadecimal digits";
  match.path.push_back(refusal.empty() ? *decoded : std::string(raw));
  if (!refusal.empty()) {
    match.errors.push_back(
        {std::string(name.substr(1, name.size() - 2)), std::string(raw), std::string(refusal)});
  }
}

}  // namespace

Router::Router(std::vector<Route> routes) {
  entries_.reserve(routes.size());
  for (Route& route : routes) {
    Entry entry{std::move(route), {}};
    for (const std::string_view segment : SplitPath(entry.route.path)) {
      entry.segments.emplace_back(segment);
    }
    entries_.push_back(std::move(entry));
  }
}

Router::Match Router::Find(std::string_view raw_path) const {
  const std::vector<std::string_view> segments = SplitPath(raw_path);
  Match match;
  for (const Entry& entry : entries_) {
    if (!Matches(entry.segments, segments)) continue;
    match.route = &entry.route;
    for (size_t i = 0; i < segments.size(); ++i) {
      if (IsVariable(entry.segments[i])) Extract(entry.segments[i], segments[i], match);
    }
    break;
  }
  return match;
}

}  // namespace tally::query::http
