#include <simdjson.h>

#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tools/tally/jsonl.h"

namespace tally::cli {
namespace {

namespace ondemand = simdjson::ondemand;

absl::Status Bad(const std::string& what) { return absl::InvalidArgumentError(what); }

enum Field : unsigned {
  kTopic = 1,
  kKey = 2,
  kValue = 4,
  kValueBase64 = 8,
  kHeaders = 16,
  kTimestamp = 32,
  kPartition = 64,
};

unsigned FieldOf(std::string_view name) {
  if (name == "topic") return kTopic;
  if (name == "key") return kKey;
  if (name == "value") return kValue;
  if (name == "valueBase64") return kValueBase64;
  if (name == "headers") return kHeaders;
  if (name == "timestamp") return kTimestamp;
  if (name == "partition") return kPartition;
  return 0;
}

// A string or null; false: something else.
bool ReadStringOrNull(ondemand::value& json, std::optional<std::string>* out) {
  std::string_view text;
  if (json.get_string().get(text) == simdjson::SUCCESS) {
    out->emplace(text);
    return true;
  }
  out->reset();
  ondemand::json_type type;
  return json.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::null;
}

bool ReadInteger(ondemand::value& json, int64_t max, int64_t* out) {
  return json.get_int64().get(*out) == simdjson::SUCCESS && *out >= 0 && *out <= max;
}

absl::Status ReadValue(ondemand::value& json, OutgoingRecord* record) {
  ondemand::json_type type;
  if (json.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::object) {
    ondemand::object object;
    std::string_view text;
    if (json.get_object().get(object) != simdjson::SUCCESS ||
        object.raw_json().get(text) != simdjson::SUCCESS) {
      return Bad("value is not a JSON object");
    }
    record->value.emplace(text.substr(0, text.rfind('}') + 1));
    return absl::OkStatus();
  }
  if (ReadStringOrNull(json, &record->value)) return absl::OkStatus();
  return Bad(
      "value must be an object (sent as its JSON text), a string (sent as its bytes) or null (a "
      "tombstone)");
}

absl::Status ReadBase64(ondemand::value& json, OutgoingRecord* record) {
  std::string_view text;
  if (json.get_string().get(text) == simdjson::SUCCESS) {
    std::string bytes;
    if (absl::Base64Unescape(absl::string_view(text.data(), text.size()), &bytes)) {
      record->value = std::move(bytes);
      return absl::OkStatus();
    }
  }
  return Bad("valueBase64 must be a string of base64");
}

absl::Status ReadHeaders(ondemand::value& json, OutgoingRecord* record) {
  const absl::Status bad = Bad("headers must be an object whose values are strings or null");
  ondemand::object object;
  if (json.get_object().get(object) != simdjson::SUCCESS) return bad;
  for (auto field : object) {
    std::string_view name;
    ondemand::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS) return bad;
    auto& header = record->headers.emplace_back(std::string(name), std::nullopt);
    if (field.value().get(value) != simdjson::SUCCESS) return bad;
    if (!ReadStringOrNull(value, &header.second)) return bad;
  }
  return absl::OkStatus();
}

absl::Status ReadField(unsigned field, ondemand::value& json, OutgoingRecord* record) {
  int64_t number = 0;
  switch (field) {
    case kTopic: {
      std::string_view text;
      if (json.get_string().get(text) != simdjson::SUCCESS || text.empty()) {
        return Bad("topic must be a string, the topic's full name");
      }
      record->topic = text;
      return absl::OkStatus();
    }
    case kKey:
      if (ReadStringOrNull(json, &record->key)) return absl::OkStatus();
      return Bad("key must be a string, or null for a record without a key");
    case kValue:
      return ReadValue(json, record);
    case kValueBase64:
      return ReadBase64(json, record);
    case kHeaders:
      return ReadHeaders(json, record);
    case kTimestamp:
      if (!ReadInteger(json, std::numeric_limits<int64_t>::max(), &record->timestamp_ms)) {
        return Bad("timestamp must be milliseconds since 1970, a whole number from 0");
      }
      return absl::OkStatus();
    case kPartition:
      if (!ReadInteger(json, std::numeric_limits<int32_t>::max(), &number)) {
        return Bad("partition must be a whole number from 0");
      }
      record->partition = static_cast<int32_t>(number);
      return absl::OkStatus();
    default:
      return absl::InternalError("unknown field");
  }
}

absl::Status CheckFields(unsigned seen) {
  if ((seen & kTopic) == 0) return Bad("topic is missing");
  if ((seen & kKey) == 0) {
    return Bad("key is missing (write \"key\":null for a record without one)");
  }
  if ((seen & (kValue | kValueBase64)) == 0) {
    return Bad("value is missing (write \"value\":null for a tombstone)");
  }
  if ((seen & kValue) != 0 && (seen & kValueBase64) != 0) {
    return Bad("value and valueBase64 exclude each other");
  }
  return absl::OkStatus();
}

}  // namespace

class JsonlParser::Impl {
 public:
  absl::Status Parse(std::string_view line, OutgoingRecord* record) {
    buffer_.reserve(line.size() + simdjson::SIMDJSON_PADDING);
    buffer_.assign(line);
    const simdjson::padded_string_view json(buffer_.data(), buffer_.size(), buffer_.capacity());
    // The on-demand parser leaves unread parts unchecked; this pass checks the whole line.
    if (const auto error = validator_.parse(json.data(), json.size(), false).error()) {
      return Bad(absl::StrCat("not JSON: ", simdjson::error_message(error)));
    }
    ondemand::document document;
    ondemand::object object;
    if (parser_.iterate(json).get(document) != simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
      return Bad("not a JSON object; expected {\"topic\":…,\"key\":…,\"value\":…}");
    }
    return ReadObject(object, record);
  }

 private:
  static absl::Status ReadObject(ondemand::object& object, OutgoingRecord* record) {
    record->partition.reset();
    record->headers.clear();
    record->timestamp_ms = domain::kNoTimestamp;
    unsigned seen = 0;
    for (auto field : object) {
      std::string_view name;
      ondemand::value value;
      if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
          field.value().get(value) != simdjson::SUCCESS) {
        return Bad("not JSON");
      }
      const unsigned which = FieldOf(name);
      const std::string shown(name.substr(0, 64));
      if (which == 0) {
        return Bad(absl::StrCat("unknown field \"", shown,
                                "\"; allowed: topic, key, value, valueBase64, headers, timestamp, "
                                "partition"));
      }
      if ((seen & which) != 0) return Bad(absl::StrCat(shown, " is given twice"));
      seen |= which;
      if (auto status = ReadField(which, value, record); !status.ok()) return status;
    }
    return CheckFields(seen);
  }

  std::string buffer_;
  simdjson::dom::parser validator_;
  ondemand::parser parser_;
};

JsonlParser::JsonlParser() : impl_(std::make_unique<Impl>()) {}
JsonlParser::~JsonlParser() = default;

absl::Status JsonlParser::Parse(std::string_view line, OutgoingRecord* record) {
  return impl_->Parse(line, record);
}

}  // namespace tally::cli
