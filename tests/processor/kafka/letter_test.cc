// Dead letters: content and cutting.
#include "processor/kafka/letter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "processor/kafka/kafka_dead_letters.h"

namespace tally::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr size_t kLimit = 100'000;

domain::Record MakeRecord(std::string_view key, std::string_view value,
                          std::span<const domain::Header> headers = {}) {
  return {.topic = domain::Topic::kParticipantRegistered,
          .partition = 4,
          .offset = 17,
          .timestamp_ms = 1'000,
          .key = key,
          .value = value,
          .headers = headers};
}

Letter Make(const domain::Record& record, std::string detail = "why") {
  return MakeLetter(record, "t.participant.registered",
                    {domain::Reason::kMissingField, std::move(detail)});
}

TEST(LetterTest, CarriesTheOriginalAndItsCoordinates) {
  const std::vector<domain::Header> headers = {{"content-type", "application/json"},
                                               {"null", std::nullopt}};
  const Letter letter = Make(MakeRecord("k", "v", headers));
  EXPECT_EQ(letter.topic, "t.participant.registered.dlq");
  EXPECT_EQ(letter.partition, 4);
  EXPECT_EQ(letter.timestamp_ms, 1'000);
  EXPECT_EQ(letter.key, "k");
  EXPECT_EQ(letter.value, "v");
  EXPECT_THAT(letter.original_headers,
              ElementsAre(Pair("content-type", "application/json"), Pair("null", std::nullopt)));
  EXPECT_THAT(letter.tally_headers,
              ElementsAre(Pair("tally-reason", "missing_field"), Pair("tally-detail", "why"),
                          Pair("tally-topic", "t.participant.registered"),
                          Pair("tally-partition", "4"), Pair("tally-offset", "17")));
  EXPECT_EQ(CutNote(letter), "");
}

TEST(LetterTest, ALetterThatWasSentAgainHasOneSetOfTallyHeaders) {
  const std::vector<domain::Header> headers = {
      {"tally-reason", "undecodable"}, {"a", "b"}, {"tally-anything", "x"}, {"tally", "kept"}};
  const Letter letter = Make(MakeRecord("k", "v", headers));
  EXPECT_THAT(letter.original_headers, ElementsAre(Pair("a", "b"), Pair("tally", "kept")));
}

TEST(LetterTest, NullsStayNull) {
  domain::Record record = MakeRecord("k", "v");
  record.key = std::nullopt;
  record.value = std::nullopt;
  Letter letter = Make(record);
  CutToFit(letter, 0);
  EXPECT_EQ(letter.key, std::nullopt);
  EXPECT_EQ(letter.value, std::nullopt);
  EXPECT_EQ(CutNote(letter), "");
}

TEST(LetterTest, ALongDetailIsCutBetweenCharacters) {
  std::string detail;
  while (detail.size() <= kDetailBytesMax) detail += "가";
  const Letter letter = Make(MakeRecord("k", "v"), detail);
  EXPECT_EQ(letter.tally_headers[1].second->size(), kDetailBytesMax - kDetailBytesMax % 3);
}

struct CutRow {
  const char* name;
  size_t key_bytes;
  size_t value_bytes;
  size_t header_bytes;
  const char* note;
};

TEST(LetterTest, WhatDoesNotFitIsCutAndNamed) {
  for (const CutRow& row : std::initializer_list<CutRow>{
           {"fits", 1'000, 50'000, 10'000, ""},
           {"value", 10, 200'000, 10, "value:200000"},
           {"headers that take most", 10, 10, 90'000, ""},
           {"headers too large", 10, 10, 120'000, "headers:120011"},
           {"headers and value", 10, 200'000, 120'000, "value:200000,headers:120011"},
           {"key", 200'000, 10, 10, "key:200000"},
           {"all", 200'000, 200'000, 200'000, "value:200000,headers:200011,key:200000"},
           {"many small parts", 20'000, 60'000, 45'000, "value:60000"},
       }) {
    SCOPED_TRACE(row.name);
    const std::string key(row.key_bytes, 'k');
    const std::string value(row.value_bytes, 'v');
    const std::string header(row.header_bytes, 'h');
    const std::vector<domain::Header> headers = {{"h", header}};
    Letter letter = Make(MakeRecord(key, value, headers));
    CutToFit(letter, kLimit);
    EXPECT_EQ(CutNote(letter), row.note);
    EXPECT_LE(BatchBytes(letter), kLimit);
    EXPECT_EQ(letter.tally_headers.size(), 5);
  }
}

TEST(LetterTest, CuttingAgainRemembersTheFirstSize) {
  const std::string value(200'000, 'v');
  Letter letter = Make(MakeRecord("k", value));
  for (const size_t limit : {100'000, 50'000, 4'096, 1}) {
    CutToFit(letter, limit);
    EXPECT_LE(BatchBytes(letter), std::max<size_t>(limit, kLetterBytesMin));
    EXPECT_EQ(CutNote(letter), "value:200000");
  }
  EXPECT_GT(letter.value->size(), 1'000);
}

}  // namespace
}  // namespace tally::kafka
