// Answers that are there already: given without waiting and without a coroutine, straight from
// where the request was received. Whoever is not sure says nothing, and the request goes its usual
// way.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "query/http/metrics.h"
#include "query/http/plain_head.h"
#include "query/viewer.h"

namespace tally::query::http {

// Larger bodies go the usual way.
inline constexpr size_t kReadyBodyBytesMax = 16 << 10;

// The views live as long as `owner`.
struct Ready {
  int status = 200;  // or 304
  std::string_view route;
  std::string_view content_type;  // of a 304 empty, as is the body
  std::string_view body;
  std::shared_ptr<const void> owner;
  RouteMetrics* metrics = nullptr;  // null: not counted
};

class ReadyAnswers {
 public:
  virtual ~ReadyAnswers() = default;
  // What the route would answer now, its own header lines appended to `lines`; nullopt: ask the
  // route (then `lines` is as it was). Thread-safe; waits for nothing.
  virtual std::optional<Ready> Find(const PlainHead& head, const Viewer& viewer,
                                    std::string& lines) = 0;
};

}  // namespace tally::query::http
