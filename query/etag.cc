#include "query/etag.h"

#include <xxhash.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "query/wire.h"

namespace tally::query {
namespace {

constexpr std::string_view kListSpace = " \t,";

void SkipSpace(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kListSpace), text.size()));
}

}  // namespace

EtagBuilder::EtagBuilder(std::string_view operation, std::string_view version,
                         std::string_view log_identity) {
  Add(operation).Add(version).Add(log_identity);
}

EtagBuilder& EtagBuilder::Add(std::string_view text) {
  AppendBytes(text, &bytes_);
  return *this;
}

EtagBuilder& EtagBuilder::Add(int64_t number) {
  AppendVarint(static_cast<uint64_t>(number), &bytes_);
  return *this;
}

EtagBuilder& EtagBuilder::Add(const Window& window) {
  return Add(window.timezone)
      .Add(window.limited ? 1 : 0)
      .Add(window.current.begin)
      .Add(window.current.end);
}

EtagBuilder& EtagBuilder::Add(const domain::EventAggregate& event) {
  Add(event.event_id);
  for (const domain::TopicMark& mark : event.marks) Add(mark.last_offset);
  return *this;
}

std::string EtagBuilder::Build() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes_.data(), bytes_.size()));
  const std::string hash(reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest);
  return absl::StrCat("\"", absl::WebSafeBase64Escape(hash), "\"");
}

bool MatchesEtag(std::string_view if_none_match, std::string_view etag) {
  SkipSpace(if_none_match);
  if (if_none_match == "*") return true;
  while (!if_none_match.empty()) {
    if (if_none_match.substr(0, 2) == "W/") if_none_match.remove_prefix(2);
    if (if_none_match.empty() || if_none_match.front() != '"') return false;
    const size_t end = if_none_match.find('"', 1);
    if (end == std::string_view::npos) return false;
    if (if_none_match.substr(0, end + 1) == etag) return true;
    if_none_match.remove_prefix(end + 1);
    SkipSpace(if_none_match);
  }
  return false;
}

}  // namespace tally::query
