#include "query/line_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tally::query {
namespace {

constexpr auto kInterval = std::chrono::seconds(1);
constexpr int kPollMs = 100;
constexpr int kLastPolls = 10;

bool IsStandardError(const std::string& destination) { return destination == "stderr"; }

absl::StatusOr<int> OpenFile(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd >= 0) return fd;
  return absl::InvalidArgumentError(
      absl::StrCat("cannot open ", path, " for appending: ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineWriter>> LineWriter::Open(Options options) {
  int fd = STDERR_FILENO;
  if (!IsStandardError(options.destination)) {
    const auto opened = OpenFile(options.destination);
    if (!opened.ok()) return opened.status();
    fd = *opened;
  }
  return std::unique_ptr<LineWriter>(new LineWriter(std::move(options), fd));
}

LineWriter::LineWriter(Options options, int fd)
    : options_(std::move(options)), fd_(fd), thread_([this] { Run(); }) {}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
  if (!IsStandardError(options_.destination)) close(fd_);
}

bool LineWriter::Write(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= options_.queue_lines_max) return false;
    lines_.push_back(std::move(line));
  }
  changed_.notify_one();
  return true;
}

absl::Status LineWriter::Reopen() {
  if (IsStandardError(options_.destination)) return absl::OkStatus();
  const auto opened = OpenFile(options_.destination);
  if (!opened.ok()) return opened.status();
  const std::lock_guard lock(writing_);
  close(std::exchange(fd_, *opened));
  return absl::OkStatus();
}

void LineWriter::Run() {
  auto next = std::chrono::steady_clock::now() + kInterval;
  bool more = true;
  while (more) {
    std::deque<std::string> lines;
    more = Await(lines);
    for (const std::string& line : lines) WriteOut(line);
    if (more && std::chrono::steady_clock::now() < next) continue;
    next = std::chrono::steady_clock::now() + kInterval;
    if (!options_.every_second) continue;
    if (const std::string line = options_.every_second(std::exchange(failed_, 0)); !line.empty())
      WriteOut(line);
  }
}

bool LineWriter::Await(std::deque<std::string>& lines) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kInterval, [this] { return ending_ || !lines_.empty(); });
  lines.swap(lines_);
  return !ending_;
}

void LineWriter::WriteOut(const std::string& line) {
  const std::string text = line + "\n";
  const std::lock_guard lock(writing_);
  // A pipe that nobody empties is waited for, but not at the end.
  struct pollfd writable = {fd_, POLLOUT, 0};
  int polls = 0;
  while (poll(&writable, 1, kPollMs) == 0) {
    const std::lock_guard queue(mutex_);
    if (ending_ && (give_up_ || ++polls >= kLastPolls)) {
      give_up_ = true;
      ++failed_;
      return;
    }
  }
  if (write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ++failed_;
}

}  // namespace tally::query
