#include "query/http/plain_head.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "query/http/head_check.h"

namespace tally::query::http {
namespace {

constexpr std::string_view kMethod = "GET ";
constexpr std::string_view kVersion = " HTTP/1.1\r\n";

enum Class : uint8_t { kOther = 0, kText = 1, kToken = 2 };  // kToken is kText, too

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (size_t c = 0x20; c < 0x7f; ++c) classes[c] = kText;
  classes['\t'] = kText;
  for (size_t c = '0'; c <= '9'; ++c) classes[c] |= kToken;
  for (size_t c = 'a'; c <= 'z'; ++c) classes[c] |= kToken;
  for (size_t c = 'A'; c <= 'Z'; ++c) classes[c] |= kToken;
  for (const char c :
       {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    classes[static_cast<unsigned char>(c)] |= kToken;
  }
  return classes;
}

constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

// How many bytes at the beginning of `text` are of the class.
size_t SpanOf(std::string_view text, Class wanted) {
  size_t size = 0;
  while (size < text.size() && (kClasses[static_cast<unsigned char>(text[size])] & wanted) != 0) {
    ++size;
  }
  return size;
}

// `lower` is in lower case; `text` is a token.
bool Is(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower[i]) return false;
  }
  return true;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool TakeOnce(std::string_view value, std::string_view& field) {
  if (value.empty() || !field.empty()) return false;
  field = value;
  return true;
}

struct Fields {
  PlainHead head;
  std::string_view host;
};

// False: a header that makes the request an unusual one.
bool Take(std::string_view name, std::string_view value, Fields& fields) {
  switch (name.size()) {
    case 2:
      return !Is(name, "te");
    case 4:
      return Is(name, "host") ? TakeOnce(value, fields.host) && IsHost(value) : true;
    case 6:
      if (Is(name, "accept")) return TakeOnce(value, fields.head.accept);
      if (Is(name, "origin")) return TakeOnce(value, fields.head.origin);
      return !Is(name, "expect");
    case 7:
      return !Is(name, "upgrade") && !Is(name, "trailer");
    case 10:
      if (Is(name, "user-agent")) return TakeOnce(value, fields.head.user_agent);
      return !Is(name, "connection") || Is(value, "keep-alive");
    case 11:
      return Is(name, "traceparent") ? TakeOnce(value, fields.head.traceparent) : true;
    case 13:
      if (Is(name, "if-none-match")) return TakeOnce(value, fields.head.if_none_match);
      return Is(name, "authorization") ? TakeOnce(value, fields.head.authorization) : true;
    case 14:
      return !Is(name, "content-length");
    case 16:
      return !Is(name, "proxy-connection");
    case 17:
      return !Is(name, "transfer-encoding");
    case 18:
      return Is(name, "tally-min-position") ? TakeOnce(value, fields.head.min_position) : true;
    default:
      return true;
  }
}

// The header lines from `at` on, with the empty one; false: not plain, or not all there.
bool ReadFields(std::string_view received, size_t at, Fields& fields) {
  while (true) {
    std::string_view rest = received.substr(at);
    if (rest.substr(0, 2) == "\r\n") break;
    const size_t name = SpanOf(rest, kToken);
    if (name == 0 || name >= rest.size() || rest[name] != ':') return false;
    const std::string_view line = rest.substr(name + 1);
    const size_t value = SpanOf(line, kText);
    if (line.substr(value, 2) != "\r\n") return false;
    if (!Take(rest.substr(0, name), Trim(line.substr(0, value)), fields)) return false;
    at += name + 1 + value + 2;
  }
  fields.head.bytes = at + 2;
  return true;
}

}  // namespace

std::optional<PlainHead> ReadPlainHead(std::string_view received) {
  if (received.substr(0, kMethod.size()) != kMethod) return std::nullopt;
  Fields fields;
  const std::string_view line = received.substr(kMethod.size());
  const size_t end = std::min(line.find(' '), line.size());
  if (end == 0 || line.substr(end, kVersion.size()) != kVersion) return std::nullopt;
  fields.head.target = line.substr(0, end);
  const size_t fields_at = kMethod.size() + end + kVersion.size();
  if (!ReadFields(received, fields_at, fields) || fields.host.empty()) return std::nullopt;
  return fields.head;
}

}  // namespace tally::query::http
