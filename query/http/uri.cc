#include "query/http/uri.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "processor/domain/identifier.h"

namespace tally::query::http {
namespace {

constexpr std::string_view kEncodingAllowed =
    "percent-encoded UTF-8: '%' followed by two hexadecimal digits";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Strips "http://authority" of the absolute form; what is left may be empty or begin with '?'.
std::optional<std::string_view> StripAuthority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size()) continue;
    const bool same = std::equal(scheme.begin(), scheme.end(), target.begin(), [](char a, char b) {
      return a == (b | (b >= 'A' && b <= 'Z' ? 0x20 : 0));
    });
    if (!same) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
    return target;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Target> SplitTarget(std::string_view target) {
  for (const char c : target) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '#') return std::nullopt;
  }
  if (target.empty()) return std::nullopt;
  if (target.front() != '/') {
    const auto stripped = StripAuthority(target);
    if (!stripped.has_value()) return std::nullopt;
    target = *stripped;
  }
  const size_t question = target.find('?');
  Target split{target.substr(0, question), {}};
  if (question != std::string_view::npos) split.query = target.substr(question + 1);
  if (split.path.empty()) split.path = "/";
  return split;
}

std::vector<std::string_view> SplitPath(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

std::string_view TextRefusal(std::string_view text) {
  if (!domain::IsUtf8(text)) return kEncodingAllowed;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1) return "text without control characters";
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query,
                                                            std::vector<ParameterError>& errors) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view raw_name = pair.substr(0, equals);
    const std::string_view raw_value = pair.substr(std::min(equals + 1, pair.size()));
    auto name = PercentDecode(raw_name, true);
    auto value = PercentDecode(raw_value, true);
    std::string_view refusal = kEncodingAllowed;
    if (name.has_value() && value.has_value()) {
      refusal = TextRefusal(*name);
      if (refusal.empty()) refusal = TextRefusal(*value);
    }
    if (refusal.empty()) {
      pairs.emplace_back(*std::move(name), *std::move(value));
    } else {
      pairs.emplace_back(name.value_or(std::string(raw_name)), raw_value);
      errors.push_back({pairs.back().first, pairs.back().second, std::string(refusal)});
    }
  }
  return pairs;
}

}  // namespace tally::query::http
