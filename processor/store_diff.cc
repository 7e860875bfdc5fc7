#include "processor/store_diff.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "processor/domain/money.h"
#include "processor/domain/quote.h"
#include "processor/row_text.h"
#include "processor/rows.h"
#include "store/key.h"

namespace tally {
namespace {

constexpr char kAbsent[] = "absent";
constexpr char kDamaged[] = "damaged";
constexpr uint64_t kProgressEvery = 1'024;

std::string ChannelOf(const EventRow& event, domain::ChannelIndex index) {
  const auto& channels = event.aggregate.channels;
  return index < channels.size() ? channels[index].name : absl::StrCat("number ", index);
}

// One event of one store: the rows of a kind, as (name, content). A damaged row's content says so.
class RowReader {
 public:
  RowReader(const store::Snapshot& snapshot, const EventRow& event, char kind)
      : event_(event), kind_(kind), prefix_(NumberPrefix(kind, event.number)) {
    rows_ = snapshot.NewIterator(prefix_, store::PrefixEnd(prefix_));
    rows_->Seek(prefix_);
  }
  bool Valid() const { return rows_->Valid(); }
  void Next() { rows_->Next(); }
  absl::Status status() const { return rows_->status(); }
  // What rows of two stores have in common: the key without the number.
  std::string_view suffix() const { return rows_->key().substr(prefix_.size()); }

  std::string Name() const;
  // By the row's field: one of '' for participants and distributions, a channel's name for hours.
  std::map<std::string, std::string> Content() const;

 private:
  std::map<std::string, std::string> HourContent() const;

  const EventRow& event_;
  const char kind_;
  const std::string prefix_;
  std::unique_ptr<store::Iterator> rows_;
};

std::string RowReader::Name() const {
  const std::string_view key = rows_->key();
  if (kind_ == 'P') {
    const auto parts = ParseParticipantKey(key);
    if (parts.ok()) return NameOfParticipant(parts->hash);
  } else if (kind_ == 'H') {
    const auto parts = ParseHourKey(key);
    if (parts.ok()) return NameOfHour(parts->hour);
  } else if (const auto parts = ParseDistributionKey(key); parts.ok()) {
    return NameOfDistribution(parts->channel_as_sent, parts->distribution_id);
  }
  return absl::StrCat("row ", domain::Quote(key));
}

std::map<std::string, std::string> RowReader::HourContent() const {
  std::vector<HourCell> cells;
  if (!DecodeHour(rows_->key(), rows_->value(), &cells).ok()) return {{"", kDamaged}};
  std::map<std::string, std::string> content;
  for (const auto& [channel, counts] : cells) {
    if (!counts.IsZero()) content[ChannelOf(event_, channel)] = CountsText(counts);
  }
  return content;
}

std::map<std::string, std::string> RowReader::Content() const {
  if (kind_ == 'H') return HourContent();
  if (kind_ == 'P') {
    const auto row = DecodeParticipant(rows_->value());
    if (!row.ok()) return {{"", kDamaged}};
    return {{"", ContributionText(*row, ChannelOf(event_, row->channel))}};
  }
  const auto row = DecodeDistribution(rows_->key(), rows_->value());
  if (!row.ok()) return {{"", kDamaged}};
  return {{"", DistributionText(*row, ChannelOf(event_, row->channel))}};
}

// Rows of kind 'E' of one store, in the order of ids.
class EventReader {
 public:
  explicit EventReader(const store::Snapshot& snapshot) : snapshot_(snapshot) {
    rows_ = snapshot.NewScan("E", "F");
    rows_->Seek("E");
    Read();
  }
  bool Valid() const { return rows_->Valid(); }
  absl::Status status() const { return rows_->status(); }
  void Next() {
    rows_->Next();
    Read();
  }
  std::string_view event_id() const { return rows_->key().substr(1); }
  const absl::StatusOr<EventRow>& row() const { return row_; }
  const store::Snapshot& snapshot() const { return snapshot_; }

 private:
  void Read() {
    if (rows_->Valid()) row_ = DecodeEvent(rows_->key(), rows_->value());
  }

