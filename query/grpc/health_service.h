// grpc.health.v1.Health: what the rest of the process says of itself, asked at every check. (gRPC's
// own implementation is told of changes, and server reflection does not know its messages.)
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "query/grpc/gate.h"
#include "query/reader.h"

namespace tally::query::rpc {

// Every service named has the same status. Those who watch hear of a change within `interval`.
// Thread-safe; what is handed in must outlive all calls.
class HealthService final : public ::grpc::health::v1::Health::CallbackService {
 public:
  HealthService(const HealthSource& source, std::vector<std::string> services, size_t watches_max,
                absl::Duration interval, boost::asio::any_io_executor executor);

  // NOT_SERVING from now on.
  void Stop() { stopped_ = true; }

  using Status = ::grpc::health::v1::HealthCheckResponse::ServingStatus;
  // SERVICE_UNKNOWN where there is no such service.
  Status StatusOf(std::string_view service) const;

  ::grpc::ServerUnaryReactor* Check(::grpc::CallbackServerContext* context,
                                    const ::grpc::health::v1::HealthCheckRequest* request,
                                    ::grpc::health::v1::HealthCheckResponse* response) override;
  ::grpc::ServerWriteReactor<::grpc::health::v1::HealthCheckResponse>* Watch(
      ::grpc::CallbackServerContext* context,
      const ::grpc::health::v1::HealthCheckRequest* request) override;

 private:
  const HealthSource& source_;
  const std::vector<std::string> services_;
  const absl::Duration interval_;
  const boost::asio::any_io_executor executor_;
  Gate watches_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace tally::query::rpc
