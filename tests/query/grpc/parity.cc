#include "tests/query/grpc/parity.h"

#include <google/protobuf/descriptor.h>
#include <rapidjson/document.h>

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "query/grpc/convert.h"

namespace tally::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using rapidjson::Value;

class Comparison {
 public:
  std::vector<std::string> found;

  void Objects(const std::string& path, const Value& json, const Message& message) {
    std::set<std::string> named;
    for (const auto& member : json.GetObject()) {
      const std::string name = query::rpc::FieldName(member.name.GetString());
      named.insert(name);
      const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
      if (field == nullptr) {
        Differ(path, name, "is no field of the message");
      } else {
        Field(absl::StrCat(path, ".", name), member.value, message, *field);
      }
    }
    std::vector<const FieldDescriptor*> set;
    message.GetReflection()->ListFields(message, &set);
    for (const FieldDescriptor* field : set) {
      if (named.count(field->name()) == 0) Differ(path, field->name(), "is not in the JSON text");
    }
  }

 private:
  void Differ(const std::string& path, const std::string& name, const std::string& how) {
    found.push_back(absl::StrCat(path, ".", name, " ", how));
  }
  void Equal(const std::string& path, const std::string& json, const std::string& message) {
    if (json != message) found.push_back(absl::StrCat(path, ": ", json, " against ", message));
  }

  void Field(const std::string& path, const Value& json, const Message& message,
             const FieldDescriptor& field) {
    const auto* reflection = message.GetReflection();
    if (field.is_repeated()) return List(path, json, message, field);
    if (json.IsNull()) {
      if (!field.has_presence()) found.push_back(path + " cannot be null");
      if (field.has_presence() && reflection->HasField(message, &field)) {
        found.push_back(path + " is set, and null");
      }
      return;
    }
    if (field.has_presence() && !reflection->HasField(message, &field)) {
      found.push_back(path + " is not set");
      return;
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Objects(path, json, reflection->GetMessage(message, &field));
    }
    Equal(path, TextOf(json), TextOf(message, field));
  }

  void List(const std::string& path, const Value& json, const Message& message,
            const FieldDescriptor& field) {
    const auto* reflection = message.GetReflection();
    const int size = reflection->FieldSize(message, &field);
    Equal(path + " size", absl::StrCat(json.Size()), absl::StrCat(size));
    for (int i = 0; i < size && i < static_cast<int>(json.Size()); ++i) {
      Objects(absl::StrCat(path, "[", i, "]"), json[static_cast<unsigned>(i)],
              reflection->GetRepeatedMessage(message, &field, i));
    }
  }

  // Numbers were parsed as their text.
  static std::string TextOf(const Value& json) {
    if (json.IsBool()) return json.GetBool() ? "true" : "false";
    return {json.GetString(), json.GetStringLength()};
  }

  static std::string TextOf(const Message& message, const FieldDescriptor& field) {
    const auto* reflection = message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection->GetString(message, &field);
      case FieldDescriptor::CPPTYPE_INT64:
        return absl::StrCat(reflection->GetInt64(message, &field));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection->GetBool(message, &field) ? "true" : "false";
      case FieldDescriptor::CPPTYPE_ENUM: {
        const std::string name = reflection->GetEnum(message, &field)->name();
        return absl::AsciiStrToLower(name.substr(name.find('_') + 1));
      }
      default:
        return absl::StrCat("a ", field.type_name());
    }
  }
};

}  // namespace

std::vector<std::string> Differences(const std::string& json, const Message& message) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseNumbersAsStringsFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return {"no JSON object: " + json};
  Comparison comparison;
  comparison.Objects("", document, message);
  return comparison.found;
}

}  // namespace tally::testing
