#include "query/parameters.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "processor/domain/identifier.h"

namespace tally::query {
namespace {

using Names = absl::Span<const std::string_view>;

bool Contains(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string Join(Names names) {
  return absl::StrJoin(names, ", ", [](std::string* out, std::string_view name) { *out += name; });
}

std::string UnknownAllowed(Names single, Names repeatable) {
  std::vector<std::string_view> names(single.begin(), single.end());
  names.insert(names.end(), repeatable.begin(), repeatable.end());
  return absl::StrCat("no parameter of this name; known here: ", Join(names));
}

}  // namespace

Parameters::Parameters(const ParameterList& sent, Names single, Names repeatable,
                       std::vector<ParameterError>& errors)
    : errors_(errors) {
  std::set<std::string_view> refused;
  for (const auto& [name, value] : sent) {
    const bool known = Contains(single, name) || Contains(repeatable, name);
    std::vector<std::string>& values = values_[name];
    values.push_back(value);
    if (!known && refused.insert(name).second) {
      errors_.push_back({name, value, UnknownAllowed(single, repeatable)});
    } else if (values.size() > 1 && Contains(single, name) && refused.insert(name).second) {
      errors_.push_back({name, value, "to be given once"});
    }
  }
}

std::optional<std::string> Parameters::Text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second.front();
}

const std::vector<std::string>& Parameters::Texts(std::string_view name) const {
  static const std::vector<std::string>* const kNone = new std::vector<std::string>;
  const auto found = values_.find(name);
  return found == values_.end() ? *kNone : found->second;
}

int64_t Parameters::Integer(std::string_view name, int64_t min, int64_t max, int64_t otherwise) {
  const std::optional<std::string> text = Text(name);
  if (!text.has_value()) return otherwise;
  int64_t value = 0;
  bool good = !text->empty() && text->size() <= 18;
  for (const char c : *text) {
    good = good && c >= '0' && c <= '9';
    if (good) value = value * 10 + (c - '0');
  }
  if (good && value >= min && value <= max) return value;
  errors_.push_back({std::string(name), *text, absl::StrCat("an integer from ", min, " to ", max)});
  return otherwise;
}

std::optional<size_t> Parameters::Choice(std::string_view name, Names choices) {
  const std::optional<std::string> text = Text(name);
  if (!text.has_value()) return std::nullopt;
  const auto* found = std::find(choices.begin(), choices.end(), *text);
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  errors_.push_back({std::string(name), *text, absl::StrCat("one of ", Join(choices))});
  return std::nullopt;
}

PeriodParameters Parameters::Period() const {
  return {Text("startDate"), Text("endDate"), Text("timezone")};
}

void CheckIdentifier(std::string_view name, std::string_view id,
                     std::vector<ParameterError>& errors) {
  if (domain::CheckIdentifier(id) == domain::TextStatus::kOk) return;
  errors.push_back({std::string(name), std::string(id),
                    absl::StrCat("1 to ", domain::kIdentifierBytesMax,
                                 " bytes of UTF-8 without control characters")});
}

}  // namespace tally::query
