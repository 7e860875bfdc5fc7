#include "tools/tally/load.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tools/tally/jsonl.h"
#include "tools/tally/progress.h"
#include "tools/tally/send.h"

namespace tally::cli {
namespace {

struct OpenFile {
  std::ifstream stream;
  std::unique_ptr<JsonlReader> reader;
};

absl::StatusOr<std::shared_ptr<OpenFile>> Open(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is a directory"));
  }
  auto file = std::make_shared<OpenFile>();
  file->stream.open(path, std::ios::binary);
  if (!file->stream) {
    return absl::NotFoundError(absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  }
  file->reader = std::make_unique<JsonlReader>(file->stream);
  return file;
}

int64_t SizeOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// Pipes can be read only once.
bool IsRegular(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

int Run(const LoadOptions& options, JsonlReader& reader, int64_t size, Console& console) {
  SendOptions send;
  send.kafka = options.kafka;
  if (options.file != "-" && IsRegular(options.file)) {
    send.rehearsal = [&options]() -> absl::StatusOr<RecordStream> {
      auto file = Open(options.file);
      if (!file.ok()) return file.status();
      return [file = *file](OutgoingRecord* record) { return file->reader->Next(record); };
    };
  }
  send.where = [&reader] { return absl::StrCat("line ", reader.line_number()); };
  Progress progress(console, "loading", size);
  send.on_progress = [&](int64_t records) { progress.Update(reader.bytes_read(), records); };
  SendReport report = Send(
      send, [&](OutgoingRecord* record) { return reader.Next(record); }, console);
  progress.Finish();
  return Report(report, options.json, console);
}

}  // namespace

int RunLoad(const LoadOptions& options, Console& console) {
  if (console.catch_signals != nullptr) console.catch_signals();
  if (options.file == "-") {
    JsonlReader reader(console.in);
    return Run(options, reader, 0, console);
  }
  auto file = Open(options.file);
  if (!file.ok()) {
    console.Message(std::string(file.status().message()));
    return kFailure;
  }
  return Run(options, *(*file)->reader, SizeOf(options.file), console);
}

}  // namespace tally::cli
