#include "query/access_log.h"

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <utility>

#include "query/json_writer.h"
#include "query/problem.h"

namespace tally::query {
namespace {

constexpr size_t kUserAgentBytesMax = 200;

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

std::string_view PathOf(std::string_view target) {
  return target.substr(0, std::min(target.find('?'), target.size()));
}

std::string LineOf(const AccessEntry& entry, absl::Time now) {
  JsonWriter json;
  json.BeginObject();
  json.Text("time", TimeText(now));
  json.Text("client", entry.client);
  json.Text("method", Shown(entry.method));
  json.Text("route", entry.route);
  json.Text("path", Shown(PathOf(entry.target)));
  if (!entry.grpc_status.empty()) json.Text("id", Shown(entry.id));
  json.Integer("status", entry.status);
  if (!entry.grpc_status.empty()) json.Text("grpc_status", entry.grpc_status);
  json.Integer("bytes", static_cast<int64_t>(entry.bytes));
  json.Fixed2("duration_ms", absl::ToInt64Microseconds(entry.duration) / 10);
  if (!entry.complete) json.Bool("complete", false);
  entry.trace_id.empty() ? json.Null("trace_id") : json.Text("trace_id", entry.trace_id);
  json.Text("user_agent", Shown(entry.user_agent.substr(0, kUserAgentBytesMax)));
  json.EndObject();
  return json.Take();
}

prometheus::Family<prometheus::Counter>& Lines(prometheus::Registry& registry) {
  return prometheus::BuildCounter()
      .Name("tally_http_access_log_lines_total")
      .Help(
          "Access log lines: queued for writing, left out by the limit, lost as queue or disk was "
          "full")
      .Register(registry);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(Options options,
                                                           prometheus::Registry& registry) {
  std::unique_ptr<AccessLog> log(new AccessLog(std::move(options), registry));
  LineWriter::Options writing;
  writing.destination = log->options_.destination;
  writing.every_second = [raw = log.get()](size_t failed) { return raw->TakeLeftOut(failed); };
  auto writer = LineWriter::Open(std::move(writing));
  if (!writer.ok()) return writer.status();
  log->writer_ = *std::move(writer);
  return log;
}

AccessLog::AccessLog(Options options, prometheus::Registry& registry)
    : options_(std::move(options)),
      queued_(Lines(registry).Add({{"result", "queued"}})),
      left_out_(Lines(registry).Add({{"result", "left_out"}})),
      lost_(Lines(registry).Add({{"result", "lost"}})) {}

AccessLog::~AccessLog() = default;

void AccessLog::Write(const AccessEntry& entry) {
  const absl::Time now = options_.clock();
  if (!Admit(now)) return left_out_.Increment();
  if (writer_->Write(LineOf(entry, now))) return queued_.Increment();
  lost_.Increment();
  const std::lock_guard lock(mutex_);
  ++untold_;
}

bool AccessLog::Admit(absl::Time now) {
  const int64_t second = absl::ToUnixSeconds(now);
  const std::lock_guard lock(mutex_);
  if (second != second_) {
    second_ = second;
    lines_in_second_ = 0;
  }
  if (lines_in_second_ >= options_.lines_per_second_max) {
    ++untold_;
    return false;
  }
  ++lines_in_second_;
  return true;
}

std::string AccessLog::TakeLeftOut(size_t failed) {
  lost_.Increment(static_cast<double>(failed));
  size_t count = failed;
  {
    const std::lock_guard lock(mutex_);
    count += std::exchange(untold_, 0);
  }
  if (count == 0) return "";
  JsonWriter json;
  json.BeginObject();
  json.Text("time", TimeText(options_.clock()));
  json.Integer("left_out", static_cast<int64_t>(count));
  json.EndObject();
  return json.Take();
}

}  // namespace tally::query
