#include "query/http/accept.h"

#include <algorithm>
#include <string>

namespace tally::query::http {
namespace {

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower;
}

// Cuts off and returns what is before the first separator.
std::string_view Next(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view head = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return Trim(head);
}

// 0: does not match; else the more specific, the greater.
int Specificity(std::string_view range, std::string_view media_type) {
  if (range == media_type) return 3;
  if (range == "*/*") return 1;
  const size_t slash = media_type.find('/');
  const bool whole_type = range.size() == slash + 2 && range.substr(slash) == "/*" &&
                          range.substr(0, slash) == media_type.substr(0, slash);
  return whole_type ? 2 : 0;
}

// True for "q=0", "q=0.", "q=0.000".
bool IsZeroWeight(std::string_view parameter) {
  const size_t equals = parameter.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string name = Lower(Trim(parameter.substr(0, equals)));
  const std::string_view value = Trim(parameter.substr(equals + 1));
  return name == "q" && !value.empty() && value.front() == '0' &&
         value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool Accepts(std::string_view accept, std::string_view media_type) {
  int best = 0;
  bool allowed = false;
  bool any_range = false;
  while (!accept.empty()) {
    std::string_view element = Next(accept, ',');
    const std::string range = Lower(Next(element, ';'));
    if (range.find('/') == std::string::npos) continue;
    any_range = true;
    bool excluded = false;
    while (!element.empty()) {
      if (IsZeroWeight(Next(element, ';'))) excluded = true;
    }
    const int specificity = Specificity(range, media_type);
    if (specificity > best) {
      best = specificity;
      allowed = !excluded;
    } else if (specificity == best && specificity > 0) {
      allowed = allowed || !excluded;
    }
  }
  return allowed || !any_range;
}

}  // namespace tally::query::http
