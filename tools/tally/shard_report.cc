#include "tools/tally/shard_report.h"

#include "absl/strings/str_cat.h"
#include "processor/domain/partitioner.h"
#include "processor/shard_store.h"
#include "store/key.h"

namespace tally::cli {
namespace {

absl::Status CheckVersions(const store::Lineage& lineage) {
  if (lineage.state_format_version == store::kStateFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("state format ", lineage.state_format_version, "; this tally reads format ",
                   store::kStateFormatVersion, ": use the one that came with its tallyd"));
}

constexpr size_t kRowsAtOnce = 65'536;

absl::Status Scan(const store::Snapshot& snapshot, const ScanProgress& progress,
                  ShardReport* report) {
  StoreCheck check(snapshot);
  for (;;) {
    auto more = check.Step(kRowsAtOnce);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (progress && !progress(check.rows())) return absl::CancelledError("interrupted");
  }
  report->scan = check.scan();
  if (check.findings().empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("its rows do not agree: ", ToText(check.findings().kept().front()),
                   ". `tally verify` lists all that is wrong"));
}

absl::Status Fill(const store::Store& store, bool scan, const ScanProgress& progress,
                  ShardReport* report) {
  const auto snapshot = store.NewSnapshot();
  auto lineage = ReadLineage(*snapshot);
  if (!lineage.ok()) return lineage.status();
  report->lineage = *std::move(lineage);
  if (auto status = CheckVersions(*report->lineage); !status.ok()) return status;
  auto checkpoint = ReadCheckpoint(*snapshot);
  if (!checkpoint.ok()) return checkpoint.status();
  report->checkpoint = *checkpoint;
  if (!scan) return absl::OkStatus();
  return Scan(*snapshot, progress, report);
}

// Calls `visit` for every row of a kind of an event.
absl::Status ForRows(const store::Snapshot& snapshot, char kind, EventNumber number,
                     const std::function<absl::Status(std::string_view, std::string_view)>& visit) {
  const std::string prefix = NumberPrefix(kind, number);
  const auto rows = snapshot.NewIterator(prefix, store::PrefixEnd(prefix));
  for (rows->Seek(prefix); rows->Valid(); rows->Next()) {
    if (auto status = visit(rows->key(), rows->value()); !status.ok()) return status;
  }
  return rows->status();
}

class EventReader {
 public:
  EventReader(const store::Snapshot& snapshot, size_t rows_max, EventReport* report)
      : snapshot_(snapshot), rows_max_(rows_max), report_(*report) {}

  absl::Status Read(const std::string& event_id) {
    const std::string key = EventKey(event_id);
    std::string value;
    auto found = snapshot_.Get(key, &value);
    if (!found.ok()) return found.status();
    if (!*found) return absl::NotFoundError("no such event");
    auto row = DecodeEvent(key, value);
    if (!row.ok()) return row.status();
    report_.row = *std::move(row);
    for (const auto read : {&EventReader::ReadDistributions, &EventReader::ReadHours,
                            &EventReader::ReadParticipants}) {
      if (auto status = (this->*read)(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadDistributions() {
    return ForRows(snapshot_, 'D', report_.row.number,
                   [this](std::string_view key, std::string_view value) -> absl::Status {
                     auto parts = ParseDistributionKey(key);
                     if (!parts.ok()) return parts.status();
                     auto distribution = DecodeDistribution(key, value);
                     if (!distribution.ok()) return distribution.status();
                     if (++report_.distribution_rows > rows_max_) return absl::OkStatus();
                     report_.distributions.push_back({std::string(parts->channel_as_sent),
                                                      std::string(parts->distribution_id),
                                                      *std::move(distribution)});
                     return absl::OkStatus();
                   });
  }

  absl::Status ReadHours() {
    std::vector<HourCell> cells;
    return ForRows(snapshot_, 'H', report_.row.number,
                   [this, &cells](std::string_view key, std::string_view value) -> absl::Status {
                     auto parts = ParseHourKey(key);
                     if (!parts.ok()) return parts.status();
                     if (auto status = DecodeHour(key, value, &cells); !status.ok()) return status;
                     for (const auto& [channel, counts] : cells) {
                       if (++report_.hour_rows > rows_max_) continue;
                       report_.hours.push_back({parts->hour, channel, counts});
                     }
                     return absl::OkStatus();
                   });
  }

  absl::Status ReadParticipants() {
    return ForRows(snapshot_, 'P', report_.row.number,
                   [this](std::string_view key, std::string_view value) -> absl::Status {
                     auto parts = ParseParticipantKey(key);
                     if (!parts.ok()) return parts.status();
                     auto contribution = DecodeParticipant(value);
                     if (!contribution.ok()) return contribution.status();
                     if (++report_.participant_rows > rows_max_) return absl::OkStatus();
                     report_.participants.push_back({parts->hash, *contribution});
                     return absl::OkStatus();
                   });
  }

  const store::Snapshot& snapshot_;
  size_t rows_max_;
  EventReport& report_;
};

// The shard of an event, by the lineage of any shard that can be read.
absl::StatusOr<int32_t> ShardOf(const store::DataDir& directory, const std::string& event_id) {
  auto partitions = directory.ListShards();
  if (!partitions.ok()) return partitions.status();
  absl::Status last = absl::NotFoundError("the data directory has no shards");
  for (const int32_t partition : *partitions) {
    const ShardReport report = ReadShard(directory, partition, false, {});
    if (!report.lineage) {
      last = report.status;
      continue;
    }
    const auto partitioner = domain::ParsePartitioner(report.lineage->partitioner);
    if (!partitioner || report.lineage->partition_count < 1) {
      return absl::DataLossError(
          absl::StrCat("unknown partitioner \"", report.lineage->partitioner, "\""));
    }
    return domain::PartitionOf(*partitioner, event_id, report.lineage->partition_count);
  }
  return last;
}

}  // namespace

bool ShardReport::ScanAgrees() const {
  return scan && checkpoint && scan->digest == checkpoint->digest &&
         scan->events == checkpoint->events && scan->participants == checkpoint->participants &&
         scan->distributions == checkpoint->distributions;
}

ShardReport ReadShard(const store::DataDir& directory, int32_t partition, bool scan,
                      const ScanProgress& progress) {
  ShardReport report;
  report.partition = partition;
  auto store = OpenShardStoreReadOnly(directory.ShardPath(partition), nullptr);
  if (!store.ok()) {
    report.status = store.status();
    return report;
  }
  report.disk_bytes = (*store)->Stats().disk_bytes;
  report.status = Fill(**store, scan, progress, &report);
  return report;
}

absl::StatusOr<EventReport> ReadEvent(const store::DataDir& directory, const std::string& event_id,
                                      int64_t rows_max) {
  if (event_id.empty()) return absl::InvalidArgumentError("an event's id is not empty");
  auto partition = ShardOf(directory, event_id);
  if (!partition.ok()) return partition.status();
  const std::string where = absl::StrCat("event \"", event_id, "\", shard ", *partition, ": ");
  auto store = OpenShardStoreReadOnly(directory.ShardPath(*partition), nullptr);
  if (!store.ok()) {
    return absl::Status(store.status().code(), absl::StrCat(where, store.status().message()));
  }
  const auto snapshot = (*store)->NewSnapshot();
  EventReport report;
  report.partition = *partition;
  auto status = EventReader(*snapshot, static_cast<size_t>(rows_max), &report).Read(event_id);
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat(where, status.message()));
  return report;
}

}  // namespace tally::cli
