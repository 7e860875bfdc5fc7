// Measured numbers and what is told of them.
#pragma once

#include <cstddef>
#include <vector>

namespace tally::bench {

// Keeps every number: percentiles are exact, nothing is put into buckets.
class Samples {
 public:
  void Add(double value);
  void Add(const Samples& other);

  size_t size() const { return values_.size(); }
  bool empty() const { return values_.empty(); }

  // The smallest value that at least `fraction` (0 to 1) of all values do not exceed. The median is
  // Quantile(0.5). 0 without values.
  double Quantile(double fraction) const;
  double Median() const { return Quantile(0.5); }
  double Min() const { return Quantile(0); }
  double Max() const { return Quantile(1); }

 private:
  // Sorted when asked, not when filled: filling is part of what is measured.
  mutable std::vector<double> values_;
  mutable bool sorted_ = true;
};

}  // namespace tally::bench
