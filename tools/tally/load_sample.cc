#include "absl/time/clock.h"
#include "tools/tally/load.h"
#include "tools/tally/sample_data.h"
#include "tools/tally/send.h"

namespace tally::cli {
namespace {

RecordStream StreamOf(const std::vector<OutgoingRecord>& records) {
  return [&records, next = size_t{0}](OutgoingRecord* record) mutable -> absl::StatusOr<bool> {
    if (next == records.size()) return false;
    *record = records[next++];
    return true;
  };
}

}  // namespace

int RunLoadSample(const LoadSampleOptions& options, Console& console) {
  std::vector<OutgoingRecord> records = SampleData(options.kafka.topic_prefix);
  if (absl::ToUnixMillis(absl::Now()) < SampleDataLatestTime()) {
    console.Message(
        "this machine's clock is before the sample data's dates; records are dated then");
    for (OutgoingRecord& record : records) record.timestamp_ms = SampleDataLatestTime();
  }
  SendOptions send;
  send.kafka = options.kafka;
  send.rehearsal = [&records] { return StreamOf(records); };
  return Report(Send(send, StreamOf(records), console), options.json, console);
}

}  // namespace tally::cli
