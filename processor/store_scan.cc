#include "processor/store_scan.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "store/key.h"

namespace tally {
namespace {

using domain::Digest;

constexpr uint64_t kProgressEvery = 65'536;

absl::Status Orphan(std::string_view key, const char* what) {
  return absl::DataLossError(absl::StrCat(
      "row '", absl::CHexEscape(absl::string_view(key.data(), key.size())), "' ", what));
}

class Scanner {
 public:
  Scanner(const store::Snapshot& snapshot, const std::function<bool(uint64_t)>& progress)
      : snapshot_(snapshot), progress_(progress) {}

  absl::StatusOr<StoreScan> Scan() {
    // Events first: the other rows refer to them by number and channel index.
    for (const auto& [kind, visit] :
         {std::pair{'E', &Scanner::AddEvent}, std::pair{'D', &Scanner::AddDistribution},
          std::pair{'H', &Scanner::AddHour}, std::pair{'P', &Scanner::AddParticipant},
          std::pair{'U', &Scanner::AddUser}}) {
      if (auto status = ForEach(kind, visit); !status.ok()) return status;
    }
    if (result_.user_rows != described_) {
      return absl::DataLossError(absl::StrCat(described_, " events have a description but ",
                                              result_.user_rows, " are listed under a user"));
    }
    return result_;
  }

 private:
  struct Event {
    Digest key;
    std::vector<std::string> channels;
    std::vector<Digest> channel_keys;
    std::string user_id;
    std::string event_id;
  };
  using Visit = absl::Status (Scanner::*)(std::string_view key, std::string_view value);

  absl::Status ForEach(char kind, Visit visit) {
    const std::string prefix(1, kind);
    const auto rows = snapshot_.NewScan(prefix, store::PrefixEnd(prefix));
    for (rows->Seek(prefix); rows->Valid(); rows->Next()) {
      if (auto status = (this->*visit)(rows->key(), rows->value()); !status.ok()) return status;
      if (++rows_ % kProgressEvery == 0 && progress_ && !progress_(rows_)) {
        return absl::CancelledError("the scan was cancelled");
      }
    }
    return rows->status();
  }

  absl::Status AddEvent(std::string_view key, std::string_view value) {
    auto row = DecodeEvent(key, value);
    if (!row.ok()) return row.status();
    Event event{.key = domain::EventKey(row->aggregate.event_id)};
    event.event_id = row->aggregate.event_id;
    for (const auto& channel : row->aggregate.channels) {
      event.channels.push_back(channel.name);
      event.channel_keys.push_back(domain::ChannelKey(channel.name));
    }
    if (row->aggregate.description) {
      event.user_id = row->aggregate.description->user_id;
      ++described_;
    }
    result_.digest += domain::AggregateRow(row->aggregate);
    ++result_.events;
    if (!events_.emplace(row->number, std::move(event)).second) {
      return Orphan(key, "has the number of another event");
    }
    return absl::OkStatus();
  }

  // Rows of one event follow each other.
  const Event* Find(EventNumber number) {
    if (last_ == nullptr || last_number_ != number) {
      const auto found = events_.find(number);
      last_ = found == events_.end() ? nullptr : &found->second;
      last_number_ = number;
    }
    return last_;
  }

  absl::Status AddDistribution(std::string_view key, std::string_view value) {
    auto parts = ParseDistributionKey(key);
    if (!parts.ok()) return parts.status();
    auto row = DecodeDistribution(key, value);
    if (!row.ok()) return row.status();
    const Event* event = Find(parts->number);
    if (event == nullptr || row->channel >= event->channels.size()) {
      return Orphan(key, "is of an event or channel that there is none of");
    }
    result_.digest +=
        domain::DistributionRow(event->key, parts->channel_as_sent, parts->distribution_id, *row,
                                event->channels[row->channel]);
    ++result_.distributions;
    return absl::OkStatus();
  }

  absl::Status AddHour(std::string_view key, std::string_view value) {
    auto parts = ParseHourKey(key);
    if (!parts.ok()) return parts.status();
    if (auto status = DecodeHour(key, value, &cells_); !status.ok()) return status;
    const Event* event = Find(parts->number);
    for (const auto& [channel, counts] : cells_) {
      if (event == nullptr || channel >= event->channels.size()) {
        return Orphan(key, "is of an event or channel that there is none of");
      }
      result_.digest +=
          domain::HourTerm(event->key, parts->hour, event->channel_keys[channel], counts);
    }
    ++result_.hours;
    return absl::OkStatus();
  }

  absl::Status AddParticipant(std::string_view key, std::string_view value) {
    auto parts = ParseParticipantKey(key);
    if (!parts.ok()) return parts.status();
    auto row = DecodeParticipant(value);
    if (!row.ok()) return Orphan(key, "does not parse");
    const Event* event = Find(parts->number);
    if (event == nullptr || row->channel >= event->channels.size()) {
      return Orphan(key, "is of an event or channel that there is none of");
    }
    result_.digest +=
        domain::ParticipantRow(event->key, parts->hash, event->channel_keys[row->channel],
                               row->hour, row->purchase_amount);
    ++result_.participants;
    return absl::OkStatus();
  }

  absl::Status AddUser(std::string_view key, std::string_view value) {
    auto parts = ParseUserKey(key);
    if (!parts.ok()) return parts.status();
    const Event* event = value.size() == 4 ? Find(store::ReadU32(value)) : nullptr;
    if (event == nullptr || event->event_id != parts->event_id ||
        event->user_id != parts->user_id) {
      return Orphan(key, "lists an event under a user who does not own it");
    }
    ++result_.user_rows;
    return absl::OkStatus();
  }

  const store::Snapshot& snapshot_;
  const std::function<bool(uint64_t)>& progress_;
  StoreScan result_;
  uint64_t rows_ = 0;
  uint64_t described_ = 0;
  absl::flat_hash_map<EventNumber, Event> events_;
  const Event* last_ = nullptr;
  EventNumber last_number_ = 0;
  std::vector<HourCell> cells_;
};

}  // namespace

absl::StatusOr<StoreScan> ScanStore(const store::Snapshot& snapshot,
                                    const std::function<bool(uint64_t)>& progress) {
  return Scanner(snapshot, progress).Scan();
}

}  // namespace tally
