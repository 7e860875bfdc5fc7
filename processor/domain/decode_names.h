// The JSON names of the messages' fields, and how a field is found by its name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "processor/domain/decode_fields.h"
#include "processor/domain/little_endian.h"

namespace tally::domain {

// A name and the quote that ends it, as they stand in JSON without escapes. Compared in a few
// words, because it happens for every field.
class QuotedName {
 public:
  static constexpr size_t kWord = sizeof(uint64_t);
  static constexpr size_t kWords = 3;
  static constexpr size_t kBytesRead = kWords * kWord;

  constexpr explicit QuotedName(std::string_view name) {
    for (size_t i = 0; i <= name.size(); ++i) {  // a longer name is an error of the compiler
      const auto byte = static_cast<uint8_t>(i < name.size() ? name[i] : '"');
      words_[i / kWord] |= uint64_t{byte} << (8 * (i % kWord));
      masks_[i / kWord] |= uint64_t{0xff} << (8 * (i % kWord));
    }
  }

  // `raw` is what follows an opening quote; kBytesRead of it are read, whatever the names' sizes.
  bool Begins(const char* raw) const {
    uint64_t difference = 0;
    for (size_t i = 0; i < kWords; ++i) {
      const uint64_t word = LoadU64(reinterpret_cast<const uint8_t*>(raw) + i * kWord);
      difference |= (word & masks_[i]) ^ words_[i];
    }
    return difference == 0;
  }

 private:
  uint64_t words_[kWords] = {};
  uint64_t masks_[kWords] = {};
};

template <typename Fields>
struct Name {
  constexpr Name(std::string_view name, Field Fields::*member)
      : json(name), quoted(name), field(member) {}

  std::string_view json;
  QuotedName quoted;
  Field Fields::*field;
};

template <typename Fields>
std::span<const Name<Fields>> Names();

template <>
inline std::span<const Name<EventCreatedFields>> Names() {
  using F = EventCreatedFields;
  static constexpr Name<F> kNames[] = {
      {"eventId", &F::event_id},
      {"userId", &F::user_id},
      {"storeId", &F::store_id},
      {"eventTitle", &F::event_title},
      {"status", &F::status},
      {"startDate", &F::start_date},
      {"endDate", &F::end_date},
      {"createdAt", &F::created_at},
      {"totalInvestment", &F::total_investment},
      {"expectedRevenue", &F::expected_revenue},
      {"targetRoi", &F::target_roi},
  };
  return kNames;
}

template <>
inline std::span<const Name<ParticipantRegisteredFields>> Names() {
  using F = ParticipantRegisteredFields;
  static constexpr Name<F> kNames[] = {
      {"eventId", &F::event_id},
      {"participantId", &F::participant_id},
      {"channel", &F::channel},
      {"registeredAt", &F::registered_at},
      {"purchaseAmount", &F::purchase_amount},
  };
  return kNames;
}

template <>
inline std::span<const Name<ChannelFields>> Names() {
  using F = ChannelFields;
  static constexpr Name<F> kNames[] = {
      {"channel", &F::channel},
      {"channelType", &F::channel_type},
      {"status", &F::status},
      {"expectedViews", &F::expected_views},
      {"distributionCost", &F::distribution_cost},
      {"distributionId", &F::distribution_id},
  };
  return kNames;
}

template <>
inline std::span<const Name<DistributionCompletedFields>> Names() {
  using F = DistributionCompletedFields;
  static constexpr Name<F> kNames[] = {
      {"eventId", &F::event_id},
      {"completedAt", &F::completed_at},
      {"channel", &F::channel},
      {"channelType", &F::channel_type},
      {"status", &F::status},
      {"expectedViews", &F::expected_views},
      {"distributionCost", &F::distribution_cost},
      {"distributionId", &F::distribution_id},
      {"distributedChannels", &F::distributed_channels},
  };
  return kNames;
}

// Finds the fields of one object by their keys. A producer sends them in one order, which is likely
// the order of the table, so the search goes on where it last ended.
template <typename Fields>
class FieldFinder {
 public:
  explicit FieldFinder(Fields& fields) : fields_(fields) {}

  // nullptr: no field has this name. `is_key` tells if a name is the key.
  template <typename IsKey>
  Field* Find(IsKey is_key) {
    for (size_t i = 0; i < names_.size(); ++i) {
      const Name<Fields>& name = names_[next_];
      next_ = next_ + 1 < names_.size() ? next_ + 1 : 0;
      if (is_key(name)) return &(fields_.*name.field);
    }
    return nullptr;
  }

 private:
  Fields& fields_;
  std::span<const Name<Fields>> names_ = Names<Fields>();
  size_t next_ = 0;
};

}  // namespace tally::domain
