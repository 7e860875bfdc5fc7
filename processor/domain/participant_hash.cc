#include "processor/domain/participant_hash.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "processor/domain/byte_buffer.h"
#include "processor/domain/little_endian.h"

namespace tally::domain {
namespace {

// (length of first, first, second), so that different pairs are different messages. Identifiers
// have at most 256 bytes, so the usual pair needs no allocation.
class Message {
 public:
  Message(std::string_view first, std::string_view second) {
    StoreU32(static_cast<uint32_t>(first.size()), bytes_.Grow(sizeof(uint32_t)));
    bytes_.Append(first.data(), first.size());
    bytes_.Append(second.data(), second.size());
  }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  ByteBuffer<576> bytes_;
};

absl::string_view AsHex(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Public and fixed: it only spreads the derived key's parts.
constexpr SipKey kDerivationKey = {'t', 'a', 'l', 'l', 'y', ' ', 'h', 'a',
                                   's', 'h', ' ', 'k', 'e', 'y', ' ', '1'};
// A message to which no participant's can be equal, since event ids are not empty.
constexpr std::string_view kFingerprintLabel = "tally hash key fingerprint";

}  // namespace

HashKey HashKey::Derived(std::string_view cluster_id, std::string_view topic_prefix) {
  return HashKey(SipHash128(kDerivationKey, Message(cluster_id, topic_prefix).text()));
}

absl::StatusOr<HashKey> HashKey::Parse(std::string_view file_content) {
  const absl::string_view digits =
      absl::StripAsciiWhitespace(absl::string_view(file_content.data(), file_content.size()));
  SipKey key;
  const bool all_hex = std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit);
  if (digits.size() != 2 * key.size() || !all_hex) {
    return absl::InvalidArgumentError(
        absl::StrCat("a hash key is 32 hexadecimal digits, found ", digits.size(), " characters",
                     all_hex ? "" : ", not all of them hexadecimal digits",
                     "; `openssl rand -hex 16` makes a key"));
  }
  const std::string bytes = absl::HexStringToBytes(digits);
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return HashKey(key);
}

std::string HashKey::Fingerprint() const {
  const SipHash128Bytes hash = SipHash128(bytes_, Message("", kFingerprintLabel).text());
  return absl::BytesToHexString(AsHex(hash.data(), 8));
}

ParticipantHashBytes ParticipantHash(const HashKey& key, std::string_view event_id,
                                     std::string_view participant_id) {
  const SipHash128Bytes full = SipHash128(key.bytes(), Message(event_id, participant_id).text());
  ParticipantHashBytes cut;
  std::copy_n(full.begin(), cut.size(), cut.begin());
  return cut;
}

}  // namespace tally::domain
