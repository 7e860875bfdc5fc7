// Input: a byte for what to do, then keys, values or fields.
#include <google/protobuf/stubs/logging.h>
#include <xxhash.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "processor/domain/identifier.h"
#include "processor/rows.h"
#include "tests/fuzz/target.h"

namespace tally::fuzz {
namespace {

using domain::HourCounts;
using domain::Int128;

std::string Text(Input& input) { return std::string(input.Text()); }

// Bytes in front of a checksum that fits, so that what is behind it is reached too.
std::string Sealed(std::string_view key, std::string_view body, size_t bytes) {
  std::string value(body);
  const uint64_t checksum =
      XXH3_64bits_withSeed(body.data(), body.size(), XXH3_64bits(key.data(), key.size()));
  for (size_t i = 0; i < bytes; ++i) value.push_back(static_cast<char>(checksum >> (8 * i)));
  return value;
}

void CheckDamage(const absl::Status& status) {
  Check(absl::IsDataLoss(status), "a row that is refused is damaged", status.ToString());
  Check(!status.message().empty(), "a refusal says which row and why");
}

// ---- Whatever bytes the store gives: refused, or written again and read as the same.

void CheckEvent(std::string_view key, std::string_view value) {
  const auto row = DecodeEvent(key, value);
  if (!row.ok()) return CheckDamage(row.status());
  std::string written, again;
  EncodeEvent(key, row->number, row->aggregate, &written);
  const auto read = DecodeEvent(key, written);
  Check(read.ok() && read->number == row->number && read->aggregate == row->aggregate,
        "an event's row that was read is written and read as the same");
  EncodeEvent(key, read->number, read->aggregate, &again);
  Check(written == again, "an event has one row");
  Check(PeekEventNumber(written) == row->number, "the number can be had without the rest");
}

void CheckDistribution(std::string_view key, std::string_view value) {
  const auto row = DecodeDistribution(key, value);
  if (!row.ok()) return CheckDamage(row.status());
  std::string written;
  EncodeDistribution(key, *row, &written);
  const auto read = DecodeDistribution(key, written);
  Check(read.ok() && *read == *row, "a distribution that was read is written and read as the same");
}

void CheckHour(std::string_view key, std::string_view value) {
  std::vector<HourCell> cells, again;
  if (const auto status = DecodeHour(key, value, &cells); !status.ok()) return CheckDamage(status);
  std::erase_if(cells, [](const HourCell& cell) { return cell.second.IsZero(); });
  std::string written;
  EncodeHour(key, cells, &written);
  if (cells.empty()) return Check(written.empty(), "cells of zeros are no row");
  Check(DecodeHour(key, written, &again).ok() && cells == again,
        "an hour that was read is written and read as the same");
}

void CheckCheckpoint(std::string_view value) {
  const auto row = DecodeCheckpoint(value);
  if (!row.ok()) return CheckDamage(row.status());
  std::string written, again;
  EncodeCheckpoint(*row, &written);
  const auto read = DecodeCheckpoint(written);
  Check(read.ok(), "a checkpoint that was read is written and read");
  EncodeCheckpoint(*read, &again);
  Check(written == again, "a checkpoint that was read is written and read as the same");
}

void CheckParticipant(std::string_view value) {
  const auto row = DecodeParticipant(value);
  if (!row.ok()) return CheckDamage(row.status());
  std::string written;
  EncodeParticipant(*row, &written);
  const auto read = DecodeParticipant(written);
  Check(read.ok() && *read == *row, "a participant that was read is written and read as the same");
}

void CheckKeys(std::string_view key) {
  if (const auto parts = ParseDistributionKey(key); parts.ok()) {
    Check(DistributionKey(parts->number, parts->channel_as_sent, parts->distribution_id) == key,
          "a distribution's key is made of its parts", key);
  }
  if (const auto parts = ParseUserKey(key); parts.ok()) {
    Check(UserKey(parts->user_id, parts->event_id) == key, "a user's key is made of its parts");
  }
  if (const auto parts = ParseHourKey(key); parts.ok()) {
    Check(HourKey(parts->number, parts->hour) == key, "an hour's key is made of its parts");
  }
  if (const auto parts = ParseParticipantKey(key); parts.ok()) {
    Check(ParticipantKey(parts->number, parts->hash) == key,
          "a participant's key is made of its parts");
  }
}

void CheckMerge(std::string_view key, std::string_view left, std::string_view right) {
  std::vector<HourCell> cells;
  const bool readable = DecodeHour(key, left, &cells).ok() && DecodeHour(key, right, &cells).ok();
  std::string one(left), other(right);
  const bool merged = HourMerger().Merge(key, right, &one);
  Check(merged || !readable, "what can be read can be added");
  if (!readable) return;
  Check(HourMerger().Merge(key, left, &other) && one == other, "the order of a sum is no matter");
  Check(one.empty() || DecodeHour(key, one, &cells).ok(), "a sum can be read");
}

// ---- Whatever the domain may have to write: read as the same.

Int128 Sum(Input& input) {
  return static_cast<Int128>(static_cast<domain::Uint128>(input.Number(8)) << 64 | input.Number(8));
}

domain::Channel MakeChannel(Input& input) {
  domain::Channel channel;
  channel.name = Text(input);
  channel.participants = input.Number(4);
  channel.named_by_participants = (input.Byte() & 1) != 0;
  channel.purchase_amount = Sum(input);
  channel.distributions = input.Number(4);
  channel.named_by_distributions = (input.Byte() & 1) != 0;
  channel.impressions = Sum(input);
  channel.distribution_cost = Sum(input);
  channel.channel_type = Text(input);
  channel.status = Text(input);
  return channel;
}

domain::Description MakeDescription(Input& input) {
  domain::Description description;
  description.user_id = Text(input);
  description.event_title = Text(input);
  description.status = Text(input);
  const uint8_t given = input.Byte();
  if ((given & 1) != 0) description.start = static_cast<int64_t>(input.Number(8));
  if ((given & 2) != 0) description.end = static_cast<int64_t>(input.Number(8));
  description.created_at = static_cast<int64_t>(input.Number(8));
  description.total_investment = static_cast<int64_t>(input.Number(7));
  description.expected_revenue = static_cast<int64_t>(input.Number(7));
  description.target_roi = static_cast<int64_t>(input.Number(4));
  return description;
}

// Texts are valid UTF-8, as the decoder has them; Protobuf writes no others.
bool AllUtf8(const domain::EventAggregate& event) {
  const auto good = [](std::string_view text) { return domain::IsUtf8(text); };
  for (const domain::Channel& channel : event.channels) {
    if (!good(channel.name) || !good(channel.channel_type) || !good(channel.status)) return false;
  }
  const auto& description = event.description;
  return !description.has_value() || (good(description->user_id) &&
                                      good(description->event_title) && good(description->status));
}

void WriteEvent(Input& input) {
  domain::EventAggregate event;
  event.event_id = Text(input);
  const auto number = static_cast<EventNumber>(input.Number(4));
  if ((input.Byte() & 1) != 0) event.description = MakeDescription(input);
  for (domain::TopicMark& mark : event.marks) {
    mark = {static_cast<int64_t>(input.Number(8)), static_cast<int64_t>(input.Number(8))};
  }
  while (!input.Rest().empty()) {
    event.channels.push_back(MakeChannel(input));
    const domain::Channel& channel = event.channels.back();
    event.participants += channel.participants;
    event.channels_named_by_participants += channel.named_by_participants ? 1 : 0;
    event.channels_named_by_distributions += channel.named_by_distributions ? 1 : 0;
  }
  if (!AllUtf8(event)) return;
  const std::string key = EventKey(event.event_id);
  std::string value;
  EncodeEvent(key, number, event, &value);
  const auto row = DecodeEvent(key, value);
  Check(row.ok() && row->number == number && row->aggregate == event,
        "an event that is written is read as the same");
}

void WriteHours(Input& input) {
  std::vector<HourCell> cells, read;
  size_t channel = 0;
  while (!input.Rest().empty() && channel <= UINT16_MAX) {
    const HourCounts counts{.participants = static_cast<int64_t>(input.Number(8)),
                            .views = Sum(input),
                            .purchase_amount = Sum(input)};
    if (!counts.IsZero()) cells.emplace_back(static_cast<domain::ChannelIndex>(channel), counts);
    channel += 1 + input.Byte();
  }
  if (cells.empty()) return;
  std::string value;
  EncodeHour("H", cells, &value);
  Check(DecodeHour("H", value, &read).ok() && read == cells,
        "an hour that is written is read as the same");
}

void WriteParticipant(Input& input) {
  const domain::Contribution contribution{
      .channel = static_cast<domain::ChannelIndex>(input.Number(2)),
      .hour = static_cast<domain::Hour>(input.Number(3)),
      .purchase_amount = static_cast<domain::Hundredths>(input.Number(6))};
  std::string value;
  EncodeParticipant(contribution, &value);
  const auto row = DecodeParticipant(value);
  Check(row.ok() && *row == contribution, "a participant that is written is read as the same");
}

// Protobuf tells of text that is not UTF-8 on stderr, for every one.
const google::protobuf::LogSilencer kSilence;

void Run(Input input) {
  switch (input.Byte()) {
    case 'k':
      return CheckKeys(input.Rest());
    case 'p':
      return CheckParticipant(input.Rest());
    case 'c':
      return CheckCheckpoint(input.Rest());
    case 'C':
      return CheckCheckpoint(Sealed(kCheckpointKey, input.Rest(), 8));
    case 'w':
      return WriteEvent(input);
    case 'W':
      return WriteHours(input);
    case 'q':
      return WriteParticipant(input);
    case 'e': {
      const std::string_view key = input.Text();
      return CheckEvent(key, input.Rest());
    }
    case 'E': {
      const std::string key = EventKey(input.Text());
      return CheckEvent(key, Sealed(key, input.Rest(), 8));
    }
    case 'd': {
      const std::string_view key = input.Text();
      return CheckDistribution(key, input.Rest());
    }
    case 'D': {
      const std::string_view key = input.Text();
      return CheckDistribution(key, Sealed(key, input.Rest(), 8));
    }
    case 'h': {
      const std::string_view key = input.Text();
      return CheckHour(key, input.Rest());
    }
    case 'H': {
      const std::string_view key = input.Text();
      return CheckHour(key, Sealed(key, input.Rest(), 4));
    }
    case 'm': {
      const std::string left = Sealed("H", input.Text(), 4);
      return CheckMerge("H", left, Sealed("H", input.Rest(), 4));
    }
    default:
      return;
  }
}

}  // namespace
}  // namespace tally::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tally::fuzz::Run(tally::fuzz::Input(data, size));
  return 0;
}
