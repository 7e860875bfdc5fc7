#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "processor/domain/money.h"
#include "tools/tally/encode.h"
#include "tools/tally/inspect_output.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

std::string Count(domain::Int128 number) { return GroupDigits(domain::FormatInteger(number)); }
std::string Money(domain::Int128 amount) { return GroupDigits(domain::FormatMoney(amount)); }

std::string Time(std::optional<domain::Millis> time) {
  std::string text;
  if (!time || *time == domain::kNoTimestamp) return "-";
  AppendTime(*time, &text);
  return text;
}

std::string OffsetText(int32_t minutes) {
  const int32_t size = minutes < 0 ? -minutes : minutes;
  return absl::StrFormat("%c%02d:%02d", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

Table LineageTable(const store::Lineage& lineage) {
  Table table({{"lineage"}, {""}});
  table.AddRow({"cluster", lineage.cluster_id});
  table.AddRow({"topic prefix", lineage.topic_prefix});
  table.AddRow({"partitions", absl::StrCat(lineage.partition_count)});
  table.AddRow({"partitioner", lineage.partitioner});
  table.AddRow({"input UTC offset", OffsetText(lineage.input_utc_offset_minutes)});
  table.AddRow({"hash key fingerprint", lineage.hash_key_fingerprint});
  table.AddRow({"state format version", absl::StrCat(lineage.state_format_version)});
  table.AddRow({"fold version", absl::StrCat(lineage.fold_version)});
  return table;
}

// What all shards of a directory should share.
bool SameLineage(store::Lineage a, const store::Lineage& b) {
  a.partition = b.partition;
  a.log_base = b.log_base;
  return store::EncodeLineage(a) == store::EncodeLineage(b);
}

std::string LogBase(const ShardReport& shard) {
  const auto& base = shard.lineage->log_base;
  return absl::StrCat(base[0], "/", base[1], "/", base[2]);
}

Table ShardTable(const std::vector<ShardReport>& shards) {
  Table table({{"shard", Align::kRight},
               {"next offset: created", Align::kRight},
               {"registered", Align::kRight},
               {"distributed", Align::kRight},
               {"log base"},
               {"events", Align::kRight},
               {"participants", Align::kRight},
               {"distributions", Align::kRight},
               {"digest"},
               {"disk bytes", Align::kRight}});
  for (const ShardReport& shard : shards) {
    if (!shard.checkpoint) continue;
    const CheckpointRow& row = *shard.checkpoint;
    table.AddRow({absl::StrCat(shard.partition), Count(row.next_offsets[0]),
                  Count(row.next_offsets[1]), Count(row.next_offsets[2]), LogBase(shard),
                  Count(row.events), Count(row.participants), Count(row.distributions),
                  domain::ToHex(row.digest), Count(shard.disk_bytes)});
  }
  return table;
}

std::string LastRecordText(const LastRecord& record) {
  if (!record.known()) return "-";
  return absl::StrFormat("%s %016x", Count(record.offset), record.hash);
}

// By which another log is recognised.
Table LastRecordTable(const std::vector<ShardReport>& shards) {
  Table table({{"shard", Align::kRight},
               {"last record read (offset, hash): created", Align::kRight},
               {"registered", Align::kRight},
               {"distributed", Align::kRight}});
  for (const ShardReport& shard : shards) {
    if (!shard.checkpoint) continue;
    const LastRecords& last = shard.checkpoint->remembered.last;
    if (last == LastRecords{}) continue;
    table.AddRow({absl::StrCat(shard.partition), LastRecordText(last[0]), LastRecordText(last[1]),
                  LastRecordText(last[2])});
  }
  return table;
}

Table ScanTable(const std::vector<ShardReport>& shards) {
  Table table({{"scanned", Align::kRight},
               {"event rows", Align::kRight},
               {"participant rows", Align::kRight},
               {"distribution rows", Align::kRight},
               {"hour rows", Align::kRight},
               {"user rows", Align::kRight},
               {"digest of the rows"},
               {"agrees"}});
  for (const ShardReport& shard : shards) {
    if (!shard.scan) continue;
    const StoreScan& scan = *shard.scan;
    table.AddRow({absl::StrCat(shard.partition), Count(scan.events), Count(scan.participants),
                  Count(scan.distributions), Count(scan.hours), Count(scan.user_rows),
                  domain::ToHex(scan.digest), shard.ScanAgrees() ? "yes" : "NO"});
  }
  return table;
}

std::string ChannelName(const EventReport& event, domain::ChannelIndex index) {
  const auto& channels = event.row.aggregate.channels;
  return index < channels.size() ? channels[index].name : absl::StrCat("channel ", index);
}

Table EventTable(const EventReport& event) {
  const domain::EventAggregate& aggregate = event.row.aggregate;
  Table table({{"event"}, {aggregate.event_id}});
  table.AddRow({"shard", absl::StrCat(event.partition)});
  table.AddRow({"number", absl::StrCat(event.row.number)});
  if (aggregate.description) {
    const domain::Description& description = *aggregate.description;
    table.AddRow({"title", description.event_title});
    table.AddRow({"user", description.user_id});
    table.AddRow({"status", description.status});
    table.AddRow({"start", Time(description.start)});
    table.AddRow({"end", Time(description.end)});
    table.AddRow({"created", Time(description.created_at)});
    table.AddRow({"total investment", Money(description.total_investment)});
    table.AddRow({"expected revenue", Money(description.expected_revenue)});
    table.AddRow({"target roi", absl::StrCat(Money(description.target_roi), " %")});
  } else {
    table.AddRow({"description", "none yet: no event.created has arrived"});
  }
  table.AddRow({"participants", Count(aggregate.participants)});
  table.AddRow({"total views", Count(aggregate.TotalViews())});
  return table;
}

Table MarkTable(const EventReport& event) {
  Table table({{"changed last by"}, {"offset", Align::kRight}, {"greatest timestamp"}});
  for (int i = 0; i < domain::kTopicCount; ++i) {
    const domain::TopicMark& mark = event.row.aggregate.marks[static_cast<size_t>(i)];
    table.AddRow({std::string(domain::TopicSuffix(static_cast<domain::Topic>(i))),
                  mark.last_offset < 0 ? "-" : Count(mark.last_offset), Time(mark.max_timestamp)});
  }
  return table;
}

Table ChannelTable(const EventReport& event) {
  Table table({{"channel"},
               {"type"},
               {"status"},
               {"participants", Align::kRight},
               {"purchases", Align::kRight},
               {"distributions", Align::kRight},
               {"impressions", Align::kRight},
               {"cost", Align::kRight}});
  for (const domain::Channel& channel : event.row.aggregate.channels) {
    const bool distributed = channel.distributions > 0;
    table.AddRow({channel.name, distributed ? channel.channel_type : "-",
                  distributed ? channel.status : "-", Count(channel.participants),
                  Money(channel.purchase_amount), Count(channel.distributions),
                  Count(channel.impressions), Money(channel.distribution_cost)});
  }
  return table;
}

Table DistributionTable(const EventReport& event) {
  Table table({{"distribution of"},
               {"id"},
               {"counted under"},
               {"type"},
               {"status"},
               {"completed"},
               {"views", Align::kRight},
               {"cost", Align::kRight}});
  for (const DistributionRow& row : event.distributions) {
    const domain::Distribution& distribution = row.distribution;
    table.AddRow({row.channel_as_sent, row.distribution_id,
                  ChannelName(event, distribution.channel), distribution.channel_type,
                  distribution.status, Time(distribution.completed_at),
                  Count(distribution.expected_views), Money(distribution.distribution_cost)});
  }
  return table;
}

Table HourTable(const EventReport& event) {
  Table table({{"hour (UTC)"},
               {"channel"},
               {"participants", Align::kRight},
               {"views", Align::kRight},
               {"purchases", Align::kRight}});
  for (const HourRow& row : event.hours) {
    table.AddRow({HourText(row.hour), ChannelName(event, row.channel),
                  Count(row.counts.participants), Count(row.counts.views),
                  Money(row.counts.purchase_amount)});
  }
  return table;
}

Table ParticipantTable(const EventReport& event) {
  Table table({{"participant (hash)"}, {"channel"}, {"hour (UTC)"}, {"purchase", Align::kRight}});
  for (const ParticipantRow& row : event.participants) {
    table.AddRow({HashHex(row.hash), ChannelName(event, row.contribution.channel),
                  HourText(row.contribution.hour), Money(row.contribution.purchase_amount)});
  }
  return table;
}

void AppendRows(const Table& table, size_t shown, uint64_t all, bool color, std::string* text) {
  if (all == 0) return;
  absl::StrAppend(text, "\n", table.Render(color));
  if (shown < all) {
    absl::StrAppend(text, "(the first ", shown, " of ", Count(all), "; see --limit)\n");
  }
}

}  // namespace

std::string HashHex(const ParticipantHashBytes& hash) {
  std::string hex;
  for (const uint8_t byte : hash) absl::StrAppendFormat(&hex, "%02x", byte);
  return hex;
}

std::string HourText(domain::Hour hour) {
  // AppendTime writes Seoul's clock: shift it, and name the zone.
  std::string text;
  AppendTime((int64_t{hour} - 9) * 3'600'000, &text);
  text.resize(text.size() - 6);
  return text + "Z";
}

std::string ShardsText(const std::string& data_dir, const std::vector<ShardReport>& shards,
                       bool color) {
  std::string text = absl::StrCat("data directory ", Printable(data_dir), ", ", shards.size(),
                                  shards.size() == 1 ? " shard\n" : " shards\n");
  const store::Lineage* shown = nullptr;
  for (const ShardReport& shard : shards) {
    if (!shard.lineage || (shown != nullptr && SameLineage(*shown, *shard.lineage))) continue;
    absl::StrAppend(&text, "\n");
    if (shown != nullptr) {
      absl::StrAppend(&text, "another lineage, from shard ", shard.partition, " on:\n");
    }
    absl::StrAppend(&text, LineageTable(*shard.lineage).Render(color));
    shown = &*shard.lineage;
  }
  if (const Table table = ShardTable(shards); !table.empty()) {
    absl::StrAppend(&text, "\n", table.Render(color));
  }
  if (const Table table = LastRecordTable(shards); !table.empty()) {
    absl::StrAppend(&text, "\n", table.Render(color));
  }
  if (const Table table = ScanTable(shards); !table.empty()) {
    absl::StrAppend(&text, "\n", table.Render(color));
  }
  return text;
}

std::string EventText(const EventReport& event, bool color) {
  std::string text = EventTable(event).Render(color);
  absl::StrAppend(&text, "\n", MarkTable(event).Render(color));
  const size_t channels = event.row.aggregate.channels.size();
  AppendRows(ChannelTable(event), channels, channels, color, &text);
  AppendRows(DistributionTable(event), event.distributions.size(), event.distribution_rows, color,
             &text);
  AppendRows(HourTable(event), event.hours.size(), event.hour_rows, color, &text);
  AppendRows(ParticipantTable(event), event.participants.size(), event.participant_rows, color,
             &text);
  return text;
}

}  // namespace tally::cli
