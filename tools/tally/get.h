// `tally get event|user ID`: asks a running tallyd.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "tools/tally/console.h"
#include "tools/tally/http_get.h"

namespace tally::cli {

enum class Subject : uint8_t { kEvent, kUser };

struct GetOptions {
  Subject subject = Subject::kEvent;
  std::string id;
  std::string server = "http://127.0.0.1:8080";
  // Empty or nullopt: not sent, the server's default holds.
  std::string start_date;
  std::string end_date;
  std::string timezone;
  std::optional<int64_t> page;
  std::optional<int64_t> size;
  std::string sort_by;
  std::string order;
  std::string min_position;
  std::string token_file;  // see token.h
  std::string ca_file;     // see http_get.h
  HttpIdentity identity;
  absl::Duration timeout = absl::Seconds(30);
  bool json = false;          // the answer's body as it is
  bool show_headers = false;  // the answer's headers to `err`
};

int RunGet(const GetOptions& options, Console& console);

// Path and query of the request.
std::string TargetOf(const GetOptions& options);

// What is said of an answer that is no 200: the problem's title, detail and each error.
std::string DescribeProblem(const HttpAnswer& answer);

}  // namespace tally::cli
