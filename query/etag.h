// Strong entity tags: a hash over everything that the body of an answer is a function of.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "processor/domain/aggregate.h"
#include "query/period.h"

namespace tally::query {

// Collects what a body depends on. Order matters.
class EtagBuilder {
 public:
  // `operation` names the route and kind of view, `version` the binary.
  EtagBuilder(std::string_view operation, std::string_view version, std::string_view log_identity);

  EtagBuilder& Add(std::string_view text);
  EtagBuilder& Add(int64_t number);
  // The window in canonical form: also the clock's hour, where the window moves with it.
  EtagBuilder& Add(const Window& window);
  // One event: its id and the last offsets that changed it.
  EtagBuilder& Add(const domain::EventAggregate& event);

  // With its quotes.
  std::string Build() const;

 private:
  std::string bytes_;
};

// Whether the value of an If-None-Match (a list of tags, or `*`) names `etag`; weak comparison. A
// malformed list matches as far as it can be read.
bool MatchesEtag(std::string_view if_none_match, std::string_view etag);

}  // namespace tally::query
