#include "tools/tally/jsonl.h"

#include <charconv>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tools/tally/encode.h"

namespace tally::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

void AppendNullable(const std::optional<std::string>& text, std::string* out) {
  if (text) {
    AppendJsonString(*text, out);
  } else {
    out->append("null");
  }
}

void AppendNumber(int64_t number, std::string* out) {
  char buffer[24];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}

void AppendValue(const OutgoingRecord& record, bool value_is_json, std::string* out) {
  if (!record.value) {
    out->append(",\"value\":null");
  } else if (value_is_json) {
    out->append(",\"value\":").append(*record.value);
  } else {
    out->append(",\"valueBase64\":\"").append(absl::Base64Escape(*record.value)).append("\"");
  }
}

void AppendHeaders(const OutgoingRecord& record, std::string* out) {
  out->append(",\"headers\":{");
  for (const auto& header : record.headers) {
    if (&header != record.headers.data()) out->push_back(',');
    AppendJsonString(header.first, out);
    out->push_back(':');
    AppendNullable(header.second, out);
  }
  out->push_back('}');
}

}  // namespace

void AppendLine(const OutgoingRecord& record, bool value_is_json, std::string* out) {
  out->append("{\"topic\":");
  AppendJsonString(record.topic, out);
  out->append(",\"key\":");
  AppendNullable(record.key, out);
  AppendValue(record, value_is_json, out);
  if (!record.headers.empty()) AppendHeaders(record, out);
  if (record.timestamp_ms != domain::kNoTimestamp) {
    out->append(",\"timestamp\":");
    AppendNumber(record.timestamp_ms, out);
  }
  if (record.partition) {
    out->append(",\"partition\":");
    AppendNumber(*record.partition, out);
  }
  out->append("}\n");
}

absl::Status JsonlReader::AtLine(const absl::Status& status) const {
  return absl::Status(status.code(), absl::StrCat("line ", line_number_, ": ", status.message()));
}

absl::StatusOr<bool> JsonlReader::ReadLine() {
  std::streambuf& source = *in_.rdbuf();
  line_.clear();
  while (true) {
    const int c = source.sbumpc();
    if (c == std::char_traits<char>::eof()) {
      if (line_.empty()) return false;
      break;
    }
    ++bytes_read_;
    if (c == '\n') break;
    if (line_.size() == kLineBytesMax) {
      ++line_number_;
      return AtLine(absl::InvalidArgumentError(
          absl::StrCat("longer than ", kLineBytesMax >> 20, " MiB; is a line end missing?")));
    }
    line_.push_back(static_cast<char>(c));
  }
  ++line_number_;
  if (line_number_ == 1 && line_.starts_with(kByteOrderMark)) {
    line_.erase(0, kByteOrderMark.size());
  }
  return true;
}

absl::StatusOr<bool> JsonlReader::Next(OutgoingRecord* record) {
  while (true) {
    absl::StatusOr<bool> more = ReadLine();
    if (!more.ok() || !*more) return more;
    if (IsBlank(line_)) continue;
    if (auto status = parser_.Parse(line_, record); !status.ok()) return AtLine(status);
    return true;
  }
}

}  // namespace tally::cli
