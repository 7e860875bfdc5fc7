#include "tools/tally/get.h"

#include "absl/strings/str_cat.h"
#include "tools/tally/dashboard_text.h"
#include "tools/tally/table.h"
#include "tools/tally/token.h"

namespace tally::cli {
namespace {

void AddParameter(const char* name, const std::string& value, std::string* target) {
  if (value.empty()) return;
  absl::StrAppend(target, target->find('?') == target->npos ? "?" : "&", name, "=",
                  PercentEncode(value));
}

void ShowHeaders(const HttpAnswer& answer, Console& console) {
  console.err << answer.status << ' ' << Printable(answer.reason) << '\n';
  for (const auto& [name, value] : answer.headers) {
    console.err << Printable(name) << ": " << Printable(value) << '\n';
  }
  console.err << std::flush;
}

int Show(const GetOptions& options, const HttpAnswer& answer, Console& console) {
  if (options.json) {
    console.out << answer.body;
    if (!answer.body.ends_with('\n')) console.out << '\n';
    return kOk;
  }
  auto text = DashboardText(answer.body, console.out_color);
  if (!text.ok()) {
    console.Message(std::string(text.status().message()));
    return kFailure;
  }
  console.out << *text;
  if (const auto position = answer.Header("Tally-Position"); !position.empty()) {
    console.out << "position " << Printable(position) << '\n';
  }
  return kOk;
}

}  // namespace

std::string TargetOf(const GetOptions& options) {
  std::string target =
      absl::StrCat("/api/v1/", options.subject == Subject::kEvent ? "events/" : "users/",
                   PercentEncode(options.id), "/analytics");
  AddParameter("startDate", options.start_date, &target);
  AddParameter("endDate", options.end_date, &target);
  AddParameter("timezone", options.timezone, &target);
  if (options.page) AddParameter("page", absl::StrCat(*options.page), &target);
  if (options.size) AddParameter("size", absl::StrCat(*options.size), &target);
  AddParameter("sortBy", options.sort_by, &target);
  AddParameter("order", options.order, &target);
  return target;
}

int RunGet(const GetOptions& options, Console& console) {
  HttpRequest request{.server = options.server, .target = TargetOf(options), .headers = {}};
  request.timeout = options.timeout;
  request.ca_file = options.ca_file;
  request.identity = options.identity;
  if (!options.min_position.empty()) {
    request.headers.emplace_back("Tally-Min-Position", options.min_position);
  }
  const auto token = ReadToken(options.token_file);
  if (!token.ok()) {
    console.Message(std::string(token.status().message()));
    return kUsage;
  }
  if (!token->empty()) request.headers.emplace_back("Authorization", "Bearer " + *token);
  auto answer = HttpGet(request);
  if (!answer.ok()) {
    console.Message(std::string(answer.status().message()));
    return absl::IsInvalidArgument(answer.status()) ? kUsage : kFailure;
  }
  if (options.show_headers) ShowHeaders(*answer, console);
  if (answer->status != 200) {
    console.Message(DescribeProblem(*answer));
    if (answer->status == 401) {
      console.Message(absl::StrCat("a token is sent with --token-file, or from ", kTokenVariable));
    }
    return kFailure;
  }
  if (answer->Header("Tally-Catching-Up") == "true") {
    console.Message(
        "tallyd is still catching up with the topics; these numbers are of its position");
  }
  return Show(options, *answer, console);
}

}  // namespace tally::cli
