#include "tools/tally/generate.h"

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tools/tally/jsonl.h"
#include "tools/tally/pacer.h"
#include "tools/tally/progress.h"
#include "tools/tally/send.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

constexpr size_t kWriteBytes = 1 << 18;

Pacer MakePacer(double rate, const Console& console) {
  return Pacer(
      rate, [&console] { return console.Interrupted(); }, std::chrono::steady_clock::now,
      [](std::chrono::nanoseconds time) { std::this_thread::sleep_for(time); });
}

// Writes the stream as lines; the number of records, or -1 after an error that was reported.
int64_t WriteLines(const GenerateOptions& options, std::ostream& out, Console& console) {
  SyntheticLoad load(options.load);
  Pacer pacer = MakePacer(options.rate, console);
  Progress progress(console, "generating", load.total_records());
  OutgoingRecord record;
  std::string lines;
  int64_t records = 0;
  while (!console.Interrupted() && load.Next(&record)) {
    pacer.Wait();
    AppendLine(record, options.load.format == Format::kJson, &lines);
    ++records;
    // A slow stream is for watching: it is not held back.
    if (lines.size() >= kWriteBytes || options.rate > 0) {
      out.write(lines.data(), static_cast<std::streamsize>(lines.size()));
      if (options.rate > 0) out.flush();
      if (!out) break;
      lines.clear();
    }
    progress.Update(records, records);
  }
  out.write(lines.data(), static_cast<std::streamsize>(lines.size()));
  out.flush();
  if (out) return records;
  progress.Finish();
  console.Message(absl::StrCat("cannot write ", options.output, " (disk full, or closed)"));
  return -1;
}

int Write(const GenerateOptions& options, Console& console) {
  int64_t records = -1;
  if (options.output == "-") {
    records = WriteLines(options, console.out, console);
  } else {
    std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
    if (!file) {
      console.Message(absl::StrCat("cannot write ", options.output));
      return kFailure;
    }
    records = WriteLines(options, file, console);
  }
  if (records < 0) return kFailure;
  console.Message(absl::StrCat(GroupDigits(absl::StrCat(records)), " records written"));
  if (!console.Interrupted()) return kOk;
  console.Message("interrupted");
  return kFailure;
}

int Produce(const GenerateOptions& options, Console& console) {
  SyntheticLoad load(options.load);
  Pacer pacer = MakePacer(options.rate, console);
  Progress progress(console, "generating", load.total_records());
  SendOptions send;
  send.kafka = options.kafka;
  send.rehearsal = [&options] {
    auto again = std::make_shared<SyntheticLoad>(options.load);
    return RecordStream([again](OutgoingRecord* record) { return again->Next(record); });
  };
  send.on_progress = [&](int64_t records) { progress.Update(records, records); };
  const RecordStream stream = [&](OutgoingRecord* record) {
    const bool more = load.Next(record);
    if (more) pacer.Wait();
    return more;
  };
  const SendReport report = Send(send, stream, console);
  progress.Finish();
  return Report(report, options.json, console);
}

}  // namespace

int RunGenerate(const GenerateOptions& options, Console& console) {
  if (auto status = Check(options.load); !status.ok()) {
    console.Message(std::string(status.message()));
    return kUsage;
  }
  if (console.catch_signals != nullptr) console.catch_signals();
  return options.output.empty() ? Produce(options, console) : Write(options, console);
}

}  // namespace tally::cli
