// Input: a byte for which small parser, then its text.
#include <string>

#include "processor/domain/identifier.h"
#include "processor/domain/money.h"
#include "processor/domain/time.h"
#include "query/http/accept.h"
#include "query/http/head_check.h"
#include "query/http/uri.h"
#include "query/problem.h"
#include "query/trace.h"
#include "tests/fuzz/target.h"

namespace tally::fuzz {
namespace {

void CheckTime(std::string_view text) {
  using domain::TimeForm;
  const auto time = domain::ParseTime(text, TimeForm::kDateOrDateTime, 540);
  const auto strict = domain::ParseTime(text, TimeForm::kDateTime, 540);
  Check(!strict.has_value() || strict == time, "a date-time is a date or a date-time", text);
  if (!time.has_value()) return;
  Check(time->year >= 0 && time->year <= 9999, "years have four digits", text);
  const int64_t year = domain::YearAt(time->instant, 0);
  if (year < 0 || year > 9999) return;
  const std::string written = domain::FormatTime(time->instant, 0);
  const auto again = domain::ParseTime(written, TimeForm::kDateTime, 0);
  Check(again.has_value() && again->instant == time->instant, "a time written out is the same",
        written);
}

void CheckNumber(std::string_view text) {
  using domain::NumberStatus;
  int64_t number = -1, again = -1;
  if (domain::ParseMoney(text, number) == NumberStatus::kOk) {
    Check(number >= 0 && number <= domain::kMoneyMax, "money is in range", text);
    Check(domain::ParseMoney(domain::FormatMoney(number), again) == NumberStatus::kOk &&
              again == number,
          "money written out is the same", text);
  }
  if (domain::ParseViews(text, number) == NumberStatus::kOk) {
    Check(domain::ParseViews(domain::FormatInteger(number), again) == NumberStatus::kOk &&
              again == number,
          "views written out are the same", text);
  }
  if (domain::ParseTargetRoi(text, number) == NumberStatus::kOk) {
    Check(domain::ParseTargetRoi(domain::FormatFixed2(number), again) == NumberStatus::kOk &&
              again == number,
          "percentages written out are the same", text);
  }
}

void CheckName(std::string_view text) {
  using domain::TextStatus;
  static domain::ChannelNames names;
  std::string_view name;
  const TextStatus status = names.Normalize(text, name);
  if (status == TextStatus::kOk) {
    const std::string normal(name);
    Check(domain::CheckIdentifier(normal) == TextStatus::kOk, "a channel is an identifier", normal);
    Check(names.Normalize(normal, name) == TextStatus::kOk && name == normal,
          "what is normalised stays", normal);
  }
  Check(names.Normalize(text, name) == status, "a name seen before is judged as before", text);
  names.Release();
}

void CheckTarget(std::string_view text) {
  using namespace query::http;
  std::vector<query::ParameterError> errors;
  for (const auto& [name, value] : ParseQuery(text, errors)) {
    const bool wrong = !TextRefusal(name).empty() || !TextRefusal(value).empty();
    Check(!wrong || !errors.empty(), "what is wrong with a query is said", text);
  }
  for (const query::ParameterError& error : errors) {
    Check(!error.allowed.empty(), "an error says what is allowed", text);
  }
  const auto target = SplitTarget(text);
  if (!target.has_value()) return;
  Check(!target->path.empty(), "a target has a path", text);
  if (target->path.front() != '/') return Check(false, "a path begins with a slash", text);
  std::string joined;
  for (const std::string_view segment : SplitPath(target->path)) {
    joined += '/';
    joined += segment;
  }
  Check(joined == target->path, "a path is its segments", text);
}

void CheckTrace(std::string_view text) {
  using namespace query;
  const std::string trace = ReadTraceparent(text);
  Check(trace.empty() || trace.size() == 55, "a traceparent has one length", text);
  Check(ReadTraceparent(trace) == trace, "a traceparent that was read is one", text);
  Check(TraceId(trace).size() == (trace.empty() ? 0 : 32), "a trace has an id", text);
}

void CheckShown(std::string_view text) {
  const std::string shown = query::Shown(text);
  Check(domain::IsUtf8(shown) && query::http::TextRefusal(shown).empty(), "what is shown is text",
        text);
  Check(shown.size() <= query::kShownValueBytesMax + 8, "what is shown is short", shown);
}

void CheckHead(std::string_view text) {
  using namespace query::http;
  static_cast<void>(BeginsLikeRequest(text));
  if (!HeadRefusal(text).empty()) return;
  Check(text.find('\0') == std::string_view::npos, "a head has no control characters", text);
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    Check(at > 0 && text[at - 1] == '\r', "a head's lines end in CRLF", text);
  }
}

void Run(Input input) {
  const uint8_t parser = input.Byte();
  const std::string_view text = input.Rest();
  switch (parser) {
    case 't':
      return CheckTime(text);
    case 'n':
      return CheckNumber(text);
    case 'i':
      return CheckName(text);
    case 'u':
      return CheckTarget(text);
    case 'c':
      return CheckTrace(text);
    case 's':
      return CheckShown(text);
    case 'h':
      return CheckHead(text);
    case 'a':
      return static_cast<void>(query::http::Accepts(text, "application/json"));
    default:
      return;
  }
}

}  // namespace
}  // namespace tally::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tally::fuzz::Run(tally::fuzz::Input(data, size));
  return 0;
}
