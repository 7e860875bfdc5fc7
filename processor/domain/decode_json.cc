#include "processor/domain/decode_json.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "processor/domain/identifier.h"
#include "processor/domain/json_syntax.h"

namespace tally::domain {
namespace {

namespace ondemand = simdjson::ondemand;

template <typename Fields>
struct Name {
  std::string_view json;
  Field Fields::*field;
};

template <typename Fields>
std::span<const Name<Fields>> Names();

template <>
std::span<const Name<EventCreatedFields>> Names() {
  using F = EventCreatedFields;
  static constexpr Name<F> kNames[] = {
      {"eventId", &F::event_id},
      {"userId", &F::user_id},
      {"storeId", &F::store_id},
      {"eventTitle", &F::event_title},
      {"status", &F::status},
      {"startDate", &F::start_date},
      {"endDate", &F::end_date},
      {"createdAt", &F::created_at},
      {"totalInvestment", &F::total_investment},
      {"expectedRevenue", &F::expected_revenue},
      {"targetRoi", &F::target_roi},
  };
  return kNames;
}

template <>
std::span<const Name<ParticipantRegisteredFields>> Names() {
  using F = ParticipantRegisteredFields;
  static constexpr Name<F> kNames[] = {
      {"eventId", &F::event_id},
      {"participantId", &F::participant_id},
      {"channel", &F::channel},
      {"registeredAt", &F::registered_at},
      {"purchaseAmount", &F::purchase_amount},
  };
  return kNames;
}

template <>
std::span<const Name<ChannelFields>> Names() {
  using F = ChannelFields;
  static constexpr Name<F> kNames[] = {
      {"channel", &F::channel},
      {"channelType", &F::channel_type},
      {"status", &F::status},
      {"expectedViews", &F::expected_views},
      {"distributionCost", &F::distribution_cost},
      {"distributionId", &F::distribution_id},
  };
  return kNames;
}

template <>
std::span<const Name<DistributionCompletedFields>> Names() {
  using F = DistributionCompletedFields;
  static constexpr Name<F> kNames[] = {
      {"eventId", &F::event_id},
      {"completedAt", &F::completed_at},
      {"channel", &F::channel},
      {"channelType", &F::channel_type},
      {"status", &F::status},
      {"expectedViews", &F::expected_views},
      {"distributionCost", &F::distribution_cost},
      {"distributionId", &F::distribution_id},
      {"distributedChannels", &F::distributed_channels},
  };
  return kNames;
}

template <typename Fields>
Field* Find(Fields& fields, std::string_view key) {
  for (const Name<Fields>& name : Names<Fields>()) {
    if (name.json == key) return &(fields.*name.field);
  }
  return nullptr;
}

Rejection NotJson(std::string_view what) {
  return {Reason::kUndecodable, absl::StrCat("the value is not a JSON object: ",
                                             absl::string_view(what.data(), what.size()))};
}

Rejection NotJson(simdjson::error_code error) { return NotJson(simdjson::error_message(error)); }

bool HasEscape(std::string_view text) {
  return std::memchr(text.data(), '\\', text.size()) != nullptr;
}

bool IsContainer(std::string_view token) { return token[0] == '{' || token[0] == '['; }

// The token's own bytes: simdjson lets a token reach up to the next one.
std::string_view Token(ondemand::value& value) {
  std::string_view token = value.raw_json_token();
  const size_t last = token.find_last_not_of(" \t\n\r");
  return token.substr(0, last + 1);
}

}  // namespace

class JsonReader::Impl {
 public:
  template <typename Fields>
  std::optional<Rejection> Read(std::string_view value, Fields& fields, ChannelListSink* list) {
    list_ = list;
    CopyPadded(value);
    ondemand::document document;
    if (auto error = parser_.iterate(buffer_.get(), value.size(), capacity_).get(document)) {
      if (error == simdjson::MEMALLOC) throw std::bad_alloc();
      return NotJson(error);
    }
    ondemand::object object;
    if (auto error = document.get_object().get(object)) return NotJson(error);
    if (auto rejection = ReadObject(object, fields)) return rejection;
    const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    if (!at_end) return NotJson("something follows the closing brace");
    return std::nullopt;
  }

 private:
  // simdjson reads up to SIMDJSON_PADDING bytes beyond the value; zeros there end every token.
  void CopyPadded(std::string_view value) {
    constexpr size_t kCapacityMin = 16 * 1024;
    const size_t needed = value.size() + simdjson::SIMDJSON_PADDING;
    if (needed > capacity_) {
      capacity_ = std::max({kCapacityMin, needed, 2 * capacity_});
      buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
      if (parser_.allocate(capacity_)) throw std::bad_alloc();
    }
    std::memcpy(buffer_.get(), value.data(), value.size());
    std::memset(buffer_.get() + value.size(), 0, simdjson::SIMDJSON_PADDING);
  }

