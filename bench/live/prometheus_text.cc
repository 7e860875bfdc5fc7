#include "bench/live/prometheus_text.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace tally::bench {

std::optional<double> SumOfMetric(std::string_view page, std::string_view name,
                                  std::string_view label) {
  std::optional<double> sum;
  for (const absl::string_view piece :
       absl::StrSplit(absl::string_view(page.data(), page.size()), '\n')) {
    const std::string_view line(piece.data(), piece.size());
    if (!line.starts_with(name)) continue;
    const std::string_view rest = line.substr(name.size());
    if (!rest.starts_with('{') && !rest.starts_with(' ')) continue;
    if (rest.find(label) == rest.npos) continue;
    const std::string_view number = rest.substr(rest.rfind(' ') + 1);
    double value = 0;
    if (absl::SimpleAtod({number.data(), number.size()}, &value)) sum = sum.value_or(0) + value;
  }
  return sum;
}

}  // namespace tally::bench
