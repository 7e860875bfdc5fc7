// Identifiers (eventId, userId, participantId, channel, distributionId): what is allowed, and NFC
// normalisation of channel names.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tally::domain {

inline constexpr size_t kIdentifierBytesMax = 256;

// NFC rarely shortens a name to less than a third; a channel name longer than this is refused
// without being normalised.
inline constexpr size_t kRawChannelBytesMax = 4 * kIdentifierBytesMax;

enum class TextStatus : uint8_t {
  kOk,
  kEmpty,
  kTooLong,           // over kIdentifierBytesMax (for channels: after normalisation)
  kNotUtf8,           // ill-formed, surrogates and overlong forms included
  kControlCharacter,  // U+0000 to U+001F, U+007F to U+009F
};

bool IsUtf8(std::string_view text);

// 1 to 256 bytes of valid UTF-8 without control characters.
[[nodiscard]] TextStatus CheckIdentifier(std::string_view text);

// Checks and normalises channel names. Remembers the outcome of recent ones, in bounded memory, so
// that a name seen before costs one hash and one comparison; ASCII costs neither. One thread.
class ChannelNames {
 public:
  ChannelNames();

  // Sets `name` to the NFC form of `raw`: `raw` itself if it is NFC already, else a copy that lives
  // until Release(). On any status but kOk `name` is unspecified.
  [[nodiscard]] TextStatus Normalize(std::string_view raw, std::string_view& name);

  // Ends the life of the copies made so far.
  void Release() { copies_used_ = 0; }

 private:
  // A direct-mapped cache: a name evicts the one that shares its slot.
  struct Slot {
    std::string raw;  // empty: unused
    std::string nfc;  // empty: `raw` is NFC
  };
  static constexpr size_t kSlots = 512;
  // Copies beyond these are dropped by the next Normalize after a Release.
  static constexpr size_t kCopiesKept = 1024;

  TextStatus NormalizeInto(std::string_view raw, Slot& slot);
  std::string_view Copy(std::string_view text);

  std::vector<Slot> slots_{kSlots};
  std::vector<int32_t> code_points_;
  std::deque<std::string> copies_;  // a deque, so that growing it moves none
  size_t copies_used_ = 0;
};

}  // namespace tally::domain
