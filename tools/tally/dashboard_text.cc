#include "tools/tally/dashboard_text.h"

#include <rapidjson/document.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

using Json = rapidjson::Value;

// Numbers are parsed as strings: their text is what counts.
constexpr unsigned kParseFlags = rapidjson::kParseNumbersAsStringsFlag |
                                 rapidjson::kParseValidateEncodingFlag |
                                 rapidjson::kParseIterativeFlag;

const Json& Member(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.IsObject()) return kNull;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? kNull : found->value;
}

std::string Text(const Json& object, const char* name) {
  const Json& value = Member(object, name);
  return value.IsString() ? std::string(value.GetString(), value.GetStringLength()) : "-";
}

std::string Number(const Json& object, const char* name) { return GroupDigits(Text(object, name)); }

std::string Percent(const Json& object, const char* name) {
  const std::string number = Number(object, name);
  return number == "-" ? number : number + " %";
}

std::string Signed(std::string number) {
  const bool positive = !number.empty() && number[0] != '-' && number != "0";
  return positive ? "+" + number : number;
}

class Writer {
 public:
  Writer(const Json& answer, bool color) : answer_(answer), color_(color) {}

  std::string Write() {
    const bool is_event = Member(answer_, "eventId").IsString();
    Heading(is_event);
    Summary(is_event);
    Channels();
    Roi();
    if (!is_event) Events();
    absl::StrAppend(&text_, "\nupdated ", Printable(Text(answer_, "lastUpdatedAt")), "\n");
    return std::move(text_);
  }

 private:
  void Heading(bool is_event) {
    if (is_event) {
      absl::StrAppend(&text_, Bold(Text(answer_, "eventId")), "  ",
                      Printable(Text(answer_, "eventTitle")), "\n");
      absl::StrAppend(&text_, "user ", Printable(Text(answer_, "userId")), ", ",
                      Printable(Text(answer_, "status")), ", ", Period(), "\n");
    } else {
      absl::StrAppend(&text_, Bold(Text(answer_, "userId")), "\n");
      absl::StrAppend(&text_, Number(answer_, "totalEvents"), " events, ",
                      Number(answer_, "activeEvents"), " active, ", Period(), "\n");
    }
  }

  std::string Period() const {
    const Json& period = Member(answer_, "period");
    if (!period.IsObject()) return "all time";
    return Printable(absl::StrCat(Text(period, "startDate"), " to ", Text(period, "endDate"), " (",
                                  Text(period, "timezone"), ")"));
  }

  std::string Bold(std::string text) const {
    text = Printable(text);
    return color_ ? absl::StrCat("\x1b[1m", text, "\x1b[0m") : text;
  }

  void Add(const Table& table) { absl::StrAppend(&text_, "\n", table.Render(color_)); }

  void Summary(bool is_event) {
    const Json& summary = Member(answer_, "summary");
    Table table({{is_event ? "event" : "user"}, {"", Align::kRight}});
    table.AddRow({"participants", Number(summary, "participants")});
    table.AddRow({"change", Signed(Number(summary, "participantsDelta"))});
    table.AddRow({"views", Number(summary, "totalViews")});
    table.AddRow({"engagement", Percent(summary, "engagementRate")});
    table.AddRow(
        {"purchases (" + Text(answer_, "currency") + ")", Number(summary, "purchaseAmount")});
    Add(table);
  }

  void Channels() {
    const Json& channels = Member(answer_, "channelPerformance");
    if (!channels.IsArray() || channels.Empty()) return;
    Table table({{"channel"},
                 {"type"},
                 {"status"},
                 {"impressions", Align::kRight},
                 {"participants", Align::kRight},
                 {"conversion", Align::kRight},
                 {"purchases", Align::kRight},
                 {"cost", Align::kRight},
                 {"cost/participant", Align::kRight}});
    for (const Json& channel : channels.GetArray()) {
      table.AddRow({Text(channel, "channel"), Text(channel, "channelType"), Text(channel, "status"),
                    Number(channel, "impressions"), Number(channel, "participants"),
                    Percent(channel, "conversionRate"), Number(channel, "purchaseAmount"),
                    Number(channel, "distributionCost"), Number(channel, "costPerAcquisition")});
    }
    Add(table);
  }

  void Roi() {
    const Json& roi = Member(answer_, "roi");
    Table table({{"return (all time)"}, {Text(answer_, "currency"), Align::kRight}});
    table.AddRow({"total cost", Number(roi, "totalCost")});
    table.AddRow({"expected revenue", Number(roi, "expectedRevenue")});
    table.AddRow({"net profit", Number(roi, "netProfit")});
    table.AddRow({"roi", Percent(roi, "roi")});
    table.AddRow({"target roi", Percent(roi, "targetRoi")});
    table.AddRow({"roi achievement", Percent(roi, "roiAchievement")});
    table.AddRow({"realized revenue", Number(roi, "realizedRevenue")});
    table.AddRow({"realized roi", Percent(roi, "realizedRoi")});
    table.AddRow({"cost per participant", Number(roi, "costPerAcquisition")});
    Add(table);
  }

  void Events() {
    const Json& page = Member(answer_, "eventPerformances");
    const Json& items = Member(page, "items");
    if (!items.IsArray()) return;
    Table table({{"event"},
                 {"title"},
                 {"status"},
                 {"participants", Align::kRight},
                 {"views", Align::kRight},
                 {"engagement", Align::kRight},
                 {"total cost", Align::kRight},
                 {"roi", Align::kRight}});
    for (const Json& event : items.GetArray()) {
      table.AddRow({Text(event, "eventId"), Text(event, "eventTitle"), Text(event, "status"),
                    Number(event, "participants"), Number(event, "totalViews"),
                    Percent(event, "engagementRate"), Number(event, "totalCost"),
                    Percent(event, "roi")});
    }
    if (!table.empty()) Add(table);
    absl::StrAppend(&text_, "page ", Text(page, "page"), " (from 0) of ",
                    Number(page, "totalPages"), ", ", Number(page, "totalElements"), " events\n");
  }

  const Json& answer_;
  bool color_;
  std::string text_;
};

}  // namespace

absl::StatusOr<std::string> DashboardText(std::string_view json, bool color) {
  rapidjson::Document answer;
  answer.Parse<kParseFlags>(json.data(), json.size());
  if (answer.HasParseError() || !Member(answer, "summary").IsObject()) {
    return absl::DataLossError("the answer is not a dashboard; is --server a tallyd?");
  }
  return Writer(answer, color).Write();
}

}  // namespace tally::cli
