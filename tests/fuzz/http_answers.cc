#include "tests/fuzz/http_answers.h"

#include <rapidjson/document.h>

#include <map>
#include <set>
#include <string>

#include "processor/domain/identifier.h"
#include "tests/fuzz/target.h"

namespace tally::fuzz {
namespace {

constexpr std::string_view kVersions[] = {"HTTP/1.1 ", "HTTP/1.0 "};
constexpr std::string_view kLineEnd = "\r\n";

using Headers = std::map<std::string, std::string, std::less<>>;

std::string_view TakeLine(std::string_view* answers) {
  const size_t end = answers->find(kLineEnd);
  Check(end != std::string_view::npos, "lines of a head end in CRLF", *answers);
  const std::string_view line = answers->substr(0, end);
  answers->remove_prefix(end + kLineEnd.size());
  for (const char c : line) {
    Check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control characters", line);
  }
  return line;
}

bool BeginsAnswer(std::string_view text) {
  return text.substr(0, kVersions[0].size()) == kVersions[0] ||
         text.substr(0, kVersions[1].size()) == kVersions[1];
}

int TakeStatus(std::string_view* answers) {
  static const std::set<int> kKnown = {200, 204, 304, 400, 401, 403, 404,
                                       405, 406, 413, 414, 431, 503, 505};
  const std::string_view line = TakeLine(answers);
  Check(BeginsAnswer(line), "an answer begins with its version", line);
  const int status = std::atoi(std::string(line.substr(kVersions[0].size(), 3)).c_str());
  Check(kKnown.count(status) == 1, "an answer has a known status", line);
  return status;
}

Headers TakeHeaders(std::string_view* answers) {
  Headers headers;
  for (std::string_view line; !(line = TakeLine(answers)).empty();) {
    const size_t colon = line.find(": ");
    Check(colon != std::string_view::npos, "a header has a name", line);
    headers.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return headers;
}

std::string_view Find(const Headers& headers, std::string_view name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : found->second;
}

// A body that is left out is an answer to HEAD: what follows is another answer, or nothing.
std::string_view TakeBody(std::string_view* answers, int status, const Headers& headers) {
  const std::string_view length = Find(headers, "Content-Length");
  if (status == 204 || status == 304) {
    Check(length.empty(), "there is no length of no body");
    return {};
  }
  Check(!length.empty(), "a body has a length");
  if (answers->empty() || BeginsAnswer(*answers)) return {};
  const size_t bytes = std::stoull(std::string(length));
  Check(bytes <= answers->size(), "a body is as long as it says", *answers);
  const std::string_view body = answers->substr(0, bytes);
  answers->remove_prefix(bytes);
  return body;
}

void CheckBody(std::string_view type, std::string_view body) {
  if (body.empty()) return;
  Check(domain::IsUtf8(body), "a body is UTF-8", body);
  if (type.find("json") == std::string_view::npos) return;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(body.data(), body.size());
  Check(!document.HasParseError() && document.IsObject(), "a body that says JSON is JSON", body);
}

}  // namespace

void CheckAnswers(std::string_view answers) {
  while (!answers.empty()) {
    const int status = TakeStatus(&answers);
    const Headers headers = TakeHeaders(&answers);
    CheckBody(Find(headers, "Content-Type"), TakeBody(&answers, status, headers));
    if (Find(headers, "Connection") == "close") {
      return Check(answers.empty(), "nothing follows a last answer", answers);
    }
  }
}

}  // namespace tally::fuzz
