#include "processor/domain/participant_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace tally::domain {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kDigits = "000102030405060708090a0b0c0d0e0f";

std::string Hex(const ParticipantHashBytes& hash) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

TEST(HashKeyParse, TakesThirtyTwoHexDigits) {
  const std::string fingerprint = HashKey::Parse(kDigits)->Fingerprint();
  for (const std::string_view content : {
           "000102030405060708090a0b0c0d0e0f\n",
           "000102030405060708090A0B0C0D0E0F",
           " \t\r\n000102030405060708090a0b0c0d0e0f \r\n\n",
       }) {
    const absl::StatusOr<HashKey> key = HashKey::Parse(content);
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_EQ(key->Fingerprint(), fingerprint);
  }
}

TEST(HashKeyParse, RefusesAnythingElseWithoutShowingIt) {
  const struct {
    std::string_view content;
    std::string_view says;
  } cases[] = {
      {"", "found 0 characters"},
      {" \n", "found 0 characters"},
      {"000102030405060708090a0b0c0d0e0", "found 31 characters"},
      {"000102030405060708090a0b0c0d0e0f0", "found 33 characters"},
      {"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f", "found 64 characters"},
      {"0x0102030405060708090a0b0c0d0e0f", "not all of them hexadecimal digits"},
      {"0001020304050607 08090a0b0c0d0e0", "not all of them hexadecimal digits"},
      {"00010203-0405-0607-0809-0a0b0c0d0e0f", "not all of them hexadecimal digits"},
      {"my passphrase of 32 characters!!", "not all of them hexadecimal digits"},
      {std::string_view("\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf", 16), "found 16 characters"},
      {"AAECAwQFBgcICQoLDA0ODw==", "found 24 characters"},
  };
  for (const auto& one : cases) {
    const absl::StatusOr<HashKey> key = HashKey::Parse(one.content);
    ASSERT_EQ(key.status().code(), absl::StatusCode::kInvalidArgument) << one.content;
    const std::string message(key.status().message());
    EXPECT_THAT(message, HasSubstr(std::string(one.says)));
    EXPECT_THAT(message, HasSubstr("openssl rand -hex 16"));
    if (one.content.size() > 2) {
      EXPECT_THAT(message, Not(HasSubstr(std::string(one.content))));
    }
  }
}

TEST(HashKeyDerived, DependsOnClusterAndPrefixAndOnWhereOneEnds) {
  std::set<std::string> fingerprints;
  for (const auto& key :
       {HashKey::Derived("cluster", "sample."), HashKey::Derived("cluste", "rsample."),
        HashKey::Derived("cluster", "other."), HashKey::Derived("clusteR", "sample."),
        HashKey::Derived("cluster", ""), HashKey::Derived("", "cluster")}) {
    fingerprints.insert(key.Fingerprint());
  }
  EXPECT_EQ(fingerprints.size(), 6u);
  EXPECT_EQ(HashKey::Derived("c", "p").Fingerprint(), HashKey::Derived("c", "p").Fingerprint());
}

// Stores hold these: a change of any of them is a change of kFoldVersion.
TEST(ParticipantHash, GoldenValues) {
  const HashKey key = *HashKey::Parse(kDigits);
  EXPECT_EQ(key.Fingerprint(), "d2ecfab65602460d");
  EXPECT_EQ(HashKey::Derived("cluster", "sample.").Fingerprint(), "f01346bee5c910b1");
  EXPECT_EQ(Hex(ParticipantHash(key, "evt-1", "evt-1-p1")), "49226dd13fb09c696ab1f663");
  EXPECT_EQ(Hex(ParticipantHash(key, std::string(256, 'e'), std::string(256, 'p'))),
            "431328b7e6112272e3fe6b57");
}

TEST(ParticipantHash, PairsOfTheSameTextAreDifferent) {
  const HashKey key = *HashKey::Parse(kDigits);
  std::set<std::string> hashes;
  for (const auto& [event, participant] : {std::pair<std::string_view, std::string_view>{"ab", "c"},
                                           {"a", "bc"},
                                           {"abc", ""},
                                           {"", "abc"},
                                           {"c", "ab"},
                                           {"abc", "abc"}}) {
    hashes.insert(Hex(ParticipantHash(key, event, participant)));
  }
  EXPECT_EQ(hashes.size(), 6u);
}

TEST(ParticipantHash, DependsOnTheKey) {
  const HashKey one = *HashKey::Parse(kDigits);
  const HashKey other = *HashKey::Parse("100102030405060708090a0b0c0d0e0f");
  EXPECT_NE(ParticipantHash(one, "evt-1", "p"), ParticipantHash(other, "evt-1", "p"));
}

}  // namespace
}  // namespace tally::domain
