#include "processor/domain/decode_format.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "processor/domain/quote.h"

namespace tally::domain {
namespace {

constexpr std::string_view kHeaderName = "content-type";

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

// Nearly always they are equal as they stand, or differ in size.
inline bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a == b || absl::EqualsIgnoreCase(Abseil(a), Abseil(b)));
}

// nullptr: the record has none.
const std::string_view* ContentType(const Record& record) {
  const std::string_view* value = nullptr;
  for (const Header& header : record.headers) {
    if (header.value && EqualsIgnoreCase(header.name, kHeaderName)) value = &*header.value;
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

std::optional<Format> FormatOf(std::string_view media_type) {
  if (EqualsIgnoreCase(media_type, "application/json")) return Format::kJson;
  if (EqualsIgnoreCase(media_type, "application/x-protobuf") ||
      EqualsIgnoreCase(media_type, "application/protobuf")) {
    return Format::kProtobuf;
  }
  return std::nullopt;
}

Format Sniff(std::string_view value) {
  const size_t first = value.find_first_not_of(" \t\n\r");
  return first != std::string_view::npos && value[first] == '{' ? Format::kJson : Format::kProtobuf;
}

[[gnu::cold]] Rejection UnknownType(std::string_view content_type) {
  return {Reason::kUnknownContentType,
          absl::StrCat("content-type ", Quote(content_type),
                       " is not known; allowed: application/json, "
                       "application/x-protobuf, application/protobuf")};
}

}  // namespace

std::optional<Rejection> DetectFormat(const Record& record, std::string_view value,
                                      Format& format) {
  const std::string_view* content_type = ContentType(record);
  if (content_type == nullptr) {
    format = Sniff(value);
    return std::nullopt;
  }
  std::optional<Format> known = FormatOf(*content_type);
  if (!known) known = FormatOf(MediaType(*content_type));
  if (!known) return UnknownType(*content_type);
  format = *known;
  return std::nullopt;
}

}  // namespace tally::domain
