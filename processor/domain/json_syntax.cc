#include "processor/domain/json_syntax.h"

#include <cstdint>

namespace tally::domain {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool AtEnd() const { return position_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }

  bool Take(char c) {
    if (AtEnd() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  void SkipSpace() {
    while (Take(' ') || Take('\t') || Take('\n') || Take('\r')) {
    }
  }

  bool TakeWord(std::string_view word) {
    if (text_.substr(position_, word.size()) != word) return false;
    position_ += word.size();
    return true;
  }

  bool TakeDigits() {
    const size_t begin = position_;
    while (position_ < text_.size() && IsDigit(text_[position_])) ++position_;
    return position_ > begin;
  }

  bool TakeNumber() {
    Take('-');
    if (!Take('0') && !TakeDigits()) return false;
    if (Take('.') && !TakeDigits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return TakeDigits();
    }
    return true;
  }

  bool TakeString() {
    if (!Take('"')) return false;
    while (!AtEnd()) {
      const char c = text_[position_++];
      if (c == '"') return true;
      if (static_cast<uint8_t>(c) < 0x20) return false;
      if (c == '\\' && !TakeEscape()) return false;
    }
    return false;
  }

  bool TakeScalar() {
    switch (Peek()) {
      case '"':
        return TakeString();
      case 't':
        return TakeWord("true");
      case 'f':
        return TakeWord("false");
      case 'n':
        return TakeWord("null");
      default:
        return TakeNumber();
    }
  }

 private:
  bool TakeEscape() {
    if (AtEnd()) return false;
    const char c = text_[position_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i) {
      if (!IsHexDigit(Peek())) return false;
      ++position_;
    }
    return true;
  }

  std::string_view text_;
  size_t position_ = 0;
};

// What stands before a value inside an object: its key and the colon.
bool TakeKey(Scanner& scanner) {
  scanner.SkipSpace();
  if (!scanner.TakeString()) return false;
  scanner.SkipSpace();
  return scanner.Take(':');
}

// Takes a scalar, an empty container, or the beginning of a container up to its first value.
// `complete`: the value has ended.
bool TakeValueStart(Scanner& scanner, std::string& open, bool& complete) {
  scanner.SkipSpace();
  complete = true;
  const char bracket = scanner.Peek();
  if (bracket != '{' && bracket != '[') return scanner.TakeScalar();
  scanner.Take(bracket);
  scanner.SkipSpace();
  if (scanner.Take(bracket == '{' ? '}' : ']')) return true;
  complete = false;
  open.push_back(bracket);
  return bracket == '[' || TakeKey(scanner);
}

// After a complete value: closes the containers that end here. True if a further value follows or
// all are closed.
bool TakeValueEnd(Scanner& scanner, std::string& open) {
  while (!open.empty()) {
    scanner.SkipSpace();
    if (scanner.Take(',')) return open.back() == '[' || TakeKey(scanner);
    if (!scanner.Take(open.back() == '{' ? '}' : ']')) return false;
    open.pop_back();
  }
  return true;
}

}  // namespace

bool IsJsonNumber(std::string_view text) {
  Scanner scanner(text);
  return scanner.TakeNumber() && scanner.AtEnd();
}

bool IsJsonValue(std::string_view text, std::string& open) {
  Scanner scanner(text);
  open.clear();
  do {
    bool complete = false;
    if (!TakeValueStart(scanner, open, complete)) return false;
    if (complete && !TakeValueEnd(scanner, open)) return false;
  } while (!open.empty());
  scanner.SkipSpace();
  return scanner.AtEnd();
}

}  // namespace tally::domain
