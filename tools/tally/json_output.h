// Writes JSON for scripts, with exact numbers.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "processor/domain/money.h"
#include "processor/domain/record.h"
#include "tools/tally/encode.h"
#include "tools/tally/table.h"

namespace tally::cli {

class Json {
 public:
  std::string Take() {
    buffer_.Put('\n');
    return {buffer_.GetString(), buffer_.GetSize()};
  }

  void Open(const char* name = nullptr) {
    if (name != nullptr) writer_.Key(name);
    writer_.StartObject();
  }
  void Close() { writer_.EndObject(); }
  void OpenList(const char* name) {
    writer_.Key(name);
    writer_.StartArray();
  }
  void CloseList() { writer_.EndArray(); }

  // Text from outside may be no UTF-8 where a row is damaged.
  void Text(const char* name, std::string_view text) {
    const std::string printable = Printable(text);
    writer_.Key(name);
    writer_.String(printable.data(), static_cast<rapidjson::SizeType>(printable.size()));
  }
  // As it is, line ends and all; UTF-8.
  void ExactText(const char* name, std::string_view text) {
    writer_.Key(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void Number(const char* name, domain::Int128 number) { Raw(name, domain::FormatInteger(number)); }
  void Money(const char* name, domain::Int128 amount) { Raw(name, domain::FormatMoney(amount)); }
  void Bool(const char* name, bool value) {
    writer_.Key(name);
    writer_.Bool(value);
  }
  void Null(const char* name) {
    writer_.Key(name);
    writer_.Null();
  }
  void Time(const char* name, std::optional<domain::Millis> time) {
    if (!time || *time == domain::kNoTimestamp) return Null(name);
    std::string text;
    AppendTime(*time, &text);
    Text(name, text);
  }
  void Offsets(const char* name, const std::array<int64_t, domain::kTopicCount>& offsets) {
    Open(name);
    for (int i = 0; i < domain::kTopicCount; ++i) {
      Number(TopicKey(i), offsets[static_cast<size_t>(i)]);
    }
    Close();
  }
  static const char* TopicKey(int topic) {
    return domain::TopicSuffix(static_cast<domain::Topic>(topic)).data();
  }

 private:
  void Raw(const char* name, const std::string& number) {
    writer_.Key(name);
    writer_.RawValue(number.data(), number.size(), rapidjson::kNumberType);
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace tally::cli
