// A dead letter before it is sent: content and cutting. Pure. Internal to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processor/domain/decode.h"
#include "processor/domain/record.h"

namespace tally::kafka {

struct Letter {
  using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

  std::string topic;  // of the dead letters
  int32_t partition = 0;
  int64_t timestamp_ms = domain::kNoTimestamp;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Headers original_headers;
  Headers tally_headers;  // without the cut header
  // What was cut, by original size; nullopt: whole.
  std::optional<size_t> value_bytes_before;
  std::optional<size_t> key_bytes_before;
  std::optional<size_t> headers_bytes_before;
};

// A detail longer than this is cut.
inline constexpr size_t kDetailBytesMax = 1'024;
// No letter can be cut below this.
inline constexpr size_t kLetterBytesMin = 4'096;

// `input_topic` is the record's topic by its full name.
Letter MakeLetter(const domain::Record& record, const std::string& input_topic,
                  const domain::Rejection& rejection);

// An upper bound of the record batch that holds only this letter.
size_t BatchBytes(const Letter& letter);

// Cuts until BatchBytes is at most `bytes_max` (at least kLetterBytesMin is used): headers go
// entirely when they take more than half of it, the key is cut to a quarter when longer, then the
// value takes what is left. What was cut once is remembered with its first size.
void CutToFit(Letter& letter, size_t bytes_max);

// The cut header's value, "" when nothing was cut.
std::string CutNote(const Letter& letter);

}  // namespace tally::kafka
