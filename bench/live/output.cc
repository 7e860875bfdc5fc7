#include "bench/live/output.h"

#include "absl/strings/str_format.h"

namespace tally::bench {

void WriteMilliseconds(const char* name, const Samples& samples, JsonWriter& json) {
  json.Key(name);
  json.StartObject();
  WriteNumber("count", static_cast<double>(samples.size()), json);
  WriteNumber("p50", samples.Quantile(0.5), json);
  WriteNumber("p90", samples.Quantile(0.9), json);
  WriteNumber("p99", samples.Quantile(0.99), json);
  WriteNumber("p999", samples.Quantile(0.999), json);
  WriteNumber("max", samples.Max(), json);
  json.EndObject();
}

void WriteNumber(const char* name, double value, JsonWriter& json) {
  json.Key(name);
  json.Double(value);
}

std::string Line(const std::string& name, const Samples& samples) {
  return absl::StrFormat("  %-28s p50 %8.2f  p90 %8.2f  p99 %8.2f  max %8.2f ms  (%d)\n", name,
                         samples.Quantile(0.5), samples.Quantile(0.9), samples.Quantile(0.99),
                         samples.Max(), samples.size());
}

}  // namespace tally::bench
