#include "bench/common/samples.h"

#include <algorithm>
#include <cmath>

namespace tally::bench {

void Samples::Add(double value) {
  values_.push_back(value);
  sorted_ = false;
}

void Samples::Add(const Samples& other) {
  values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  sorted_ = false;
}

double Samples::Quantile(double fraction) const {
  if (values_.empty()) return 0;
  if (!sorted_) std::sort(values_.begin(), values_.end());
  sorted_ = true;
  const double rank = std::ceil(fraction * static_cast<double>(values_.size()));
  const auto index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
  return values_[std::min(index, values_.size() - 1)];
}

}  // namespace tally::bench
