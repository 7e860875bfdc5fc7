// Participants are stored as 96-bit keyed hashes of their id under their event: fixed-size keys,
// about 10^-11 odds of a collision for a billion participants in one event, and no personal id on
// disk.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "processor/domain/siphash.h"

namespace tally::domain {

using ParticipantHashBytes = std::array<uint8_t, 12>;

// The key of a deployment. All stores of one lineage have the same.
class HashKey {
 public:
  // The key of a deployment that has configured none. It is no secret: whoever knows the cluster
  // id and the topic prefix can compute it, and so test guesses of participant ids against a store.
  static HashKey Derived(std::string_view cluster_id, std::string_view topic_prefix);

  // From the content of a key file: 32 hexadecimal digits (16 bytes), white space around them
  // allowed. kInvalidArgument otherwise, with what was found (never the content) and how to make a
  // key.
  static absl::StatusOr<HashKey> Parse(std::string_view file_content);

  // 16 hexadecimal digits of a one-way hash: tells keys apart and does not reveal them.
  std::string Fingerprint() const;

  const SipKey& bytes() const { return bytes_; }

 private:
  explicit HashKey(const SipKey& bytes) : bytes_(bytes) {}

  SipKey bytes_;
};

// The first 12 bytes of SipHash-2-4-128 over (u32 little-endian length of event_id, event_id,
// participant_id): different pairs are different messages. Durable: it is in every store's rows.
ParticipantHashBytes ParticipantHash(const HashKey& key, std::string_view event_id,
                                     std::string_view participant_id);

}  // namespace tally::domain
