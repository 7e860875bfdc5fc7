#include "absl/strings/str_format.h"
#include "tools/tally/inspect_output.h"
#include "tools/tally/json_output.h"

namespace tally::cli {
namespace {

void WriteLineage(const store::Lineage& lineage, Json& json) {
  json.Open("lineage");
  json.Text("clusterId", lineage.cluster_id);
  json.Text("topicPrefix", lineage.topic_prefix);
  json.Number("partition", lineage.partition);
  json.Number("partitionCount", lineage.partition_count);
  json.Text("partitioner", lineage.partitioner);
  json.Number("inputUtcOffsetMinutes", lineage.input_utc_offset_minutes);
  json.Text("hashKeyFingerprint", lineage.hash_key_fingerprint);
  json.Number("stateFormatVersion", lineage.state_format_version);
  json.Number("foldVersion", lineage.fold_version);
  json.Offsets("logBase", lineage.log_base);
  json.Close();
}

void WriteScan(const ShardReport& shard, Json& json) {
  const StoreScan& scan = *shard.scan;
  json.Open("scan");
  json.Bool("agrees", shard.ScanAgrees());
  json.Text("digest", domain::ToHex(scan.digest));
  json.Number("eventRows", scan.events);
  json.Number("participantRows", scan.participants);
  json.Number("distributionRows", scan.distributions);
  json.Number("hourRows", scan.hours);
  json.Number("userRows", scan.user_rows);
  json.Close();
}

// Null for a topic of which no record is remembered.
void WriteLastRecords(const char* name, const LastRecords& records, Json& json) {
  json.Open(name);
  for (int i = 0; i < domain::kTopicCount; ++i) {
    const LastRecord& record = records[static_cast<size_t>(i)];
    if (!record.known()) {
      json.Null(Json::TopicKey(i));
      continue;
    }
    json.Open(Json::TopicKey(i));
    json.Number("offset", record.offset);
    json.Text("hash", absl::StrFormat("%016x", record.hash));
    json.Close();
  }
  json.Close();
}

void WriteShard(const ShardReport& shard, Json& json) {
  json.Open();
  json.Number("shard", shard.partition);
  if (shard.status.ok()) {
    json.Null("error");
  } else {
    json.Text("error", std::string(shard.status.message()));
  }
  if (shard.lineage) WriteLineage(*shard.lineage, json);
  if (shard.checkpoint) {
    json.Offsets("nextOffsets", shard.checkpoint->next_offsets);
    WriteLastRecords("lastRecords", shard.checkpoint->remembered.last, json);
    WriteLastRecords("provedRecords", shard.checkpoint->remembered.proved, json);
    json.Text("digest", domain::ToHex(shard.checkpoint->digest));
    json.Number("events", shard.checkpoint->events);
    json.Number("participants", shard.checkpoint->participants);
    json.Number("distributions", shard.checkpoint->distributions);
  }
  json.Number("diskBytes", shard.disk_bytes);
  if (shard.scan) WriteScan(shard, json);
  json.Close();
}

void WriteDescription(const domain::Description& description, Json& json) {
  json.Open("description");
  json.Text("userId", description.user_id);
  json.Text("eventTitle", description.event_title);
  json.Text("status", description.status);
  json.Time("startDate", description.start);
  json.Time("endDate", description.end);
  json.Time("createdAt", description.created_at);
  json.Money("totalInvestment", description.total_investment);
  json.Money("expectedRevenue", description.expected_revenue);
  json.Money("targetRoi", description.target_roi);
  json.Close();
}

void WriteMarks(const domain::EventAggregate& aggregate, Json& json) {
  json.Open("marks");
  for (int i = 0; i < domain::kTopicCount; ++i) {
    const domain::TopicMark& mark = aggregate.marks[static_cast<size_t>(i)];
    json.Open(Json::TopicKey(i));
    if (mark.last_offset < 0) {
      json.Null("lastOffset");
    } else {
      json.Number("lastOffset", mark.last_offset);
    }
    json.Time("maxTimestamp", mark.max_timestamp);
    json.Close();
  }
  json.Close();
}

void WriteChannels(const domain::EventAggregate& aggregate, Json& json) {
  json.OpenList("channels");
  for (const domain::Channel& channel : aggregate.channels) {
    json.Open();
    json.Text("channel", channel.name);
    if (channel.distributions > 0) {
      json.Text("channelType", channel.channel_type);
      json.Text("status", channel.status);
    } else {
      json.Null("channelType");
      json.Null("status");
    }
    json.Number("participants", channel.participants);
    json.Money("purchaseAmount", channel.purchase_amount);
    json.Number("distributions", channel.distributions);
    json.Number("impressions", channel.impressions);
    json.Money("distributionCost", channel.distribution_cost);
    json.Close();
  }
  json.CloseList();
}

std::string_view ChannelName(const EventReport& event, domain::ChannelIndex index) {
  const auto& channels = event.row.aggregate.channels;
  return index < channels.size() ? std::string_view(channels[index].name) : "";
}

void WriteDistributions(const EventReport& event, Json& json) {
  json.OpenList("distributions");
  for (const DistributionRow& row : event.distributions) {
    json.Open();
    json.Text("channel", row.channel_as_sent);
    json.Text("distributionId", row.distribution_id);
    json.Text("countedUnder", ChannelName(event, row.distribution.channel));
    json.Text("channelType", row.distribution.channel_type);
    json.Text("status", row.distribution.status);
    json.Time("completedAt", row.distribution.completed_at);
    json.Number("expectedViews", row.distribution.expected_views);
    json.Money("distributionCost", row.distribution.distribution_cost);
    json.Close();
  }
  json.CloseList();
}

void WriteHours(const EventReport& event, Json& json) {
  json.OpenList("hours");
  for (const HourRow& row : event.hours) {
    json.Open();
    json.Text("hour", HourText(row.hour));
    json.Text("channel", ChannelName(event, row.channel));
    json.Number("participants", row.counts.participants);
    json.Number("views", row.counts.views);
    json.Money("purchaseAmount", row.counts.purchase_amount);
    json.Close();
  }
  json.CloseList();
}

void WriteParticipants(const EventReport& event, Json& json) {
  json.OpenList("participantRows");
  for (const ParticipantRow& row : event.participants) {
    json.Open();
    json.Text("hash", HashHex(row.hash));
    json.Text("channel", ChannelName(event, row.contribution.channel));
    json.Text("hour", HourText(row.contribution.hour));
    json.Money("purchaseAmount", row.contribution.purchase_amount);
    json.Close();
  }
  json.CloseList();
}

}  // namespace

std::string ShardsJson(const std::string& data_dir, const std::vector<ShardReport>& shards) {
  Json json;
  json.Open();
  json.Text("dataDir", data_dir);
  json.OpenList("shards");
  for (const ShardReport& shard : shards) WriteShard(shard, json);
  json.CloseList();
  json.Close();
  return json.Take();
}

std::string EventJson(const EventReport& event) {
  const domain::EventAggregate& aggregate = event.row.aggregate;
  Json json;
  json.Open();
  json.Text("eventId", aggregate.event_id);
  json.Number("shard", event.partition);
  json.Number("number", event.row.number);
  if (aggregate.description) {
    WriteDescription(*aggregate.description, json);
  } else {
    json.Null("description");
  }
  json.Number("participants", aggregate.participants);
  json.Number("totalViews", aggregate.TotalViews());
  WriteMarks(aggregate, json);
  WriteChannels(aggregate, json);
  json.Open("rows");  // all there are; the lists may hold fewer
  json.Number("distributions", event.distribution_rows);
  json.Number("hourCells", event.hour_rows);
  json.Number("participants", event.participant_rows);
  json.Close();
  WriteDistributions(event, json);
  WriteHours(event, json);
  WriteParticipants(event, json);
  json.Close();
  return json.Take();
}

}  // namespace tally::cli
