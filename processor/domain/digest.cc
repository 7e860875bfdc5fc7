#include "processor/domain/digest.h"

#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "processor/domain/byte_buffer.h"
#include "processor/domain/little_endian.h"

namespace tally::domain {
namespace {

enum class Kind : uint8_t {
  kEventKey = 0x01,
  kChannelKey = 0x02,
  kAggregate = 0x10,
  kParticipant = 0x11,
  kDistribution = 0x12,
  kHour = 0x13,
};

Digest Hash(const uint8_t* bytes, size_t size) {
  const XXH128_hash_t hash = XXH3_128bits(bytes, size);
  return {.hi = hash.high64, .lo = hash.low64};
}

// Writes a canonical encoding. Rows of usual length fit without allocation.
class Encoder {
 public:
  explicit Encoder(Kind kind) { U8(static_cast<uint8_t>(kind)); }

  void U8(uint8_t value) { *bytes_.Grow(1) = value; }
  void Bool(bool value) { U8(value ? 1 : 0); }
  void U32(uint32_t value) { StoreU32(value, bytes_.Grow(4)); }
  void U64(uint64_t value) { StoreU64(value, bytes_.Grow(8)); }
  void I32(int32_t value) { U32(static_cast<uint32_t>(value)); }
  void I64(int64_t value) { U64(static_cast<uint64_t>(value)); }
  void I128(Int128 value) {
    const auto bits = static_cast<Uint128>(value);
    U64(static_cast<uint64_t>(bits));
    U64(static_cast<uint64_t>(bits >> 64));
  }
  void String(std::string_view text) {
    U32(static_cast<uint32_t>(text.size()));
    bytes_.Append(text.data(), text.size());
  }
  void Time(const std::optional<Millis>& time) {
    Bool(time.has_value());
    if (time) I64(*time);
  }
  void Key(const Digest& digest) {
    U64(digest.lo);
    U64(digest.hi);
  }

  Digest Finish() const { return Hash(bytes_.data(), bytes_.size()); }

 private:
  ByteBuffer<1024> bytes_;
};

void Encode(const std::optional<Description>& description, Encoder& out) {
  out.Bool(description.has_value());
  if (!description) return;
  out.String(description->user_id);
  out.String(description->event_title);
  out.String(description->status);
  out.Time(description->start);
  out.Time(description->end);
  out.I64(description->created_at);
  out.I64(description->total_investment);
  out.I64(description->expected_revenue);
  out.I64(description->target_roi);
}

void Encode(const Channel& channel, Encoder& out) {
  out.String(channel.name);
  out.U64(channel.participants);
  out.I128(channel.purchase_amount);
  out.Bool(channel.named_by_participants);
  out.U64(channel.distributions);
  out.I128(channel.impressions);
  out.I128(channel.distribution_cost);
  out.String(channel.channel_type);
  out.String(channel.status);
  out.Bool(channel.named_by_distributions);
}

void EncodeByName(const std::vector<Channel>& channels, Encoder& out) {
  absl::InlinedVector<const Channel*, 64> by_name;
  by_name.reserve(channels.size());
  for (const Channel& channel : channels) by_name.push_back(&channel);
  std::sort(by_name.begin(), by_name.end(),
            [](const Channel* a, const Channel* b) { return a->name < b->name; });
  out.U32(static_cast<uint32_t>(by_name.size()));
  for (const Channel* channel : by_name) Encode(*channel, out);
}

bool IsEmpty(const EventAggregate& aggregate) {
  return !aggregate.description && aggregate.channels.empty() &&
         aggregate.marks == std::array<TopicMark, kTopicCount>{};
}

// The parts of the timeline's h(field) in their encoding; only the last byte differs by field.
class HourFactors {
 public:
  HourFactors(const Digest& event_key, Hour hour, const Digest& channel_key) {
    bytes_[0] = static_cast<uint8_t>(Kind::kHour);
    StoreU64(event_key.lo, &bytes_[1]);
    StoreU64(event_key.hi, &bytes_[9]);
    StoreU32(static_cast<uint32_t>(hour), &bytes_[17]);
    StoreU64(channel_key.lo, &bytes_[21]);
    StoreU64(channel_key.hi, &bytes_[29]);
  }

  Uint128 Of(uint8_t field) {
    bytes_[37] = field;
    return Hash(bytes_.data(), bytes_.size()).Value() | 1;
  }

 private:
  std::array<uint8_t, 38> bytes_;
};

}  // namespace

std::string ToHex(const Digest& digest) {
  return absl::StrCat(absl::Hex(digest.hi, absl::kZeroPad16),
                      absl::Hex(digest.lo, absl::kZeroPad16));
}

Digest EventKey(std::string_view event_id) {
  Encoder out(Kind::kEventKey);
  out.String(event_id);
  return out.Finish();
}

Digest ChannelKey(std::string_view name) {
  Encoder out(Kind::kChannelKey);
  out.String(name);
  return out.Finish();
}

Digest AggregateRow(const EventAggregate& aggregate) {
  if (IsEmpty(aggregate)) return {};
  Encoder out(Kind::kAggregate);
  out.String(aggregate.event_id);
  Encode(aggregate.description, out);
  for (const TopicMark& mark : aggregate.marks) {
    out.I64(mark.last_offset);
    out.I64(mark.max_timestamp);
  }
  out.U64(aggregate.participants);
  out.I32(aggregate.channels_named_by_participants);
  out.I32(aggregate.channels_named_by_distributions);
  EncodeByName(aggregate.channels, out);
  return out.Finish();
}

Digest ParticipantRow(const Digest& event_key, const ParticipantHashBytes& hash,
                      const Digest& channel_key, Hour hour, Hundredths purchase_amount) {
  std::array<uint8_t, 57> bytes;
  bytes[0] = static_cast<uint8_t>(Kind::kParticipant);
  StoreU64(event_key.lo, &bytes[1]);
  StoreU64(event_key.hi, &bytes[9]);
  std::copy(hash.begin(), hash.end(), &bytes[17]);
  StoreU64(channel_key.lo, &bytes[29]);
  StoreU64(channel_key.hi, &bytes[37]);
  StoreU32(static_cast<uint32_t>(hour), &bytes[45]);
  StoreU64(static_cast<uint64_t>(purchase_amount), &bytes[49]);
  return Hash(bytes.data(), bytes.size());
}

Digest DistributionRow(const Digest& event_key, std::string_view channel_as_sent,
                       std::string_view distribution_id, const Distribution& distribution,
                       std::string_view resolved_channel) {
  Encoder out(Kind::kDistribution);
  out.Key(event_key);
  out.String(channel_as_sent);
  out.String(distribution_id);
  out.String(resolved_channel);
  out.String(distribution.channel_type);
  out.String(distribution.status);
  out.I64(distribution.completed_at);
  out.I64(distribution.expected_views);
  out.I64(distribution.distribution_cost);
  return out.Finish();
}

Digest HourTerm(const Digest& event_key, Hour hour, const Digest& channel_key,
                const HourCounts& counts) {
  HourFactors factors(event_key, hour, channel_key);
  Uint128 term = 0;
  if (counts.participants != 0) {
    term += static_cast<Uint128>(Int128{counts.participants}) * factors.Of(0);
  }
  if (counts.views != 0) term += static_cast<Uint128>(counts.views) * factors.Of(1);
  if (counts.purchase_amount != 0) {
    term += static_cast<Uint128>(counts.purchase_amount) * factors.Of(2);
  }
  return Digest::From(term);
}

}  // namespace tally::domain
