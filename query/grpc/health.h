// Keeps gRPC's own health service as the rest of the process sees itself.
#pragma once

#include <grpcpp/health_check_service_interface.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "query/reader.h"

namespace tally::query::rpc {

// Looks at `source` every `interval` and tells `published` of it, for every service named. Made and
// kept by itself until Stop. `source` and `published` must live until `executor` has run what
// follows Stop.
class HealthPublisher : public std::enable_shared_from_this<HealthPublisher> {
 public:
  static std::shared_ptr<HealthPublisher> Start(const boost::asio::any_io_executor& executor,
                                                const HealthSource& source,
                                                ::grpc::HealthCheckServiceInterface& published,
                                                std::vector<std::string> services,
                                                absl::Duration interval);
  // NOT_SERVING, for good. Any thread.
  void Stop();

 private:
  HealthPublisher(const boost::asio::any_io_executor& executor, const HealthSource& source,
                  ::grpc::HealthCheckServiceInterface& published, std::vector<std::string> services,
                  absl::Duration interval);
  void Publish();
  void PublishLater();

  const HealthSource& source_;
  ::grpc::HealthCheckServiceInterface& published_;
  const std::vector<std::string> services_;
  const absl::Duration interval_;
  boost::asio::steady_timer timer_;  // its executor is a strand, on which the rest is used
  std::optional<bool> serving_;      // as published
  bool stopped_ = false;
};

}  // namespace tally::query::rpc
