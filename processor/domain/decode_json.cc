#include "processor/domain/decode_json.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "absl/strings/str_cat.h"
#include "processor/domain/decode_names.h"
#include "processor/domain/identifier.h"
#include "processor/domain/json_syntax.h"

namespace tally::domain {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(QuotedName::kBytesRead <= simdjson::SIMDJSON_PADDING);

bool HasEscape(std::string_view text) { return text.find('\\') != std::string_view::npos; }

bool IsContainer(std::string_view token) { return token[0] == '{' || token[0] == '['; }

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The token's own bytes: simdjson lets a token reach up to the next one.
std::string_view Token(ondemand::value& value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && IsSpace(token.back())) token.remove_suffix(1);
  return token;
}

}  // namespace

class JsonReader::Impl {
 public:
  template <typename Fields>
  std::optional<Rejection> Read(std::string_view value, Fields& fields, ChannelListSink* list) {
    list_ = list;
    if (ReadValue(value, fields)) return std::nullopt;
    return std::move(rejection_);
  }

 private:
  // This and what follows return false after setting rejection_.
  template <typename Fields>
  bool ReadValue(std::string_view value, Fields& fields) {
    has_escapes_ = HasEscape(value);
    CopyPadded(value);
    auto document = parser_.iterate(buffer_.get(), value.size(), capacity_);
    if (document.error() == simdjson::MEMALLOC) throw std::bad_alloc();
    ondemand::object object;
    if (auto error = document.get_object().get(object)) return NotJson(error);
    if (!ReadObject(object, fields)) return false;
    const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return at_end || NotJson("something follows the closing brace");
  }

  // simdjson reads up to SIMDJSON_PADDING bytes beyond the value; zeros there end every token.
  void CopyPadded(std::string_view value) {
    constexpr size_t kCapacityMin = 16 * 1024;
    const size_t needed = value.size() + simdjson::SIMDJSON_PADDING;
    if (needed > capacity_) {
      capacity_ = std::max({kCapacityMin, needed, 2 * capacity_});
      buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
      if (parser_.allocate(capacity_)) throw std::bad_alloc();
    }
    std::copy(value.begin(), value.end(), buffer_.get());
    std::memset(buffer_.get() + value.size(), 0, simdjson::SIMDJSON_PADDING);
  }

  template <typename Fields>
  bool ReadObject(ondemand::object& object, Fields& fields) {
    FieldFinder finder(fields);
    for (auto item : object) {
      if (item.error()) return NotJson(item.error());
      ondemand::field& member = item.value_unsafe();
      Field* field = nullptr;
      if (auto error = FindField(member, finder, field)) return NotJson(error);
      if (!ReadMember(member.value(), fields, field != nullptr ? *field : ignored_)) return false;
    }
    return true;
  }

  // A key without escapes is compared as it stands in the buffer, where a quote ends it.
  template <typename Fields>
  simdjson::error_code FindField(ondemand::field& member, FieldFinder<Fields>& finder,
                                 Field*& field) {
    const char* raw = member.key().raw();
    field = finder.Find([&](const Name<Fields>& name) { return name.quoted.Begins(raw); });
    if (field != nullptr || !has_escapes_) return simdjson::SUCCESS;
    std::string_view key;
    if (auto error = member.unescaped_key().get(key)) return error;
    field = finder.Find([&](const Name<Fields>& name) { return name.json == key; });
    return simdjson::SUCCESS;
  }

  template <typename Fields>
  bool ReadMember(ondemand::value& value, Fields&, Field& field) {
    return ReadField(value, field);
  }

  bool ReadMember(ondemand::value& value, DistributionCompletedFields& fields, Field& field) {
    if (&field != &fields.distributed_channels) return ReadField(value, field);
    list_->BeginList();
    field = Field();
    if (Token(value).substr(0, 1) != "[") return ReadField(value, field);
    ondemand::array array;
    if (auto error = value.get_array().get(array)) return NotJson(error);
    return ReadList(array);
  }

  bool ReadList(ondemand::array& array) {
    for (auto item : array) {
      ondemand::value element;
      if (auto error = std::move(item).get(element)) return NotJson(error);
      if (!ReadElement(element)) return false;
    }
    return true;
  }

