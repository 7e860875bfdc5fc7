// A gRPC client by names: methods as text, requests in Protobuf's text format. Every wait ends.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tally/v1/query.pb.h"

namespace tally::testing {

struct GrpcReply {
  ::grpc::Status status;
  std::unique_ptr<google::protobuf::Message> response;  // null unless OK
  std::optional<v1::Problem> problem;                   // of the status' details
  std::multimap<std::string, std::string> trailing_metadata;

  bool ok() const { return status.ok(); }
  // Of the response; nullptr where it is not one of that type.
  template <class Response>
  const Response* As() const {
    return dynamic_cast<const Response*>(response.get());
  }
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

class GrpcClient {
 public:
  static constexpr int kWaitSeconds = 20;

  // Plaintext unless `credentials` are given.
  explicit GrpcClient(uint16_t port,
                      std::shared_ptr<::grpc::ChannelCredentials> credentials = nullptr);

  // One call of tally.v1.QueryService.
  GrpcReply Call(const std::string& method, const std::string& request_text,
                 const Metadata& metadata = {}) const;
  // The same with a context of the caller's, e.g. to cancel it.
  GrpcReply Call(::grpc::ClientContext& context, const std::string& method,
                 const std::string& request_text) const;

  const std::shared_ptr<::grpc::Channel>& channel() const { return channel_; }

 private:
  std::shared_ptr<::grpc::Channel> channel_;
};

// kWaitSeconds from now.
std::chrono::system_clock::time_point Deadline();

// What a google.rpc.Status in `details` has, as the status itself says it; nullopt: none.
std::optional<v1::Problem> ProblemOf(const ::grpc::Status& status);

}  // namespace tally::testing
