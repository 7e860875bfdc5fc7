#include "query/grpc/observation.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "query/trace.h"

namespace tally::query::rpc {
namespace {

constexpr char kTraceparent[] = "traceparent";

// "" unless there is exactly one.
std::string_view Metadata(const ::grpc::CallbackServerContext& context, const char* name) {
  const auto [begin, end] = context.client_metadata().equal_range(name);
  if (begin == end || std::next(begin) != end) return "";
  return {begin->second.data(), begin->second.size()};
}

// "ipv4:127.0.0.1:50000" and "ipv6:%5B::1%5D:50000" without kind and port.
std::string ClientOf(const ::grpc::CallbackServerContext& context) {
  const std::string peer = context.peer();
  const size_t begin = peer.find(':') + 1;
  std::string client = peer.substr(begin, peer.rfind(':') - begin);
  if (client.starts_with("%5B") && client.ends_with("%5D")) {
    client = client.substr(3, client.size() - 6);
  }
  return client;
}

}  // namespace

Observation::Observation(const Observers& observers, ::grpc::CallbackServerContext& context,
                         std::string_view method, std::string_view id)
    : observers_(observers), method_(method), begin_(std::chrono::steady_clock::now()) {
  if (observers_.metrics != nullptr) observers_.metrics->RequestStarted();
  std::string traceparent = ReadTraceparent(Metadata(context, kTraceparent));
  if (!traceparent.empty()) context.AddInitialMetadata(kTraceparent, traceparent);
  if (observers_.access_log == nullptr) return;
  line_ = std::make_unique<Line>(
      Line{ClientOf(context), absl::StrCat("/tally.v1.QueryService/", std::string(method)),
           std::string(id), std::move(traceparent), std::string(Metadata(context, "user-agent"))});
}

void Observation::End(absl::StatusCode grpc_status, int http_status, size_t bytes) const {
  const absl::Duration duration = absl::FromChrono(std::chrono::steady_clock::now() - begin_);
  if (observers_.metrics != nullptr) {
    observers_.metrics->RequestDone(method_, grpc_status, duration);
  }
  if (line_ == nullptr) return;
  const std::string status_name = absl::StatusCodeToString(grpc_status);
  AccessEntry entry;
  entry.client = line_->client;
  entry.method = "POST";
  entry.route = line_->route;
  entry.target = line_->route;
  entry.id = line_->id;
  entry.status = http_status;
  entry.grpc_status = status_name;
  entry.bytes = bytes;
  entry.duration = duration;
  entry.complete = grpc_status != absl::StatusCode::kCancelled;
  entry.trace_id = TraceId(line_->traceparent);
  entry.user_agent = line_->user_agent;
  observers_.access_log->Write(entry);
}

}  // namespace tally::query::rpc