  bool ReadElement(ondemand::value& element) {
    if (Token(element).substr(0, 1) != "{") {
      Field field;
      return ReadField(element, field) && Accept(list_->AddOther(field));
    }
    ondemand::object object;
    if (auto error = element.get_object().get(object)) return NotJson(error);
    ChannelFields fields;
    return ReadObject(object, fields) && Accept(list_->AddElement(fields));
  }

  // Inlined where it is called, without what is rare, because it runs for every field.
  [[gnu::always_inline]] bool ReadField(ondemand::value& value, Field& field) {
    const std::string_view token = Token(value);
    if (token.empty()) return NotJson("a value is missing");
    if (token[0] == '"') return ReadString(value, token, field);
    if (IsContainer(token)) return ReadContainer(value, token, field);
    return ReadScalar(token, field);
  }

  bool ReadScalar(std::string_view token, Field& field) {
    if (IsJsonNumber(token)) {
      field = Field::Number(token);
    } else if (token == "null") {
      field = Field();
    } else if (token == "true" || token == "false") {
      field = Field::OtherType(token);
    } else {
      return NotJson("a value is no string, number, object, array, true, false or null");
    }
    return true;
  }

  // simdjson has checked UTF-8, control characters and the closing quote already, so only a string
  // with escapes is copied.
  [[gnu::always_inline]] bool ReadString(ondemand::value& value, std::string_view token,
                                         Field& field) {
    if (token.size() < 2 || token.back() != '"') return NotJson("a string does not end");
    const std::string_view text(token.data() + 1, token.size() - 2);
    if (has_escapes_ && HasEscape(text)) return Unescape(value, field);
    // Only called to move on: a string left behind would be skipped as a key if a colon follows.
    if (auto error = value.get_raw_json_string().error()) return NotJson(error);
    field = Field::Text(text);
    return true;
  }

  [[gnu::noinline]] bool Unescape(ondemand::value& value, Field& field) {
    std::string_view text;
    if (auto error = value.get_string().get(text)) return NotJson(error);
    if (!IsUtf8(text)) return NotJson("a string has half of a surrogate pair");
    field = Field::Text(text);
    return true;
  }

  [[gnu::noinline]] bool ReadContainer(ondemand::value& value, std::string_view token,
                                       Field& field) {
    std::string_view json;
    auto error =
        token[0] == '{' ? RawJson(value.get_object(), json) : RawJson(value.get_array(), json);
    if (error) return NotJson(error);
    if (!IsJsonValue(json, open_)) return NotJson("an object or array is malformed");
    field = Field::OtherType(json);
    return true;
  }

  template <typename Container>
  static simdjson::error_code RawJson(simdjson::simdjson_result<Container> result,
                                      std::string_view& json) {
    Container container;
    if (auto error = std::move(result).get(container)) return error;
    return container.raw_json().get(json);
  }

  bool Accept(std::optional<Rejection> rejection) {
    if (rejection) rejection_ = *std::move(rejection);
    return !rejection;
  }

  [[gnu::cold]] bool NotJson(std::string_view what) {
    rejection_ = {Reason::kUndecodable, absl::StrCat("the value is not a JSON object: ",
                                                     absl::string_view(what.data(), what.size()))};
    return false;
  }

  [[gnu::cold]] bool NotJson(simdjson::error_code error) {
    return NotJson(simdjson::error_message(error));
  }

  ondemand::parser parser_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  bool has_escapes_ = false;  // the value has a backslash somewhere
  std::string open_;
  Field ignored_;  // of unknown names
  ChannelListSink* list_ = nullptr;
  Rejection rejection_{};
};

JsonReader::JsonReader() : impl_(std::make_unique<Impl>()) {}
JsonReader::~JsonReader() = default;

std::optional<Rejection> JsonReader::Read(std::string_view value, EventCreatedFields& fields) {
  return impl_->Read(value, fields, nullptr);
}

std::optional<Rejection> JsonReader::Read(std::string_view value,
                                          ParticipantRegisteredFields& fields) {
  return impl_->Read(value, fields, nullptr);
}

std::optional<Rejection> JsonReader::Read(std::string_view value,
                                          DistributionCompletedFields& fields,
                                          ChannelListSink& list) {
  return impl_->Read(value, fields, &list);
}

}  // namespace tally::domain
