// Content negotiation, as far as one representation needs it.
#pragma once

#include <string_view>

namespace tally::query::http {

// Whether an Accept header's value allows `media_type` (e.g. "application/json"): the most specific
// range that matches decides, q=0 excludes. An empty value allows everything; ranges that cannot be
// read are skipped, and a value without a readable range allows everything.
bool Accepts(std::string_view accept, std::string_view media_type);

}  // namespace tally::query::http
