// Reading an operation's parameters; everything wrong with them is collected, not just the first.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "query/period.h"
#include "query/problem.h"

namespace tally::query {

using ParameterList = std::vector<std::pair<std::string, std::string>>;

class Parameters {
 public:
  // Takes `sent` apart; a name that is in neither list is an error, as is one of `single` that is
  // sent more than once. `errors` must outlive this.
  Parameters(const ParameterList& sent, absl::Span<const std::string_view> single,
             absl::Span<const std::string_view> repeatable, std::vector<ParameterError>& errors);

  // nullopt: not sent.
  std::optional<std::string> Text(std::string_view name) const;
  const std::vector<std::string>& Texts(std::string_view name) const;

  // `otherwise` where it is not sent or wrong.
  int64_t Integer(std::string_view name, int64_t min, int64_t max, int64_t otherwise);
  // The index of the value in `choices`.
  std::optional<size_t> Choice(std::string_view name, absl::Span<const std::string_view> choices);

  PeriodParameters Period() const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<ParameterError>& errors_;
};

inline constexpr std::string_view kPeriodParameters[] = {"startDate", "endDate", "timezone"};

// Appends an error unless `id` is 1 to 256 bytes of UTF-8 without control characters.
void CheckIdentifier(std::string_view name, std::string_view id,
                     std::vector<ParameterError>& errors);

}  // namespace tally::query
