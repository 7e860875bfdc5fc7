#include "processor/store_check.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "processor/domain/quote.h"
#include "store/key.h"

namespace tally {
namespace {

constexpr uint64_t kNumbersEnd = uint64_t{std::numeric_limits<EventNumber>::max()} + 1;
constexpr size_t kRowsAtOnce = 65'536;

std::string NameOf(std::string_view key) {
  return absl::StrCat("row '", absl::CHexEscape(absl::string_view(key.data(), key.size())), "'");
}

}  // namespace

// Rows of one kind, in key order.
struct StoreCheck::Phase {
  char kind;
  bool by_number;  // keys begin with the event's number, so that a window is a range of them
  void (StoreCheck::*visit)(std::string_view key, std::string_view value);
};

// Events first: the other rows refer to them by number and channel index.
const std::array<StoreCheck::Phase, 5> StoreCheck::kPhases = {
    {{'E', false, &StoreCheck::AddEvent},
     {'D', true, &StoreCheck::AddDistribution},
     {'H', true, &StoreCheck::AddHour},
     {'P', true, &StoreCheck::AddParticipant},
     {'U', false, &StoreCheck::AddUser}}};

StoreCheck::StoreCheck(const store::Snapshot& snapshot, StoreCheckOptions options)
    : snapshot_(snapshot), options_(options), findings_(options.findings_kept_max) {}

StoreCheck::~StoreCheck() = default;

absl::StatusOr<bool> StoreCheck::Step(size_t rows_max) {
  if (finished_) return false;
  if (!started_) {
    if (auto status = Start(); !status.ok()) return status;
    started_ = true;
  }
  if (auto status = StepPhase(std::max<size_t>(rows_max, 1)); !status.ok()) return status;
  return !finished_;
}

absl::Status StoreCheck::Start() {
  if (auto status = ReadCheckpoint(); !status.ok()) return status;
  if (auto status = CheckGaps(); !status.ok()) return status;
  StartWindow(0);
  return absl::OkStatus();
}

absl::Status StoreCheck::ReadCheckpoint() {
  std::string value;
  auto found = snapshot_.Get(kCheckpointKey, &value);
  if (!found.ok()) return found.status();
  if (*found) {
    auto row = DecodeCheckpoint(value);
    if (!row.ok()) return row.status();
    checkpoint_ = *row;
    return absl::OkStatus();
  }
  // A store before its first commit.
  const auto rows = snapshot_.NewScan("", "");
  rows->Seek("");
  if (!rows->Valid()) return rows->status();
  return absl::DataLossError("the store has rows and no checkpoint row");
}

// Rows of no known kind lie between those of the known ones.
absl::Status StoreCheck::CheckGaps() {
  constexpr std::string_view kKinds = "CDEHLPU";
  for (size_t i = 0; i <= kKinds.size(); ++i) {
    const std::string lower = i == 0 ? "" : std::string(1, static_cast<char>(kKinds[i - 1] + 1));
    const std::string upper = i == kKinds.size() ? "" : std::string(1, kKinds[i]);
    if (!upper.empty() && lower >= upper) continue;
    const auto rows = snapshot_.NewScan(lower, upper);
    rows->Seek(lower);
    if (rows->Valid()) {
      findings_.Add({"", NameOf(rows->key()), "", "there", "absent: it is of no known kind"});
    }
    if (!rows->status().ok()) return rows->status();
  }
  return absl::OkStatus();
}

void StoreCheck::StartWindow(uint64_t begin) {
  window_begin_ = begin;
  window_end_ = kNumbersEnd;
  window_bytes_ = 0;
  events_.clear();
  last_ = nullptr;
  phase_ = 0;
  next_key_.clear();
}

std::string StoreCheck::PhaseBound(uint64_t number) const {
  const Phase& phase = kPhases[phase_];
  if (phase.by_number && number < kNumbersEnd) {
    return NumberPrefix(phase.kind, static_cast<EventNumber>(number));
  }
  const std::string kind(1, phase.kind);
  return number < kNumbersEnd ? kind : store::PrefixEnd(kind);
}

absl::Status StoreCheck::StepPhase(size_t rows_max) {
  const Phase& phase = kPhases[phase_];
  const std::string lower =
      !next_key_.empty() ? next_key_ : PhaseBound(phase.by_number ? window_begin_ : 0);
  const auto rows =
      snapshot_.NewScan(lower, PhaseBound(phase.by_number ? window_end_ : kNumbersEnd));
  rows->Seek(lower);
  for (size_t seen = 0; rows->Valid(); rows->Next()) {
    if (seen++ == rows_max) {
      next_key_.assign(rows->key());
      return absl::OkStatus();
    }
    ++rows_;
    (this->*phase.visit)(rows->key(), rows->value());
  }
  if (!rows->status().ok()) return rows->status();
  EndPhase();
  return absl::OkStatus();
}

void StoreCheck::EndPhase() {
  next_key_.clear();
  if (++phase_ < kPhases.size()) return;
  FinishWindow();
  if (window_end_ < kNumbersEnd) return StartWindow(window_end_);
  Finish();
  events_.clear();
  last_ = nullptr;
  finished_ = true;
}

void StoreCheck::FinishWindow() {
  std::vector<EventNumber> numbers;
  numbers.reserve(events_.size());
  for (const auto& [number, event] : events_) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  for (const EventNumber number : numbers) {
    const EventCheck& event = *events_.at(number);
    event.Finish(findings_);
    scan_.digest += event.row_digest();
    ++scan_.events;
  }
}

void StoreCheck::Finish() {
  const CheckpointRow says = checkpoint_.value_or(CheckpointRow{});
  const auto compare = [&](const char* field, uint64_t stored, uint64_t counted) {
    if (stored == counted) return;
    findings_.Add({"", "checkpoint", field, absl::StrCat(stored),
                   absl::StrCat(counted, " (as there are rows)")});
  };
  compare("events", says.events, scan_.events);
  compare("participants", says.participants, scan_.participants);
  compare("distributions", says.distributions, scan_.distributions);
  if (says.digest == scan_.digest) return;
  findings_.Add({"", "checkpoint", "digest", domain::ToHex(says.digest),
                 absl::StrCat(domain::ToHex(scan_.digest), " (of its rows)")});
}

void StoreCheck::AddEvent(std::string_view key, std::string_view value) {
  const bool first = window_begin_ == 0;
  // Later windows need not decode what they leave out; the first one has checked it.
  if (!first && !InWindow(PeekEventNumber(value))) return;
  auto row = DecodeEvent(key, value);
  if (!row.ok()) {
    if (first) AddDamaged(std::string(key.substr(1)), "its row", row.status());
    return;
  }
  if (first) CheckMarks(*row);
  if (!InWindow(row->number)) return;
  auto event = std::make_unique<EventCheck>(row->aggregate);
  const auto found = events_.find(row->number);
  if (found != events_.end()) {
    findings_.Add({row->aggregate.event_id, "number", "", absl::StrCat(row->number),
                   absl::StrCat("another one: it is the number of event ",
                                domain::Quote(found->second->event_id()))});
    return;
  }
  window_bytes_ += event->Bytes();
  events_.emplace(row->number, std::move(event));
  while (window_bytes_ > options_.memory_bytes && events_.size() > 1) ShrinkWindow();
}

void StoreCheck::CheckMarks(const EventRow& row) {
  if (!checkpoint_) return;
  const std::string& id = row.aggregate.event_id;
  if (row.number >= checkpoint_->next_event_number) {
    findings_.Add({id, "number", "", absl::StrCat(row.number),
                   absl::StrCat("below ", checkpoint_->next_event_number)});
  }
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    const int64_t last = row.aggregate.marks[topic].last_offset;
    const int64_t next = checkpoint_->next_offsets[topic];
    if (last < next || last < 0) continue;
    const auto suffix = domain::TopicSuffix(static_cast<domain::Topic>(topic));
    findings_.Add({id, "", absl::StrCat("last offset of ", std::string(suffix)), absl::StrCat(last),
                   absl::StrCat("below the checkpoint's next offset ", next)});
  }
}

