#include "processor/domain/decode_format.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "processor/domain/quote.h"

namespace tally::domain {
namespace {

constexpr std::string_view kHeaderName = "content-type";

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(Abseil(a), Abseil(b));
}

std::optional<std::string_view> ContentType(const Record& record) {
  std::optional<std::string_view> value;
  for (const Header& header : record.headers) {
    if (header.value && EqualsIgnoreCase(header.name, kHeaderName)) value = header.value;
  }
  return value;
}

// "Application/JSON ; charset=utf-8" without its parameters and the space around it.
std::string_view MediaType(std::string_view content_type) {
  constexpr std::string_view kSpace = " \t";
  std::string_view type = content_type.substr(0, content_type.find(';'));
  const size_t begin = type.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return type.substr(begin, type.find_last_not_of(kSpace) - begin + 1);
}

Format Sniff(std::string_view value) {
  const size_t first = value.find_first_not_of(" \t\n\r");
  return first != std::string_view::npos && value[first] == '{' ? Format::kJson : Format::kProtobuf;
}

}  // namespace

std::optional<Rejection> DetectFormat(const Record& record, std::string_view value,
                                      Format& format) {
  const std::optional<std::string_view> content_type = ContentType(record);
  if (!content_type) {
    format = Sniff(value);
    return std::nullopt;
  }
  const std::string_view type = MediaType(*content_type);
  if (EqualsIgnoreCase(type, "application/json")) {
    format = Format::kJson;
    return std::nullopt;
  }
  if (EqualsIgnoreCase(type, "application/x-protobuf") ||
      EqualsIgnoreCase(type, "application/protobuf")) {
    format = Format::kProtobuf;
    return std::nullopt;
  }
  return Rejection{Reason::kUnknownContentType,
                   absl::StrCat("content-type ", Quote(*content_type),
                                " is not known; allowed: application/json, "
                                "application/x-protobuf, application/protobuf")};
}

}  // namespace tally::domain
