#include "processor/rows.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "store/key.h"
#include "tally/storage/v1/storage.pb.h"

namespace tally {
namespace {

using domain::Int128;
using domain::Uint128;

constexpr size_t kChecksumBytes = 8;
constexpr size_t kHourChecksumBytes = 4;
constexpr domain::Hour kHourBase = 262'968;  // 2000-01-01T00Z: nothing that is stored is earlier
constexpr Uint128 kHourSpanMax = UINT32_MAX / 2;  // what still is an hour, written from there

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

absl::Status Malformed(std::string_view key, std::string_view what) {
  return absl::DataLossError(absl::StrCat("row '", absl::CHexEscape(Abseil(key.substr(0, 300))),
                                          "' of the store is damaged (", Abseil(what), ")"));
}

uint64_t Checksum(std::string_view key, std::string_view value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

void AppendChecksum(std::string_view key, size_t bytes, std::string* value) {
  const uint64_t checksum = Checksum(key, *value);
  for (size_t i = 0; i < bytes; ++i) value->push_back(static_cast<char>(checksum >> (8 * i)));
}

// The value without its checksum; nullopt when that is wrong.
std::optional<std::string_view> CheckedBody(std::string_view key, std::string_view value,
                                            size_t bytes) {
  if (value.size() < bytes) return std::nullopt;
  const std::string_view body = value.substr(0, value.size() - bytes);
  const uint64_t checksum = Checksum(key, body);
  for (size_t i = 0; i < bytes; ++i) {
    if (value[body.size() + i] != static_cast<char>(checksum >> (8 * i))) return std::nullopt;
  }
  return body;
}

template <typename Unsigned>
char* WriteVarint(Unsigned number, char* to) {
  while (number >= 0x80) {
    *to++ = static_cast<char>(static_cast<uint8_t>(number) | 0x80);
    number >>= 7;
  }
  *to++ = static_cast<char>(number);
  return to;
}

constexpr size_t kVarint64BytesMax = 10;
constexpr size_t kVarint128BytesMax = 19;

void AppendVarint(Uint128 number, std::string* out) {
  char bytes[kVarint128BytesMax];
  const char* end = number >> 64 == 0 ? WriteVarint(static_cast<uint64_t>(number), bytes)
                                      : WriteVarint(number, bytes);
  out->append(bytes, static_cast<size_t>(end - bytes));
}

bool ReadVarint(std::string_view* in, Uint128* number) {
  *number = 0;
  for (int shift = 0; shift < 128 && !in->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    *number |= static_cast<Uint128>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

Uint128 ZigZag(Int128 number) {
  return (static_cast<Uint128>(number) << 1) ^ static_cast<Uint128>(number >> 127);
}
Int128 UnZigZag(Uint128 number) {
  return static_cast<Int128>(number >> 1) ^ -static_cast<Int128>(number & 1);
}

uint64_t Low(Int128 sum) { return static_cast<uint64_t>(sum); }
int64_t High(Int128 sum) { return static_cast<int64_t>(sum >> 64); }
Int128 Join(uint64_t low, int64_t high) {
  return static_cast<Int128>(static_cast<Uint128>(static_cast<uint64_t>(high)) << 64 | low);
}

template <typename Message>
void EncodeMessage(std::string_view key, const Message& message, std::string* value) {
  value->clear();
  message.SerializeToString(value);
  AppendChecksum(key, kChecksumBytes, value);
}

template <typename Message>
absl::Status DecodeMessage(std::string_view key, std::string_view value, Message* message) {
  const auto body = CheckedBody(key, value, kChecksumBytes);
  if (!body) return Malformed(key, "its checksum is wrong");
  if (!message->ParseFromArray(body->data(), static_cast<int>(body->size()))) {
    return Malformed(key, "it does not parse");
  }
  return absl::OkStatus();
}

bool ParseHourCells(std::string_view body, std::vector<HourCell>* cells) {
  cells->clear();
  while (!body.empty()) {
    Uint128 channel, participants, views, amount;
    if (!ReadVarint(&body, &channel) || !ReadVarint(&body, &participants) ||
        !ReadVarint(&body, &views) || !ReadVarint(&body, &amount)) {
      return false;
    }
    if (channel > UINT16_MAX) return false;
    if (!cells->empty() && channel <= cells->back().first) return false;
    cells->emplace_back(
        static_cast<domain::ChannelIndex>(channel),
        domain::HourCounts{.participants = static_cast<int64_t>(UnZigZag(participants)),
                           .views = UnZigZag(views),
                           .purchase_amount = UnZigZag(amount)});
  }
  return true;
}

void SetDescription(const domain::Description& from, storage::v1::Description* to) {
  to->set_user_id(from.user_id);
  to->set_event_title(from.event_title);
  to->set_status(from.status);
  if (from.start) to->set_start_ms(*from.start);
  if (from.end) to->set_end_ms(*from.end);
  to->set_created_at_ms(from.created_at);
  to->set_total_investment(from.total_investment);
  to->set_expected_revenue(from.expected_revenue);
  to->set_target_roi(from.target_roi);
}

domain::Description GetDescription(const storage::v1::Description& from) {
  domain::Description to;
  to.user_id = from.user_id();
  to.event_title = from.event_title();
  to.status = from.status();
  if (from.has_start_ms()) to.start = from.start_ms();
  if (from.has_end_ms()) to.end = from.end_ms();
  to.created_at = from.created_at_ms();
  to.total_investment = from.total_investment();
  to.expected_revenue = from.expected_revenue();
  to.target_roi = from.target_roi();
  return to;
}

void SetChannel(const domain::Channel& from, storage::v1::Channel* to) {
  to->set_name(from.name);
  to->set_participants(from.participants);
  to->set_purchase_amount(Low(from.purchase_amount));
  to->set_purchase_amount_high(High(from.purchase_amount));
  to->set_named_by_participants(from.named_by_participants);
  to->set_distributions(from.distributions);
  to->set_impressions(Low(from.impressions));
  to->set_impressions_high(High(from.impressions));
  to->set_distribution_cost(Low(from.distribution_cost));
  to->set_distribution_cost_high(High(from.distribution_cost));
  to->set_channel_type(from.channel_type);
  to->set_status(from.status);
  to->set_named_by_distributions(from.named_by_distributions);
}

domain::Channel GetChannel(const storage::v1::Channel& from) {
  domain::Channel to;
  to.name = from.name();
  to.participants = from.participants();
  to.purchase_amount = Join(from.purchase_amount(), from.purchase_amount_high());
  to.named_by_participants = from.named_by_participants();
  to.distributions = from.distributions();
  to.impressions = Join(from.impressions(), from.impressions_high());
  to.distribution_cost = Join(from.distribution_cost(), from.distribution_cost_high());
  to.channel_type = from.channel_type();
  to.status = from.status();
  to.named_by_distributions = from.named_by_distributions();
  return to;
}

using LastRecordMessages = google::protobuf::RepeatedPtrField<storage::v1::LastRecord>;

void SetLastRecords(const LastRecords& records, LastRecordMessages* messages) {
  if (records == LastRecords{}) return;
  for (const LastRecord& record : records) {
    auto* to = messages->Add();
    to->set_offset(record.offset);
    to->set_hash(record.hash);
  }
}

// False: malformed. None at all: written by a build that remembered none.
bool GetLastRecords(const LastRecordMessages& messages, const Offsets& next, LastRecords* records) {
  if (messages.empty()) return true;
  if (messages.size() != domain::kTopicCount) return false;
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    const auto index = static_cast<size_t>(topic);
    const int64_t offset = messages[topic].offset();
    if (offset < -1 || offset >= std::max<int64_t>(next[index], 0)) return false;
    (*records)[index] = {offset, messages[topic].hash()};
  }
  return true;
}

}  // namespace

std::string EventKey(std::string_view event_id) { return std::string("E").append(event_id); }

std::string UserPrefix(std::string_view user_id) {
  std::string key("U");
  key.append(user_id);
  key.push_back('\0');
  return key;
}

std::string UserKey(std::string_view user_id, std::string_view event_id) {
  return UserPrefix(user_id).append(event_id);
}

std::string NumberPrefix(char kind, EventNumber number) {
  std::string key(1, kind);
  store::AppendU32(&key, number);
  return key;
}

std::string DistributionKey(EventNumber number, std::string_view channel_as_sent,
                            std::string_view distribution_id) {
  std::string key = NumberPrefix('D', number);
  key.append(channel_as_sent);
  key.push_back('\0');
  return key.append(distribution_id);
}

std::string HourKey(EventNumber number, domain::Hour hour) {
  std::string key = NumberPrefix('H', number);
  store::AppendU32(&key, static_cast<uint32_t>(hour));
  return key;
}

std::string ParticipantKey(EventNumber number, const ParticipantHashBytes& hash) {
  std::string key;
  SetParticipantKey(number, hash, &key);
  return key;
}

void SetParticipantKey(EventNumber number, const ParticipantHashBytes& hash, std::string* key) {
  key->assign(1, 'P');
  store::AppendU32(key, number);
  key->append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

absl::StatusOr<DistributionKeyParts> ParseDistributionKey(std::string_view key) {
  const size_t end = key.find('\0', 5);
  if (key.size() < 6 || key[0] != 'D' || end == std::string_view::npos) {
    return Malformed(key, "not a distribution's key");
  }
  return DistributionKeyParts{store::ReadU32(key.substr(1)), key.substr(5, end - 5),
                              key.substr(end + 1)};
}

absl::StatusOr<UserKeyParts> ParseUserKey(std::string_view key) {
  const size_t end = key.find('\0');
  if (key.size() < 3 || key[0] != 'U' || end == std::string_view::npos) {
    return Malformed(key, "not a user's key");
  }
  return UserKeyParts{key.substr(1, end - 1), key.substr(end + 1)};
}

absl::StatusOr<HourKeyParts> ParseHourKey(std::string_view key) {
  if (key.size() != 9 || key[0] != 'H') return Malformed(key, "not an hour's key");
  return HourKeyParts{store::ReadU32(key.substr(1)),
                      static_cast<domain::Hour>(store::ReadU32(key.substr(5)))};
}

absl::StatusOr<ParticipantKeyParts> ParseParticipantKey(std::string_view key) {
  if (key.size() != 17 || key[0] != 'P') return Malformed(key, "not a participant's key");
  ParticipantKeyParts parts{store::ReadU32(key.substr(1)), {}};
  std::memcpy(parts.hash.data(), key.data() + 5, parts.hash.size());
  return parts;
}

void EncodeCheckpoint(const CheckpointRow& row, std::string* value) {
  storage::v1::Checkpoint message;
  for (const int64_t offset : row.next_offsets) message.add_next_offset(offset);
  message.set_digest_high(row.digest.hi);
  message.set_digest_low(row.digest.lo);
  message.set_next_event_number(row.next_event_number);
  message.set_events(row.events);
  message.set_participants(row.participants);
  message.set_distributions(row.distributions);
  SetLastRecords(row.remembered.last, message.mutable_last_record());
  SetLastRecords(row.remembered.proved, message.mutable_proved_record());
  EncodeMessage(kCheckpointKey, message, value);
}

absl::StatusOr<CheckpointRow> DecodeCheckpoint(std::string_view value) {
  storage::v1::Checkpoint message;
  if (auto status = DecodeMessage(kCheckpointKey, value, &message); !status.ok()) return status;
  CheckpointRow row;
  if (message.next_offset_size() != domain::kTopicCount) {
    return Malformed(kCheckpointKey, "wrong number of topics");
  }
  std::copy(message.next_offset().begin(), message.next_offset().end(), row.next_offsets.begin());
  row.digest.hi = message.digest_high();
  row.digest.lo = message.digest_low();
  row.next_event_number = message.next_event_number();
  row.events = message.events();
  row.participants = message.participants();
  row.distributions = message.distributions();
  if (!GetLastRecords(message.last_record(), row.next_offsets, &row.remembered.last) ||
      !GetLastRecords(message.proved_record(), row.next_offsets, &row.remembered.proved)) {
    return Malformed(kCheckpointKey, "a remembered record that was not read");
  }
  return row;
}

void EncodeEvent(std::string_view key, EventNumber number, const domain::EventAggregate& aggregate,
                 std::string* value) {
  storage::v1::Event message;
  message.set_number(number);
  if (aggregate.description) {
    SetDescription(*aggregate.description, message.mutable_description());
  }
  for (const auto& channel : aggregate.channels) SetChannel(channel, message.add_channels());
  for (const auto& mark : aggregate.marks) {
    auto* to = message.add_marks();
    to->set_last_offset(mark.last_offset);
    to->set_max_timestamp_ms(mark.max_timestamp);
  }
  EncodeMessage(key, message, value);
}

// Protobuf writes fields in the order of their numbers and leaves out a zero.
EventNumber PeekEventNumber(std::string_view value) {
  constexpr char kNumberTag = storage::v1::Event::kNumberFieldNumber << 3;
  if (value.empty() || value.front() != kNumberTag) return 0;
  value.remove_prefix(1);
  Uint128 number = 0;
  return ReadVarint(&value, &number) ? static_cast<EventNumber>(number) : 0;
}

absl::StatusOr<EventRow> DecodeEvent(std::string_view key, std::string_view value) {
  storage::v1::Event message;
  if (auto status = DecodeMessage(key, value, &message); !status.ok()) return status;
  if (key.empty() || key[0] != 'E' || message.marks_size() != domain::kTopicCount) {
    return Malformed(key, "not an event");
  }
  EventRow row;
  row.number = message.number();
  row.aggregate.event_id = key.substr(1);
  if (message.has_description()) {
    row.aggregate.description = GetDescription(message.description());
  }
  for (const auto& channel : message.channels()) {
    row.aggregate.channels.push_back(GetChannel(channel));
    const auto& added = row.aggregate.channels.back();
    row.aggregate.participants += added.participants;
    row.aggregate.channels_named_by_participants += added.named_by_participants ? 1 : 0;
    row.aggregate.channels_named_by_distributions += added.named_by_distributions ? 1 : 0;
  }
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    row.aggregate.marks[topic] = {message.marks(topic).last_offset(),
                                  message.marks(topic).max_timestamp_ms()};
  }
  return row;
}

void EncodeDistribution(std::string_view key, const domain::Distribution& distribution,
                        std::string* value) {
  storage::v1::Distribution message;
  message.set_channel(distribution.channel);
  message.set_channel_type(distribution.channel_type);
  message.set_status(distribution.status);
  message.set_completed_at_ms(distribution.completed_at);
  message.set_expected_views(distribution.expected_views);
  message.set_distribution_cost(distribution.distribution_cost);
  EncodeMessage(key, message, value);
}

absl::StatusOr<domain::Distribution> DecodeDistribution(std::string_view key,
                                                        std::string_view value) {
  storage::v1::Distribution message;
  if (auto status = DecodeMessage(key, value, &message); !status.ok()) return status;
  if (message.channel() > UINT16_MAX) return Malformed(key, "no event has that many channels");
  domain::Distribution row;
  row.channel = static_cast<domain::ChannelIndex>(message.channel());
  row.channel_type = message.channel_type();
  row.status = message.status();
  row.completed_at = message.completed_at_ms();
  row.expected_views = message.expected_views();
  row.distribution_cost = message.distribution_cost();
  return row;
}

void EncodeHour(std::string_view key, std::span<const HourCell> cells, std::string* value) {
  value->clear();
  for (const auto& [channel, counts] : cells) {
    if (counts.IsZero()) continue;
    AppendVarint(channel, value);
    AppendVarint(ZigZag(counts.participants), value);
    AppendVarint(ZigZag(counts.views), value);
    AppendVarint(ZigZag(counts.purchase_amount), value);
  }
  if (!value->empty()) AppendChecksum(key, kHourChecksumBytes, value);
}

absl::Status DecodeHour(std::string_view key, std::string_view value,
                        std::vector<HourCell>* cells) {
  const auto body = CheckedBody(key, value, kHourChecksumBytes);
  if (!body) return Malformed(key, "its checksum is wrong");
  if (!ParseHourCells(*body, cells)) return Malformed(key, "it does not parse");
  return absl::OkStatus();
}

void EncodeParticipant(const domain::Contribution& contribution, std::string* value) {
  char bytes[3 * kVarint64BytesMax];
  char* end = WriteVarint(uint32_t{contribution.channel}, bytes);
  end = WriteVarint(static_cast<uint64_t>(ZigZag(contribution.hour - kHourBase)), end);
  if (contribution.purchase_amount != 0) {
    end = WriteVarint(static_cast<uint64_t>(contribution.purchase_amount), end);
  }
  value->assign(bytes, static_cast<size_t>(end - bytes));
}

absl::StatusOr<domain::Contribution> DecodeParticipant(std::string_view value) {
  Uint128 channel, hour, amount = 0;
  if (!ReadVarint(&value, &channel) || !ReadVarint(&value, &hour) ||
      (!value.empty() && !ReadVarint(&value, &amount)) || !value.empty() || channel > UINT16_MAX ||
      hour > kHourSpanMax || amount > INT64_MAX) {
    return Malformed("P", "a participant's value does not parse");
  }
  return domain::Contribution{.channel = static_cast<domain::ChannelIndex>(channel),
                              .hour = static_cast<domain::Hour>(UnZigZag(hour)) + kHourBase,
                              .purchase_amount = static_cast<domain::Hundredths>(amount)};
}

void EncodeEventNumber(EventNumber number, std::string* value) {
  value->clear();
  store::AppendU32(value, number);
}

bool HourMerger::Merge(std::string_view key, std::string_view operand, std::string* value) const {
  if (operand.empty()) return true;
  if (value->empty()) {
    value->assign(operand);
    return true;
  }
  std::vector<HourCell> left, right, sum;
  if (!DecodeHour(key, *value, &left).ok() || !DecodeHour(key, operand, &right).ok()) return false;
  sum.reserve(left.size() + right.size());
  auto l = left.begin();
  auto r = right.begin();
  while (l != left.end() || r != right.end()) {
    if (r == right.end() || (l != left.end() && l->first < r->first)) {
      sum.push_back(*l++);
    } else if (l == left.end() || r->first < l->first) {
      sum.push_back(*r++);
    } else {
      sum.emplace_back(l->first, l->second);
      sum.back().second += r->second;
      ++l;
      ++r;
    }
  }
  EncodeHour(key, sum, value);
  return true;
}

}  // namespace tally
