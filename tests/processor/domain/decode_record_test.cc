// What the decoder does with a record before and after it reads the value: size, tombstone,
// content type, key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "processor/domain/decode.h"
#include "tally/v1/events.pb.h"
#include "tests/processor/domain/decode_fixture.h"

namespace tally::domain {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kJson = R"({"eventId":"evt-1","participantId":"p"})";

std::string Protobuf(std::string_view event_id = "evt-1") {
  v1::ParticipantRegistered message;
  message.set_event_id(std::string(event_id));
  message.set_participant_id("p");
  return message.SerializeAsString();
}

std::string Outcome(const Input& input) {
  Decoder decoder({});
  ParticipantRegistered event;
  return Describe(DecodeInput(decoder, input, event));
}

Input Json() { return {.value = std::string(kJson)}; }

TEST(DecodeRecord, KeyIsTheEventId) {
  Input input = Json();
  EXPECT_EQ(Outcome(input), "accepted");
  input.key = std::nullopt;
  EXPECT_EQ(Outcome(input), R"(key_mismatch: the record's key null is not eventId "evt-1")");
  for (const char* key : {"", "evt-2", "evt-1 ", "EVT-1", "evt-"}) {
    input.key = key;
    EXPECT_THAT(Outcome(input), StartsWith("key_mismatch")) << key;
  }
  input.key = std::string("\xff\n", 2);
  EXPECT_THAT(Outcome(input), HasSubstr(R"("\xff\n")"));
}

TEST(DecodeRecord, TombstoneAndSize) {
  Input input;
  EXPECT_THAT(Outcome(input), StartsWith("unexpected_tombstone"));
  input = Json();
  input.value->append(kRecordBytesMax - input.value->size() - input.key->size(), ' ');
  EXPECT_EQ(Outcome(input), "accepted");
  input.value->push_back(' ');
  EXPECT_THAT(Outcome(input), StartsWith("record_too_large"));
  input.value = std::nullopt;
  input.key = std::string(kRecordBytesMax + 1, 'k');
  EXPECT_THAT(Outcome(input), StartsWith("record_too_large"));
}

TEST(DecodeRecord, FirstFaultIsTheReason) {
  Input input{.value = "{", .key = "other", .headers = {{"content-type", "text/plain"}}};
  EXPECT_THAT(Outcome(input), StartsWith("unknown_content_type"));
  input.headers.clear();
  EXPECT_THAT(Outcome(input), StartsWith("undecodable"));
  input.value = R"({"eventId":"evt-1"})";
  EXPECT_THAT(Outcome(input), StartsWith("missing_field"));
  input.value = std::string(kJson);
  EXPECT_THAT(Outcome(input), StartsWith("key_mismatch"));
}

struct FormatRow {
  std::vector<Header> headers;
  bool json;            // whether the value is JSON, else Protobuf
  std::string outcome;  // how it begins
};

TEST(DecodeRecord, ContentType) {
  const FormatRow rows[] = {
      {{}, true, "accepted"},
      {{}, false, "accepted"},
      {{{"content-type", "application/json"}}, true, "accepted"},
      {{{"content-type", "application/x-protobuf"}}, false, "accepted"},
      {{{"content-type", "application/protobuf"}}, false, "accepted"},
      {{{"content-type", "application/json; charset=utf-8"}}, true, "accepted"},
      {{{"content-type", "application/json;"}}, true, "accepted"},
      {{{"content-type", " Application/JSON ; x=y"}}, true, "accepted"},
      {{{"Content-Type", "application/protobuf;messageType=\"x\""}}, false, "accepted"},
      {{{"content-type", std::nullopt}}, true, "accepted"},
      {{{"content-type", std::nullopt}}, false, "accepted"},
      {{{"trace", "application/pdf"}, {"content-types", "x"}}, true, "accepted"},
      {{{"content-type", "text/plain"}, {"CONTENT-TYPE", "application/json"}}, true, "accepted"},
      {{{"content-type", "application/json"}, {"content-type", std::nullopt}}, true, "accepted"},

      {{{"content-type", "application/json"}}, false, "undecodable"},
      {{{"content-type", "application/protobuf"}}, true, "undecodable"},
      {{{"content-type", "application/x-protobuf"}}, true, "undecodable"},
      {{{"content-type", "application/json"}, {"content-type", "text/plain"}},
       true,
       "unknown_content_type"},
      {{{"content-type", ""}}, true, "unknown_content_type"},
      {{{"content-type", ";"}}, true, "unknown_content_type"},
      {{{"content-type", "json"}}, true, "unknown_content_type"},
      {{{"content-type", "text/json"}}, true, "unknown_content_type"},
      {{{"content-type", "application/json, application/json"}}, true, "unknown_content_type"},
      {{{"content-type", "application/jsonx"}}, true, "unknown_content_type"},
      {{{"content-type", "application/cloudevents+json"}}, true, "unknown_content_type"},
      {{{"content-type", "\xff\xfe"}}, true, "unknown_content_type"},
  };
  for (const FormatRow& row : rows) {
    Input input;
    input.value = row.json ? std::string(kJson) : Protobuf();
    input.headers = row.headers;
    EXPECT_THAT(Outcome(input), StartsWith(row.outcome))
        << (row.headers.empty() ? "no header" : row.headers[0].value.value_or("null"));
  }
}

TEST(DecodeRecord, WithoutContentTypeTheFirstByteTells) {
  struct {
    std::string value;
    std::string outcome;
  } const rows[] = {
      {" \t\r\n" + std::string(kJson) + " \t\r\n", "accepted"},
      {"", "missing_field"},  // an empty Protobuf message
      {" ", "undecodable"},   // Protobuf
      {"[" + std::string(kJson) + "]", "undecodable"},
      {"\xef\xbb\xbf" + std::string(kJson), "undecodable"},
      {"\"{}\"", "undecodable"},
      {"null", "undecodable"},
      {"\v{}", "undecodable"},
      {"{", "undecodable: the value is not a JSON object"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(Outcome({.value = row.value}), StartsWith(row.outcome)) << row.value;
  }
}

// No Protobuf record begins with white space, whatever its identifiers are.
TEST(DecodeRecord, ProtobufNeverLooksLikeJson) {
  for (size_t size = 1; size <= 256; ++size) {
    const std::string event_id(size, '{');
    const Input input{.value = Protobuf(event_id), .key = event_id};
    EXPECT_EQ(Outcome(input), "accepted") << size;
  }
}

TEST(ReasonName, AllAreDistinctWords) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Reason::kUnexpectedTombstone); ++i) {
    names.push_back(ReasonName(static_cast<Reason>(i)));
  }
  EXPECT_THAT(names,
              testing::ElementsAre("undecodable", "unknown_content_type", "missing_field",
                                   "invalid_field", "out_of_range", "record_too_large",
                                   "key_mismatch", "wrong_partition", "unexpected_tombstone"));
}

}  // namespace
}  // namespace tally::domain
