// The digest of a shard: an order-independent 128-bit sum over hashes of its logical rows.
//
// Two stores of one lineage (store/lineage.h) with the same offsets have the same digest, whatever
// the order in which the topics were folded, the checkpoints fell or numbers were interned. That is
// how a rebuild is proved equal to the live state, and how corruption is found. It is no defence
// against someone who forges a store: the hashes are fast, not cryptographic, and the sum is
// public.
//
//   digest = sum over all rows, modulo 2^128, of the terms below
//
// A change of a row subtracts its old term and adds its new one; a row that came into being only
// adds. Absent and all-zero rows have the term zero, so it does not matter whether they are kept.
//
// Canonical encodings, the durable definition. Anything that changes them, or XXH3, changes every
// digest: raise kFoldVersion (store/lineage.h), since digests of old and new are then incomparable.
//
//   integers   little-endian two's complement: u8 u32 u64 i32 i64 i128
//   bool       u8, 0 or 1
//   string     u32 length in bytes, then the bytes
//   optional   bool present, then the value if present
//   digest     u64 lo, u64 hi
//   hash(x)    XXH3 128-bit, seed 0, of the bytes x; every x starts with its kind, a u8
//
//   EventKey        hash(0x01, string event_id)
//   ChannelKey      hash(0x02, string name)
//   AggregateRow    hash(0x10, string event_id, optional description, marks of all topics,
//                        u64 participants, i32 channels_named_by_participants,
//                        i32 channels_named_by_distributions, u32 count, channels by name)
//     description   string user_id, string event_title, string status, optional i64 start,
//                   optional i64 end, i64 created_at, i64 total_investment, i64 expected_revenue,
//                   i64 target_roi
//     mark          i64 last_offset, i64 max_timestamp
//     channel       string name, u64 participants, i128 purchase_amount,
//                   bool named_by_participants, u64 distributions, i128 impressions,
//                   i128 distribution_cost, string channel_type, string status,
//                   bool named_by_distributions
//   ParticipantRow  hash(0x11, digest event_key, 12 bytes of hash, digest channel_key, i32 hour,
//                        i64 purchase_amount)
//   DistributionRow hash(0x12, digest event_key, string channel_as_sent, string distribution_id,
//                        string resolved_channel, string channel_type, string status,
//                        i64 completed_at, i64 expected_views, i64 distribution_cost)
//   HourTerm        participants * h(0) + views * h(1) + purchase_amount * h(2) modulo 2^128, with
//                   h(field) = hash(0x13, digest event_key, i32 hour, digest channel_key, u8 field)
//                   with its lowest bit set
//
// The timeline's term is linear, unlike the others: HourTerm(a) + HourTerm(b) == HourTerm(a + b).
// So an increment of a cell can be added without knowing what the cell held, and the write path
// needs no read of the timeline. An odd factor has an inverse modulo 2^128, so that no two values
// of one field have the same term, and a cell of zeros has the term zero.
//
// All functions are pure and thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "processor/domain/aggregate.h"
#include "processor/domain/participant_hash.h"

namespace tally::domain {

// A number modulo 2^128.
struct Digest {
  uint64_t hi = 0;
  uint64_t lo = 0;

  static constexpr Digest From(Uint128 value) {
    return {static_cast<uint64_t>(value >> 64), static_cast<uint64_t>(value)};
  }
  constexpr Uint128 Value() const { return static_cast<Uint128>(hi) << 64 | lo; }
  constexpr bool IsZero() const { return hi == 0 && lo == 0; }

  constexpr Digest& operator+=(const Digest& other) {
    return *this = From(Value() + other.Value());
  }
  constexpr Digest& operator-=(const Digest& other) {
    return *this = From(Value() - other.Value());
  }
  friend constexpr Digest operator+(Digest a, const Digest& b) { return a += b; }
  friend constexpr Digest operator-(Digest a, const Digest& b) { return a -= b; }
  friend constexpr bool operator==(const Digest&, const Digest&) = default;
};

// 32 lower-case hexadecimal digits, most significant first.
std::string ToHex(const Digest& digest);

// Stand for an event's id and a channel's name in the terms of other rows; no terms themselves.
Digest EventKey(std::string_view event_id);
Digest ChannelKey(std::string_view name);

// Zero if the aggregate is empty: no description, no channels, no marks.
Digest AggregateRow(const EventAggregate& aggregate);

// `channel_key` is of the channel that the contribution went to.
Digest ParticipantRow(const Digest& event_key, const ParticipantHashBytes& hash,
                      const Digest& channel_key, Hour hour, Hundredths purchase_amount);

// `resolved_channel` is the name of the channel that distribution.channel refers to.
Digest DistributionRow(const Digest& event_key, std::string_view channel_as_sent,
                       std::string_view distribution_id, const Distribution& distribution,
                       std::string_view resolved_channel);

// Of a whole cell, or of a change of one (with its signs).
Digest HourTerm(const Digest& event_key, Hour hour, const Digest& channel_key,
                const HourCounts& counts);

}  // namespace tally::domain
