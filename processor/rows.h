// The rows of a shard's store: which there are, how their keys sort, how their values are written.
// This is the durable format of state; store/lineage.h has its version.
//
//   'C'                                         checkpoint: next offsets, digest, totals
//   'D' number channel-as-sent 00 distributionId  a standing distribution
//   'E' eventId                                 an event's aggregate, with its number
//   'H' number hour                             timeline cells of one UTC hour (merged)
//   'L'                                         lineage, written once
//   'P' number participant-hash                 one counted participant's contribution
//   'U' userId 00 eventId                       the user owns the event; value: the number
//
// number and hour are 4 bytes big-endian; identifiers hold no control characters, so 00 ends them.
// The values of C, D, E and H end in a checksum over key and value, because a block's checksum does
// not notice what was wrong when the block was written.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/domain/aggregate.h"
#include "processor/domain/digest.h"
#include "processor/last_record.h"
#include "processor/log_source.h"
#include "store/store.h"

namespace tally {

// Short name of an event within its shard, in the order of arrival.
using EventNumber = uint32_t;
using domain::ParticipantHashBytes;

inline constexpr std::string_view kCheckpointKey = "C";
inline constexpr std::string_view kLineageKey = "L";

std::string EventKey(std::string_view event_id);
std::string UserKey(std::string_view user_id, std::string_view event_id);
// All rows of a user start with it.
std::string UserPrefix(std::string_view user_id);
std::string DistributionKey(EventNumber number, std::string_view channel_as_sent,
                            std::string_view distribution_id);
std::string HourKey(EventNumber number, domain::Hour hour);
std::string ParticipantKey(EventNumber number, const ParticipantHashBytes& hash);
// The same, written over `*key`.
void SetParticipantKey(EventNumber number, const ParticipantHashBytes& hash, std::string* key);
// All rows of kind 'D', 'H' or 'P' of an event start with it.
std::string NumberPrefix(char kind, EventNumber number);

// Keys taken apart; kDataLoss when malformed. The views point into `key`.
struct DistributionKeyParts {
  EventNumber number;
  std::string_view channel_as_sent;
  std::string_view distribution_id;
};
struct UserKeyParts {
  std::string_view user_id;
  std::string_view event_id;
};
struct HourKeyParts {
  EventNumber number;
  domain::Hour hour;
};
struct ParticipantKeyParts {
  EventNumber number;
  ParticipantHashBytes hash;
};
absl::StatusOr<DistributionKeyParts> ParseDistributionKey(std::string_view key);
absl::StatusOr<UserKeyParts> ParseUserKey(std::string_view key);
absl::StatusOr<HourKeyParts> ParseHourKey(std::string_view key);
absl::StatusOr<ParticipantKeyParts> ParseParticipantKey(std::string_view key);

struct CheckpointRow {
  Offsets next_offsets{};
  domain::Digest digest;
  EventNumber next_event_number = 0;
  uint64_t events = 0;  // with a description or not
  uint64_t participants = 0;
  uint64_t distributions = 0;
  RememberedRecords remembered;

  friend bool operator==(const CheckpointRow&, const CheckpointRow&) = default;
};

struct EventRow {
  EventNumber number = 0;
  domain::EventAggregate aggregate;
};

using HourCell = std::pair<domain::ChannelIndex, domain::HourCounts>;

// Encoders append nothing: `*value` is replaced. `key` goes into the checksum.
void EncodeCheckpoint(const CheckpointRow& row, std::string* value);
void EncodeEvent(std::string_view key, EventNumber number, const domain::EventAggregate& aggregate,
                 std::string* value);
void EncodeDistribution(std::string_view key, const domain::Distribution& distribution,
                        std::string* value);
// `cells` strictly ascending by channel. All zero cells only: an empty value, which is no row.
void EncodeHour(std::string_view key, std::span<const HourCell> cells, std::string* value);
void EncodeParticipant(const domain::Contribution& contribution, std::string* value);
void EncodeEventNumber(EventNumber number, std::string* value);

// kDataLoss: wrong checksum or malformed; the message names the row.
absl::StatusOr<CheckpointRow> DecodeCheckpoint(std::string_view value);
// The number in an event's row, without looking at the rest or at the checksum; anything for a row
// that is damaged.
EventNumber PeekEventNumber(std::string_view value);
absl::StatusOr<EventRow> DecodeEvent(std::string_view key, std::string_view value);
absl::StatusOr<domain::Distribution> DecodeDistribution(std::string_view key,
                                                        std::string_view value);
absl::Status DecodeHour(std::string_view key, std::string_view value, std::vector<HourCell>* cells);
absl::StatusOr<domain::Contribution> DecodeParticipant(std::string_view value);

// Adds up 'H' rows cell by cell. The store's RowMerger for a shard.
class HourMerger final : public store::RowMerger {
 public:
  bool Merge(std::string_view key, std::string_view operand, std::string* value) const override;
};

}  // namespace tally
