// One unary call: runs its coroutine, tells gRPC of the end, and stops waiting when the caller
// does.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <functional>
#include <memory>

#include "absl/status/status.h"

namespace tally::query::rpc {

// Made and kept by itself until gRPC says that it is done.
class Call final : public ::grpc::ServerUnaryReactor, public std::enable_shared_from_this<Call> {
 public:
  // What a call ended with. A caller who stopped waiting is gRPC's CANCELLED, and 499 in HTTP's
  // numbers, as proxies write it.
  struct Outcome {
    absl::StatusCode grpc_status = absl::StatusCode::kOk;
    int http_status = 200;  // of problem.h's table
  };
  struct Events {
    std::function<void(const Outcome&)> answered;  // before the answer is sent
    std::function<void()> done;                    // the last that is heard of it; any thread
  };

  // Runs `work` on a strand of `executor`; its status, by the table of problem.h, is the call's. A
  // cancelled call cancels what `work` waits for.
  static ::grpc::ServerUnaryReactor* Start(const boost::asio::any_io_executor& executor,
                                           boost::asio::awaitable<absl::Status> work,
                                           Events events);

  void OnCancel() override;
  void OnDone() override;

 private:
  Call(const boost::asio::any_io_executor& executor, Events events);
  void Run(boost::asio::awaitable<absl::Status> work);
  void Answer(const std::exception_ptr& exception, const absl::Status& status);

  const boost::asio::any_io_executor strand_;
  const Events events_;
  boost::asio::cancellation_signal cancellation_;  // on the strand, like the next
  bool cancelled_ = false;
  std::shared_ptr<Call> self_;  // until OnDone
};

}  // namespace tally::query::rpc
