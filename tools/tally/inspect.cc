#include "tools/tally/inspect.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/tally/inspect_output.h"
#include "tools/tally/progress.h"
#include "tools/tally/shard_report.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

int Fail(const absl::Status& status, Console& console) {
  console.Message(Printable(std::string(status.message())));
  return kFailure;
}

int InspectEvent(const InspectOptions& options, const store::DataDir& directory, Console& console) {
  auto event = ReadEvent(directory, options.event_id, options.rows_max);
  if (!event.ok()) return Fail(event.status(), console);
  console.out << (options.json ? EventJson(*event) : EventText(*event, console.out_color));
  return kOk;
}

std::vector<ShardReport> ReadShards(const InspectOptions& options, const store::DataDir& directory,
                                    const std::vector<int32_t>& partitions, Console& console) {
  Progress progress(console, "scanning", 0);
  int64_t rows_before = 0;
  int64_t rows = 0;
  const ScanProgress on_rows = [&](uint64_t rows_seen) {
    rows = rows_before + static_cast<int64_t>(rows_seen);
    progress.Update(rows, rows);
    return !console.Interrupted();
  };
  std::vector<ShardReport> shards;
  for (const int32_t partition : partitions) {
    if (console.Interrupted()) break;
    shards.push_back(ReadShard(directory, partition, options.scan, on_rows));
    rows_before = rows;
  }
  return shards;
}

int InspectShards(const InspectOptions& options, const store::DataDir& directory,
                  Console& console) {
  auto partitions = directory.ListShards();
  if (!partitions.ok()) return Fail(partitions.status(), console);
  const auto shards = ReadShards(options, directory, *partitions, console);
  console.out << (options.json ? ShardsJson(directory.path(), shards)
                               : ShardsText(directory.path(), shards, console.out_color));
  bool failed = console.Interrupted();
  if (failed) console.Message("interrupted");
  for (const ShardReport& shard : shards) {
    if (shard.status.ok()) continue;
    failed = true;
    console.Message(absl::StrCat("shard ", shard.partition, ": ",
                                 Printable(std::string(shard.status.message()))));
  }
  return failed ? kFailure : kOk;
}

}  // namespace

int RunInspect(const InspectOptions& options, Console& console) {
  if (options.scan && console.catch_signals != nullptr) console.catch_signals();
  auto directory = store::DataDir::Open(options.data_dir, store::DataDirMode::kReadOnly);
  if (!directory.ok()) return Fail(directory.status(), console);
  return options.event_id.empty() ? InspectShards(options, *directory, console)
                                  : InspectEvent(options, *directory, console);
}

}  // namespace tally::cli
