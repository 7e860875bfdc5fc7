// Writes JSON for decoder tests, number by number as they want it spelled.
#pragma once

#include <string>
#include <string_view>

namespace tally::domain {

class JsonText {
 public:
  void Key(std::string_view name) {
    String(name);
    text_ += ':';
    after_key_ = true;
  }
  void String(std::string_view value) {
    BeforeValue();
    text_ += '"';
    for (const char c : value) Character(c);
    text_ += '"';
  }
  // A number, null, or anything else that is JSON already.
  void Raw(std::string_view json) {
    BeforeValue();
    text_ += json;
  }
  // '{' or '['.
  void Open(char bracket) {
    BeforeValue();
    text_ += bracket;
    first_ = true;
  }
  void Close(char bracket) {
    text_ += bracket;
    first_ = false;
  }
  const std::string& text() const { return text_; }

 private:
  void BeforeValue() {
    if (!first_ && !after_key_) text_ += ',';
    first_ = after_key_ = false;
  }
  void Character(char c) {
    static constexpr char kHex[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text_ += "\\u00";
      text_ += kHex[c >> 4];
      text_ += kHex[c & 15];
    } else {
      text_ += c;
    }
  }

  std::string text_;
  bool first_ = true;  // nothing stands before the next value in its container
  bool after_key_ = false;
};

}  // namespace tally::domain
