#include "absl/strings/str_cat.h"
#include "tools/tally/encode.h"
#include "tools/tally/send.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

std::string Records(int64_t count) {
  return absl::StrCat(GroupDigits(absl::StrCat(count)), count == 1 ? " record" : " records");
}

void WriteTable(const SendReport& report, Console& console) {
  Table table({{"topic"}, {"records", Align::kRight}});
  for (const auto& [topic, records] : report.records_by_topic) {
    table.AddRow({topic, GroupDigits(absl::StrCat(records))});
  }
  table.AddRow({"total", GroupDigits(absl::StrCat(report.acknowledged))});
  console.out << table.Render(console.out_color)
              << "\nTally-Min-Position: " << FormatPositions(report.positions) << '\n';
}

void WriteJson(const SendReport& report, Console& console) {
  std::string json = absl::StrCat("{\"records\":", report.acknowledged, ",\"topics\":{");
  for (const auto& [topic, records] : report.records_by_topic) {
    if (json.back() != '{') json.push_back(',');
    AppendJsonString(topic, &json);
    absl::StrAppend(&json, ":", records);
  }
  json.append("},\"position\":");
  AppendJsonString(FormatPositions(report.positions), &json);
  console.out << json << "}\n";
}

void SayWhatWasSent(const SendReport& report, Console& console) {
  if (report.acknowledged == 0 && report.failed == 0) {
    console.Message("nothing had been sent before");
    return;
  }
  std::string text = absl::StrCat(Records(report.acknowledged), " had been sent before and ",
                                  report.acknowledged == 1 ? "stays" : "stay", " in the topics");
  if (report.failed > 0) absl::StrAppend(&text, ", ", Records(report.failed), " failed");
  console.Message(text);
  if (!report.positions.empty()) {
    console.Message(absl::StrCat("Tally-Min-Position: ", FormatPositions(report.positions)));
  }
}

}  // namespace

std::string FormatPositions(const kafka::Producer::Positions& positions) {
  std::string text;
  for (const auto& [place, next_offset] : positions) {
    absl::StrAppend(&text, text.empty() ? "" : ",", place.first, "/", place.second, "@",
                    next_offset);
  }
  return text;
}

int Report(const SendReport& report, bool json, Console& console) {
  if (!report.status.ok()) {
    console.Message(Printable(std::string(report.status.message())));
    SayWhatWasSent(report, console);
    return kFailure;
  }
  if (json) {
    WriteJson(report, console);
  } else {
    WriteTable(report, console);
  }
  return kOk;
}

}  // namespace tally::cli
