// Building blocks of JSON answers: numbers as exact decimal text.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <optional>
#include <string>
#include <string_view>

#include "processor/domain/money.h"

namespace tally::query {

// Fields of objects, in the order of the calls. Nothing here can fail: text is valid UTF-8.
class JsonWriter {
 public:
  JsonWriter() : json_(buffer_) {}

  void BeginObject() { json_.StartObject(); }
  void BeginObject(std::string_view key) {
    Key(key);
    json_.StartObject();
  }
  void EndObject() { json_.EndObject(); }
  void BeginArray(std::string_view key) {
    Key(key);
    json_.StartArray();
  }
  void EndArray() { json_.EndArray(); }

  void Text(std::string_view key, std::string_view value) {
    Key(key);
    json_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  void TextOrNull(std::string_view key, const std::optional<std::string>& value) {
    value.has_value() ? Text(key, std::string_view(*value)) : Null(key);
  }
  void Null(std::string_view key) {
    Key(key);
    json_.Null();
  }
  void Bool(std::string_view key, bool value) {
    Key(key);
    json_.Bool(value);
  }
  void Integer(std::string_view key, domain::Int128 value) {
    Number(key, domain::FormatInteger(value));
  }
  // Hundredths, without needless zeros.
  void Money(std::string_view key, domain::Int128 hundredths) {
    Number(key, domain::FormatMoney(hundredths));
  }
  // Hundredths, always two decimals.
  void Fixed2(std::string_view key, std::optional<domain::Int128> hundredths) {
    hundredths.has_value() ? Number(key, domain::FormatFixed2(*hundredths)) : Null(key);
  }

  std::string Take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  void Key(std::string_view key) {
    json_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  }
  void Number(std::string_view key, const std::string& text) {
    Key(key);
    json_.RawValue(text.data(), text.size(), rapidjson::kNumberType);
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> json_;
};

}  // namespace tally::query
