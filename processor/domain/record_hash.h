// Recognises a record that was read before, among what a log holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tally::domain {

// Of what producers write, the same everywhere and for ever: it is stored. nullopt: a null key, a
// tombstone.
uint64_t RecordHash(std::optional<std::string_view> key, std::optional<std::string_view> value,
                    int64_t timestamp_ms);

}  // namespace tally::domain