// Leaves the upper half of the events for a later window.
void StoreCheck::ShrinkWindow() {
  std::vector<EventNumber> numbers;
  numbers.reserve(events_.size());
  for (const auto& [number, event] : events_) numbers.push_back(number);
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  window_end_ = *middle;
  window_bytes_ = 0;
  for (auto at = events_.begin(); at != events_.end();) {
    if (InWindow(at->first)) {
      window_bytes_ += at->second->Bytes();
      ++at;
    } else {
      events_.erase(at++);
    }
  }
}

// Rows of one event follow each other.
EventCheck* StoreCheck::Find(EventNumber number) {
  if (last_ == nullptr || last_number_ != number) {
    const auto found = events_.find(number);
    last_ = found == events_.end() ? nullptr : found->second.get();
    last_number_ = number;
  }
  return last_;
}

void StoreCheck::AddDamaged(std::string event_id, std::string row, const absl::Status& why) {
  findings_.Add({std::move(event_id), std::move(row), "", std::string(why.message()), "undamaged"});
}

void StoreCheck::AddOrphan(const EventCheck* event, std::string row) {
  if (event == nullptr) {
    findings_.Add({"", std::move(row), "", "of an event that there is none of", "absent"});
  } else {
    findings_.Add({event->event_id(), std::move(row), "", "of a channel that the event has not",
                   "of one of its channels"});
  }
}

