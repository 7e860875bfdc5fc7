#include "bench/scaling/report.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "absl/strings/str_format.h"

namespace tally::bench {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

double Ratio(const Contestant& contestant, const Contestant& base) {
  return contestant.records_per_second.Median() / base.records_per_second.Median();
}

void Write(const char* name, const Samples& samples, Writer& json) {
  json.Key(name);
  json.StartObject();
  for (const auto& [key, value] :
       {std::pair("median", samples.Median()), std::pair("min", samples.Min()),
        std::pair("max", samples.Max())}) {
    json.Key(key);
    json.Double(value);
  }
  json.EndObject();
}

}  // namespace

void Contestant::Add(const RunResult& result, int64_t records) {
  const auto count = static_cast<double>(records);
  records_per_second.Add(count / result.seconds);
  cpu_us_per_record.Add(result.cpu_seconds * 1e6 / count);
  cores_used.Add(result.cpu_seconds / result.seconds);
}

std::string Report::Table() const {
  std::string text = absl::StrFormat(
      "%d records of %.0f bytes in memory, %d partitions, %d rounds; medians (min-max)\n\n",
      records, static_cast<double>(value_bytes) / static_cast<double>(records), partitions, rounds);
  absl::StrAppendFormat(&text, "%-26s %34s %8s %12s %8s\n", "", "records/s", "ratio", "CPU us/rec",
                        "cores");
  for (const auto& one : contestants) {
    absl::StrAppendFormat(&text, "%-26s %12.0f (%8.0f-%8.0f) %8.2f %12.2f %8.2f\n", one.name,
                          one.records_per_second.Median(), one.records_per_second.Min(),
                          one.records_per_second.Max(), Ratio(one, contestants.front()),
                          one.cpu_us_per_record.Median(), one.cores_used.Median());
  }
  return text;
}

std::string Report::Json() const {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.SetMaxDecimalPlaces(3);
  json.StartObject();
  json.Key("records");
  json.Int64(records);
  json.Key("value_bytes");
  json.Uint64(value_bytes);
  json.Key("partitions");
  json.Int(partitions);
  json.Key("rounds");
  json.Int(rounds);
  json.Key("contestants");
  json.StartObject();
  for (const auto& one : contestants) {
    json.Key(one.name.c_str());
    json.StartObject();
    json.Key("workers");
    json.Int(one.workers);
    json.Key("cores");
    json.Int(one.cores);
    Write("records_per_second", one.records_per_second, json);
    Write("cpu_us_per_record", one.cpu_us_per_record, json);
    Write("cores_used", one.cores_used, json);
    json.Key("ratio");
    json.Double(Ratio(one, contestants.front()));
    json.EndObject();
  }
  json.EndObject();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace tally::bench
