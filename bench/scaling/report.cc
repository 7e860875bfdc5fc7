#include "bench/scaling/report.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "absl/strings/str_format.h"

namespace tally::bench {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

const Contestant* Find(const std::vector<Contestant>& contestants, int workers, int cores) {
  for (const auto& one : contestants) {
    if (one.workers == workers && one.cores == cores) return &one;
  }
  return nullptr;
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
  threads_queued.Add(result.queued_seconds / result.fold_seconds);
}

std::vector<Comparison> Report::Comparisons() const {
  std::vector<Comparison> comparisons;
  const auto compare = [&](const Contestant* more, const Contestant* base, int more_cores) {
    if (more == nullptr || base == nullptr) return;
    comparisons.push_back(
        {.name = more->name + " : " + base->name,
         .ratio = more->records_per_second.Median() / base->records_per_second.Median(),
         .bound = more_cores / base->cores_used.Median()});
  };
  const Contestant* two = Find(contestants, 2, 0);
  const Contestant* two_on_two = Find(contestants, 2, 2);
  compare(two, Find(contestants, 1, 0), cores);
  compare(two_on_two != nullptr ? two_on_two : two, Find(contestants, 1, 1), 2);
  return comparisons;
}

std::string Report::Table() const {
  std::string text = absl::StrFormat(
      "%d records of %.0f bytes in memory, %d partitions, %d rounds; medians (min-max)\n\n",
      records, static_cast<double>(value_bytes) / static_cast<double>(records), partitions, rounds);
  absl::StrAppendFormat(&text, "%-26s %34s %12s %8s %8s\n", "", "records/s", "CPU us/rec", "cores",
                        "queued");
  for (const auto& one : contestants) {
    absl::StrAppendFormat(&text, "%-26s %12.0f (%8.0f-%8.0f) %12.2f %8.2f %8.2f\n", one.name,
                          one.records_per_second.Median(), one.records_per_second.Min(),
                          one.records_per_second.Max(), one.cpu_us_per_record.Median(),
                          one.cores_used.Median(), one.threads_queued.Median());
  }
  text += '\n';
  for (const auto& one : Comparisons()) {
    absl::StrAppendFormat(&text, "%-40s %.2f (at best %.2f)\n", one.name, one.ratio, one.bound);
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
  json.Key("cores");
  json.Int(cores);
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
    Write("threads_queued", one.threads_queued, json);
    json.EndObject();
  }
  json.EndObject();
  json.Key("comparisons");
  json.StartObject();
  for (const auto& one : Comparisons()) {
    json.Key(one.name.c_str());
    json.StartObject();
    json.Key("ratio");
    json.Double(one.ratio);
    json.Key("bound");
    json.Double(one.bound);
    json.EndObject();
  }
  json.EndObject();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace tally::bench