  template <typename Fields>
  std::optional<Rejection> ReadObject(ondemand::object& object, Fields& fields) {
    for (auto item : object) {
      ondemand::field member;
      if (auto error = std::move(item).get(member)) return NotJson(error);
      std::string_view key;
      if (auto error = ReadKey(member, key)) return NotJson(error);
      Field ignored;
      Field* field = Find(fields, key);
      auto rejection = ReadMember(member.value(), fields, field != nullptr ? *field : ignored);
      if (rejection) return rejection;
    }
    return std::nullopt;
  }

  // A key without escapes is taken as it stands in the buffer, where a quote ends it.
  simdjson::error_code ReadKey(ondemand::field& member, std::string_view& key) {
    const char* begin = member.key().raw();
    const char* end = static_cast<const char*>(
        std::memchr(begin, '"', static_cast<size_t>(buffer_.get() + capacity_ - begin)));
    if (end == nullptr) return simdjson::STRING_ERROR;
    key = std::string_view(begin, static_cast<size_t>(end - begin));
    if (!HasEscape(key)) return simdjson::SUCCESS;
    return member.unescaped_key().get(key);
  }

  template <typename Fields>
  std::optional<Rejection> ReadMember(ondemand::value& value, Fields&, Field& field) {
    return ReadField(value, field);
  }

  std::optional<Rejection> ReadMember(ondemand::value& value, DistributionCompletedFields& fields,
                                      Field& field) {
    if (&field != &fields.distributed_channels) return ReadField(value, field);
    list_->BeginList();
    field = Field();
    if (Token(value).substr(0, 1) != "[") return ReadField(value, field);
    ondemand::array array;
    if (auto error = value.get_array().get(array)) return NotJson(error);
    return ReadList(array);
  }

  std::optional<Rejection> ReadList(ondemand::array& array) {
    for (auto item : array) {
      ondemand::value element;
      if (auto error = std::move(item).get(element)) return NotJson(error);
      if (auto rejection = ReadElement(element)) return rejection;
    }
    return std::nullopt;
  }

  std::optional<Rejection> ReadElement(ondemand::value& element) {
    if (Token(element).substr(0, 1) != "{") {
      Field field;
      if (auto rejection = ReadField(element, field)) return rejection;
      return list_->AddOther(field);
    }
    ondemand::object object;
    if (auto error = element.get_object().get(object)) return NotJson(error);
    ChannelFields fields;
    if (auto rejection = ReadObject(object, fields)) return rejection;
    return list_->AddElement(fields);
  }

  std::optional<Rejection> ReadField(ondemand::value& value, Field& field) {
    const std::string_view token = Token(value);
    if (token.empty()) return NotJson("a value is missing");
    if (token[0] == '"') return ReadString(value, token, field);
    if (IsContainer(token)) return ReadContainer(value, token, field);
    if (token == "null") {
      field = Field();
    } else if (token == "true" || token == "false") {
      field = Field::OtherType(token);
    } else if (IsJsonNumber(token)) {
      field = Field::Number(token);
    } else {
      return NotJson("a value is no string, number, object, array, true, false or null");
    }
    return std::nullopt;
  }

  // simdjson has checked UTF-8, control characters and the closing quote already, so only a string
  // with escapes is copied.
  std::optional<Rejection> ReadString(ondemand::value& value, std::string_view token,
                                      Field& field) {
    if (token.size() < 2 || token.back() != '"') return NotJson("a string does not end");
    std::string_view text = token.substr(1, token.size() - 2);
    if (HasEscape(text)) {
      if (auto error = value.get_string().get(text)) return NotJson(error);
      if (!IsUtf8(text)) return NotJson("a string has half of a surrogate pair");
    } else if (auto error = value.get_raw_json_string().error()) {
      // Only called to move on: a string left behind would be skipped as a key if a colon follows.
      return NotJson(error);
    }
    field = Field::Text(text);
    return std::nullopt;
  }

  std::optional<Rejection> ReadContainer(ondemand::value& value, std::string_view token,
                                         Field& field) {
    std::string_view json;
    auto error =
        token[0] == '{' ? RawJson(value.get_object(), json) : RawJson(value.get_array(), json);
    if (error) return NotJson(error);
    if (!IsJsonValue(json, open_)) return NotJson("an object or array is malformed");
    field = Field::OtherType(json);
    return std::nullopt;
  }

  template <typename Container>
  static simdjson::error_code RawJson(simdjson::simdjson_result<Container> result,
                                      std::string_view& json) {
    Container container;
    if (auto error = std::move(result).get(container)) return error;
    return container.raw_json().get(json);
  }

  ondemand::parser parser_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  std::string open_;
  ChannelListSink* list_ = nullptr;
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