  const store::Snapshot& snapshot_;
  std::unique_ptr<store::Iterator> rows_;
  absl::StatusOr<EventRow> row_ = absl::NotFoundError("");
};

class Differ {
 public:
  Differ(const store::Snapshot& store, const store::Snapshot& right, Findings& findings)
      : store_(store), right_(right), findings_(findings) {}

  absl::Status Run(const std::function<bool(uint64_t)>& progress);

 private:
  absl::Status DiffEvent();
  void Missing(const EventReader& events, bool in_store);
  void DiffAggregates(const domain::EventAggregate& stored, const domain::EventAggregate& right);
  void DiffDescriptions(const std::optional<domain::Description>& stored,
                        const std::optional<domain::Description>& right);
  void DiffMarks(const domain::EventAggregate& stored, const domain::EventAggregate& right);
  void DiffChannels(const domain::EventAggregate& stored, const domain::EventAggregate& right);
  absl::Status DiffRows(char kind, const EventRow& stored, const EventRow& right);
  void DiffRow(const RowReader* stored, const RowReader* right);
  void Compare(const std::string& row, const std::string& field, const std::string& stored,
               const std::string& right) {
    if (stored != right) findings_.Add({event_id_, row, field, stored, right});
  }

  EventReader store_;
  EventReader right_;
  Findings& findings_;
  std::string event_id_;
};

absl::Status Differ::Run(const std::function<bool(uint64_t)>& progress) {
  for (uint64_t events = 1; store_.Valid() || right_.Valid(); ++events) {
    const int order = !right_.Valid()   ? -1
                      : !store_.Valid() ? 1
                                        : store_.event_id().compare(right_.event_id());
    event_id_ = order <= 0 ? store_.event_id() : right_.event_id();
    if (order < 0) Missing(store_, true);
    if (order > 0) Missing(right_, false);
    if (order == 0) {
      if (auto status = DiffEvent(); !status.ok()) return status;
    }
    if (order <= 0) store_.Next();
    if (order >= 0) right_.Next();
    if (events % kProgressEvery == 0 && progress && !progress(events)) {
      return absl::CancelledError("interrupted");
    }
  }
  absl::Status status = store_.status();
  status.Update(right_.status());
  return status;
}

void Differ::Missing(const EventReader& events, bool in_store) {
  std::string content = kDamaged;
  if (events.row().ok()) {
    content = absl::StrCat("an event with ", events.row()->aggregate.participants, " participants");
  }
  findings_.Add({event_id_, "", "", in_store ? content : kAbsent, in_store ? kAbsent : content});
}

absl::Status Differ::DiffEvent() {
  if (!right_.row().ok()) return right_.row().status();
  const EventRow& right = *right_.row();
  if (!store_.row().ok()) {
    findings_.Add(
        {event_id_, "its row", "", kDamaged,
         absl::StrCat("undamaged, with ", right.aggregate.participants, " participants")});
    return absl::OkStatus();
  }
  const EventRow& stored = *store_.row();
  DiffAggregates(stored.aggregate, right.aggregate);
  for (const char kind : {'D', 'H', 'P'}) {
    if (auto status = DiffRows(kind, stored, right); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void Differ::DiffAggregates(const domain::EventAggregate& stored,
                            const domain::EventAggregate& right) {
  DiffDescriptions(stored.description, right.description);
  DiffMarks(stored, right);
  DiffChannels(stored, right);
}

void Differ::DiffDescriptions(const std::optional<domain::Description>& stored,
                              const std::optional<domain::Description>& right) {
  if (!stored || !right) {
    return Compare("description", "", stored ? "there" : kAbsent, right ? "there" : kAbsent);
  }
  const auto text = [this](const char* field, const std::string& a, const std::string& b) {
    Compare("", field, domain::Quote(a), domain::Quote(b));
  };
  const auto money = [this](const char* field, domain::Hundredths a, domain::Hundredths b) {
    Compare("", field, domain::FormatMoney(a), domain::FormatMoney(b));
  };
  text("userId", stored->user_id, right->user_id);
  text("eventTitle", stored->event_title, right->event_title);
  text("status", stored->status, right->status);
  Compare("", "startDate", TimeText(stored->start), TimeText(right->start));
  Compare("", "endDate", TimeText(stored->end), TimeText(right->end));
  Compare("", "createdAt", TimeText(stored->created_at), TimeText(right->created_at));
  money("totalInvestment", stored->total_investment, right->total_investment);
  money("expectedRevenue", stored->expected_revenue, right->expected_revenue);
  money("targetRoi", stored->target_roi, right->target_roi);
}

void Differ::DiffMarks(const domain::EventAggregate& stored, const domain::EventAggregate& right) {
  for (const auto topic : domain::kTopics) {
    const auto& a = stored.marks[static_cast<size_t>(domain::Index(topic))];
    const auto& b = right.marks[static_cast<size_t>(domain::Index(topic))];
    const std::string of = absl::StrCat(" of ", std::string(domain::TopicSuffix(topic)));
    Compare("", "last offset" + of, absl::StrCat(a.last_offset), absl::StrCat(b.last_offset));
    Compare("", "greatest timestamp" + of, TimeText(a.max_timestamp), TimeText(b.max_timestamp));
  }
}

void Differ::DiffChannels(const domain::EventAggregate& stored,
                          const domain::EventAggregate& right) {
  using Pair = std::pair<const domain::Channel*, const domain::Channel*>;
  std::map<std::string_view, Pair> channels;
  for (const auto& channel : stored.channels) channels[channel.name].first = &channel;
  for (const auto& channel : right.channels) channels[channel.name].second = &channel;
  for (const auto& [channel_name, pair] : channels) {
    const auto& [a, b] = pair;
    const std::string name = NameOfChannel(channel_name);
    if (a == nullptr || b == nullptr) {
      Compare(name, "", a ? "there" : kAbsent, b ? "there" : kAbsent);
      continue;
    }
    const auto number = [&](const char* field, domain::Int128 x, domain::Int128 y) {
      Compare(name, field, domain::FormatInteger(x), domain::FormatInteger(y));
    };
    const auto money = [&](const char* field, domain::Int128 x, domain::Int128 y) {
      Compare(name, field, domain::FormatMoney(x), domain::FormatMoney(y));
    };
    number("participants", a->participants, b->participants);
    money("purchaseAmount", a->purchase_amount, b->purchase_amount);
    number("distributions", a->distributions, b->distributions);
    number("impressions", a->impressions, b->impressions);
    money("distributionCost", a->distribution_cost, b->distribution_cost);
    Compare(name, "channelType", domain::Quote(a->channel_type), domain::Quote(b->channel_type));
    Compare(name, "status", domain::Quote(a->status), domain::Quote(b->status));
    number("named by participants", a->named_by_participants, b->named_by_participants);
    number("named by distributions", a->named_by_distributions, b->named_by_distributions);
  }
}

absl::Status Differ::DiffRows(char kind, const EventRow& stored, const EventRow& right) {
  RowReader a(store_.snapshot(), stored, kind);
  RowReader b(right_.snapshot(), right, kind);
  while (a.Valid() || b.Valid()) {
    const int order = !b.Valid() ? -1 : !a.Valid() ? 1 : a.suffix().compare(b.suffix());
    DiffRow(order <= 0 ? &a : nullptr, order >= 0 ? &b : nullptr);
    if (order <= 0) a.Next();
    if (order >= 0) b.Next();
  }
  absl::Status status = a.status();
  status.Update(b.status());
  return status;
}

void Differ::DiffRow(const RowReader* stored, const RowReader* right) {
  auto a = stored != nullptr ? stored->Content() : std::map<std::string, std::string>();
  auto b = right != nullptr ? right->Content() : std::map<std::string, std::string>();
  if (a == b) return;
  const std::string name = (stored != nullptr ? stored : right)->Name();
  for (const auto& [part, content] : a) b.try_emplace(part, kAbsent);
  for (const auto& [part, content] : b) {
    const std::string row = part.empty() ? name : absl::StrCat(name, ", ", NameOfChannel(part));
    Compare(row, "", a.try_emplace(part, kAbsent).first->second, content);
  }
}

}  // namespace

absl::Status DiffStores(const store::Snapshot& store, const store::Snapshot& right,
                        Findings& findings, const std::function<bool(uint64_t)>& progress) {
  return Differ(store, right, findings).Run(progress);
}

}  // namespace tally
