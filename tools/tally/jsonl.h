// The file format of `tally load` and `tally generate --output`: one JSON object a line.
//
//   {"topic":"sample.event.created","key":"evt-1","value":{…}}
//
//   topic        required, the full name
//   key          required: a string, or null for a record without a key
//   value        required: an object is sent as its JSON text, byte by byte as it stands in the
//                line; a string as its bytes; null is a tombstone
//   valueBase64  in place of `value`: bytes that are not text (Protobuf)
//   headers      optional object; its values are strings or null
//   timestamp    optional, milliseconds since 1970 (UTC); otherwise the time of sending
//   partition    optional; otherwise by key, with the partitioner
//
// Any other field, and any field twice, is an error: a typo must not be lost silently. Lines of
// white space only are skipped.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/tally/outgoing_record.h"

namespace tally::cli {

inline constexpr size_t kLineBytesMax = 16 << 20;

// Parses lines, one at a time; keeps its buffers between calls.
class JsonlParser {
 public:
  JsonlParser();
  ~JsonlParser();

  // Fills `record` (its buffers are reused). kInvalidArgument with one sentence that says what is
  // wrong and what is allowed; `record` is then unspecified.
  absl::Status Parse(std::string_view line, OutgoingRecord* record);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Appends the line of a record with its line end. A value that `value_is_json` says is a JSON
// object's text is written as such, any other as valueBase64.
void AppendLine(const OutgoingRecord& record, bool value_is_json, std::string* out);

// Reads a stream line by line and counts. Errors name the line: "line 7: …".
class JsonlReader {
 public:
  explicit JsonlReader(std::istream& in) : in_(in) {}

  // True: a record was read; false: the end. kInvalidArgument: a bad line.
  absl::StatusOr<bool> Next(OutgoingRecord* record);

  int64_t line_number() const { return line_number_; }  // of the last line read, from 1
  int64_t bytes_read() const { return bytes_read_; }

 private:
  absl::Status AtLine(const absl::Status& status) const;
  absl::StatusOr<bool> ReadLine();

  std::istream& in_;
  JsonlParser parser_;
  std::string line_;
  int64_t line_number_ = 0;
  int64_t bytes_read_ = 0;
};

}  // namespace tally::cli
