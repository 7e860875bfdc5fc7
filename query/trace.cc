#include "query/trace.h"

namespace tally::query {
namespace {

constexpr size_t kBytes = 55;  // 00-<32 digits>-<16 digits>-<2 digits>

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

}  // namespace

std::string ReadTraceparent(std::string_view header) {
  if (header.size() < kBytes) return "";
  const std::string_view version = header.substr(0, 2);
  if (!IsHex(version) || version == "ff") return "";
  if (header.size() > kBytes && (version == "00" || header[kBytes] != '-')) return "";
  const std::string_view trace = header.substr(3, 32);
  const std::string_view parent = header.substr(36, 16);
  const std::string_view flags = header.substr(53, 2);
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return "";
  if (!IsHex(trace) || IsZero(trace) || !IsHex(parent) || IsZero(parent) || !IsHex(flags)) {
    return "";
  }
  return "00" + std::string(header.substr(2, kBytes - 2));
}

}  // namespace tally::query
