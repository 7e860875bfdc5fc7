// Which route answers a target. Immutable after construction, so any thread may match.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/http/message.h"
#include "query/problem.h"

namespace tally::query::http {

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;   // nullptr: no route has this path
    std::vector<std::string> path;  // what cannot be decoded: as sent
    // Segments that are not percent-encoded UTF-8, or have control characters.
    std::vector<ParameterError> errors;
  };
  // `raw_path` begins with '/'. Dot segments have no meaning: they are segments.
  Match Find(std::string_view raw_path) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

}  // namespace tally::query::http
