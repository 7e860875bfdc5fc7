// One event of a store under check: what its row says of its other rows, and what they add up to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "processor/domain/aggregate.h"
#include "processor/domain/digest.h"
#include "processor/finding.h"
#include "processor/rows.h"

namespace tally {

// Memory: some 250 bytes a channel, however many participants and hours there are.
class EventCheck {
 public:
  explicit EventCheck(const domain::EventAggregate& aggregate);

  const std::string& event_id() const { return event_id_; }
  const domain::Digest& key() const { return key_; }
  const domain::Digest& row_digest() const { return row_digest_; }
  size_t channel_count() const { return channels_.size(); }
  const std::string& channel_name(domain::ChannelIndex channel) const {
    return channels_[channel].name;
  }
  const domain::Digest& channel_key(domain::ChannelIndex channel) const {
    return channels_[channel].key;
  }
  bool described() const { return described_; }
  bool IsOwnedBy(std::string_view user_id) const { return described_ && user_id_ == user_id; }
  void SetListed() { listed_ = true; }
  size_t Bytes() const;

  // The event's other rows; of a channel that it has.
  void Add(const domain::Contribution& contribution);
  void Add(const domain::Distribution& distribution);
  void Add(domain::Hour hour, domain::ChannelIndex channel, const domain::HourCounts& counts);

  // After all of its rows.
  void Finish(Findings& findings) const;

 private:
  struct Sums {
    domain::Int128 participants = 0;
    domain::Int128 purchase_amount = 0;
    domain::Int128 distributions = 0;
    domain::Int128 impressions = 0;
    domain::Int128 distribution_cost = 0;
  };
  struct Channel {
    std::string name;
    domain::Digest key;
    Sums stored;  // by the event's row
    Sums summed;  // of its participants and distributions
    domain::HourCounts timeline;
  };
  bool FinishChannel(const Channel& channel, Findings& findings) const;

  std::string event_id_;
  std::string user_id_;
  bool described_ = false;
  bool listed_ = false;
  domain::Digest key_;
  domain::Digest row_digest_;
  std::vector<Channel> channels_;
  // Of all timeline cells minus what participants and distributions make of them: zero when they
  // agree cell by cell, and with practical certainty only then.
  uint64_t cells_ = 0;
};

}  // namespace tally
