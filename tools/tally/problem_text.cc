#include <rapidjson/document.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/tally/get.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

using Json = rapidjson::Value;

constexpr size_t kForeignBodyShownMax = 200;

// Any scalar, and lists of them.
std::string Plain(const Json& json) {
  if (json.IsString()) return Printable({json.GetString(), json.GetStringLength()});
  if (!json.IsArray()) return "";
  std::vector<std::string> parts;
  for (const Json& element : json.GetArray()) parts.push_back(Plain(element));
  return absl::StrJoin(parts, ", ");
}

std::string Field(const Json& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? "" : Plain(found->value);
}

void AppendErrors(const Json& problem, std::string* text) {
  const auto errors = problem.FindMember("errors");
  if (errors == problem.MemberEnd() || !errors->value.IsArray()) return;
  for (const Json& error : errors->value.GetArray()) {
    if (!error.IsObject()) continue;
    absl::StrAppend(text, "\n  ", Field(error, "parameter"), " = \"", Field(error, "value"), "\"");
    const std::string allowed = Field(error, "allowed");
    if (!allowed.empty()) absl::StrAppend(text, ": allowed is ", allowed);
  }
}

}  // namespace

std::string DescribeProblem(const HttpAnswer& answer) {
  rapidjson::Document problem;
  problem.Parse<rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag>(
      answer.body.data(), answer.body.size());
  std::string text = absl::StrCat(answer.status, " ", Printable(answer.reason));
  if (problem.HasParseError() || !problem.IsObject()) {
    const std::string body = Printable(answer.body.substr(0, kForeignBodyShownMax));
    return body.empty() ? text : absl::StrCat(text, ": ", body);
  }
  for (const char* field : {"title", "detail"}) {
    const std::string value = Field(problem, field);
    if (!value.empty() && value != answer.reason) absl::StrAppend(&text, ": ", value);
  }
  const std::string code = Field(problem, "code");
  if (!code.empty()) absl::StrAppend(&text, " [", code, "]");
  AppendErrors(problem, &text);
  const std::string wait(answer.Header("Retry-After"));
  if (!wait.empty()) absl::StrAppend(&text, "\n  try again in ", Printable(wait), " s");
  return text;
}

}  // namespace tally::cli