void StoreCheck::AddDistribution(std::string_view key, std::string_view value) {
  ++scan_.distributions;
  auto parts = ParseDistributionKey(key);
  if (!parts.ok()) return AddDamaged("", NameOf(key), parts.status());
  EventCheck* event = Find(parts->number);
  const auto name = [&] {
    return NameOfDistribution(parts->channel_as_sent, parts->distribution_id);
  };
  auto row = DecodeDistribution(key, value);
  if (!row.ok()) return AddDamaged(event ? event->event_id() : "", name(), row.status());
  if (event == nullptr || row->channel >= event->channel_count()) return AddOrphan(event, name());
  event->Add(*row);
  scan_.digest +=
      domain::DistributionRow(event->key(), parts->channel_as_sent, parts->distribution_id, *row,
                              event->channel_name(row->channel));
}

void StoreCheck::AddHour(std::string_view key, std::string_view value) {
  ++scan_.hours;
  auto parts = ParseHourKey(key);
  if (!parts.ok()) return AddDamaged("", NameOf(key), parts.status());
  EventCheck* event = Find(parts->number);
  if (auto status = DecodeHour(key, value, &cells_); !status.ok()) {
    return AddDamaged(event ? event->event_id() : "", NameOfHour(parts->hour), status);
  }
  for (const auto& [channel, counts] : cells_) {
    if (event == nullptr || channel >= event->channel_count()) {
      AddOrphan(event, NameOfHour(parts->hour));
      continue;
    }
    event->Add(parts->hour, channel, counts);
    scan_.digest +=
        domain::HourTerm(event->key(), parts->hour, event->channel_key(channel), counts);
  }
}

void StoreCheck::AddParticipant(std::string_view key, std::string_view value) {
  ++scan_.participants;
  auto parts = ParseParticipantKey(key);
  if (!parts.ok()) return AddDamaged("", NameOf(key), parts.status());
  EventCheck* event = Find(parts->number);
  auto row = DecodeParticipant(value);
  if (!row.ok()) {
    return AddDamaged(event ? event->event_id() : "", NameOfParticipant(parts->hash), row.status());
  }
  if (event == nullptr || row->channel >= event->channel_count()) {
    return AddOrphan(event, NameOfParticipant(parts->hash));
  }
  event->Add(*row);
  scan_.digest += domain::ParticipantRow(
      event->key(), parts->hash, event->channel_key(row->channel), row->hour, row->purchase_amount);
}

// Users' rows are gone through for every window; each belongs to the one of its event's number.
void StoreCheck::AddUser(std::string_view key, std::string_view value) {
  const bool first = window_begin_ == 0;
  auto parts = ParseUserKey(key);
  if (!parts.ok() || value.size() != sizeof(EventNumber)) {
    if (!first) return;
    ++scan_.user_rows;
    return AddDamaged("", NameOf(key), absl::DataLossError("damaged"));
  }
  const EventNumber number = store::ReadU32(value);
  if (!InWindow(number)) return;
  ++scan_.user_rows;
  EventCheck* event = Find(number);
  if (event != nullptr && event->event_id() == parts->event_id &&
      event->IsOwnedBy(parts->user_id)) {
    return event->SetListed();
  }
  findings_.Add({std::string(parts->event_id), NameOfUser(parts->user_id), "", "there",
                 event == nullptr || event->event_id() != parts->event_id
                     ? "absent, or of the event's number"
                     : "absent: the user does not own the event"});
}

absl::StatusOr<StoreScan> ScanStore(const store::Snapshot& snapshot,
                                    const std::function<bool(uint64_t)>& progress) {
  StoreCheck check(snapshot);
  for (;;) {
    auto more = check.Step(kRowsAtOnce);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (progress && !progress(check.rows())) return absl::CancelledError("the scan was cancelled");
  }
  if (check.findings().empty()) return check.scan();
  return absl::DataLossError(ToText(check.findings().kept().front()));
}

}  // namespace tally
