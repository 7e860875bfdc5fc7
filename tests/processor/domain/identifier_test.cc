#include "processor/domain/identifier.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tally::domain {
namespace {

std::string Repeat(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

const std::string kNfdHangul = "\u1112\u1161\u11ab\u1100\u1173\u11af";  // 한글, 18 bytes

struct Row {
  std::string text;
  TextStatus status;
};

TEST(CheckIdentifier, Table) {
  const Row rows[] = {
      {"evt-1", TextStatus::kOk},
      {"우리동네TV", TextStatus::kOk},
      {" ", TextStatus::kOk},
      {"a\"b\\c", TextStatus::kOk},
      {"\U0001f600", TextStatus::kOk},
      {"\u00a0", TextStatus::kOk},
      {"\uffff", TextStatus::kOk},
      {"\U0010ffff", TextStatus::kOk},
      {std::string(256, 'a'), TextStatus::kOk},

      {"", TextStatus::kEmpty},
      {std::string(257, 'a'), TextStatus::kTooLong},
      {Repeat("한", 86), TextStatus::kTooLong},
      {std::string(1, '\0'), TextStatus::kControlCharacter},
      {"a\tb", TextStatus::kControlCharacter},
      {"a\n", TextStatus::kControlCharacter},
      {"\x1f", TextStatus::kControlCharacter},
      {"\x7f", TextStatus::kControlCharacter},
      {"\u0080", TextStatus::kControlCharacter},
      {"\u0085", TextStatus::kControlCharacter},
      {"한\u009f", TextStatus::kControlCharacter},

      {"\x80", TextStatus::kNotUtf8},
      {"\xff", TextStatus::kNotUtf8},
      {"\xc2", TextStatus::kNotUtf8},
      {"\xc0\x80", TextStatus::kNotUtf8},
      {"\xc1\xbf", TextStatus::kNotUtf8},
      {"\xe0\x9f\xbf", TextStatus::kNotUtf8},
      {"\xe1\x80", TextStatus::kNotUtf8},
      {"\xe1\x80z", TextStatus::kNotUtf8},
      {"\xed\xa0\x80", TextStatus::kNotUtf8},
      {"\xf0\x8f\xbf\xbf", TextStatus::kNotUtf8},
      {"\xf4\x90\x80\x80", TextStatus::kNotUtf8},
      {"\xf5\x80\x80\x80", TextStatus::kNotUtf8},
      {"\xf1\x80\x80", TextStatus::kNotUtf8},
      {"\n\xff", TextStatus::kNotUtf8},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(CheckIdentifier(row.text), row.status) << row.text;
    EXPECT_EQ(IsUtf8(row.text), row.status != TextStatus::kNotUtf8) << row.text;
  }
}

// Texts are looked at eight bytes at once: no byte must make up for another.
TEST(CheckIdentifier, EveryByteAtEveryPlace) {
  ChannelNames names;
  for (size_t size = 1; size <= 26; ++size) {
    for (size_t place = 0; place < size; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, '~');
        text[place] = static_cast<char>(byte);
        const TextStatus status = byte >= 0x80                  ? TextStatus::kNotUtf8
                                  : byte < 0x20 || byte == 0x7f ? TextStatus::kControlCharacter
                                                                : TextStatus::kOk;
        ASSERT_EQ(CheckIdentifier(text), status) << size << " " << place << " " << byte;
        std::string_view name;
        ASSERT_EQ(names.Normalize(text, name), status) << size << " " << place << " " << byte;
      }
    }
  }
}

TEST(ChannelNames, Normalizes) {
  ChannelNames names;
  struct {
    std::string raw;
    TextStatus status;
    std::string nfc;
  } rows[] = {
      {"SNS", TextStatus::kOk, "SNS"},
      {"지니TV", TextStatus::kOk, "지니TV"},
      {kNfdHangul, TextStatus::kOk, "한글"},
      {"e\u0301", TextStatus::kOk, "\u00e9"},
      {"\u2126", TextStatus::kOk, "\u03a9"},              // ohm sign to omega
      {"\ufb2c", TextStatus::kOk, "\u05e9\u05bc\u05c1"},  // excluded from composition: it grows
      {"ﬁ", TextStatus::kOk, "ﬁ"},                        // compatibility forms stay
      {Repeat(kNfdHangul, 42), TextStatus::kOk, Repeat("한글", 42)},  // 756 bytes become 252

      {Repeat(kNfdHangul, 43), TextStatus::kTooLong, ""},
      {Repeat("\ufb2c", 85), TextStatus::kTooLong, ""},  // 255 bytes become 510
      {Repeat("한", 400), TextStatus::kTooLong, ""},
      {std::string(256, 'a'), TextStatus::kOk, std::string(256, 'a')},
      {"카톡", TextStatus::kOk, "카톡"},  // less than eight bytes
      {"지니TV지니TV", TextStatus::kOk, "지니TV지니TV"},
      {std::string(257, 'a'), TextStatus::kTooLong, ""},
      {std::string(257, '\n'), TextStatus::kTooLong, ""},
      {std::string(1025, '\n'), TextStatus::kTooLong, ""},
      {"", TextStatus::kEmpty, ""},
      {"TV\n", TextStatus::kControlCharacter, ""},
      {"한\u0085", TextStatus::kControlCharacter, ""},
      {"한\xff", TextStatus::kNotUtf8, ""},
      {"\xed\xa0\x80", TextStatus::kNotUtf8, ""},
  };
  for (int round = 0; round < 2; ++round) {  // the second meets the cache
    for (const auto& row : rows) {
      std::string_view name;
      EXPECT_EQ(names.Normalize(row.raw, name), row.status) << row.raw;
      if (row.status == TextStatus::kOk) {
        EXPECT_EQ(name, row.nfc) << row.raw;
      }
    }
  }
}

// More names than the cache has slots, all alive until Release.
TEST(ChannelNames, CopiesLiveUntilRelease) {
  ChannelNames names;
  std::vector<std::string_view> normalized(5000);
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < normalized.size(); ++i) {
      const std::string raw = "e\u0301" + std::to_string(i);
      ASSERT_EQ(names.Normalize(raw, normalized[i]), TextStatus::kOk);
    }
    for (size_t i = 0; i < normalized.size(); ++i) {
      ASSERT_EQ(normalized[i], "\u00e9" + std::to_string(i));
    }
    names.Release();
  }
}

}  // namespace
}  // namespace tally::domain
