#include "query/grpc/call.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <utility>

#include "query/grpc/status.h"

namespace tally::query::rpc {

namespace asio = boost::asio;

::grpc::ServerUnaryReactor* Call::Start(const asio::any_io_executor& executor,
                                        asio::awaitable<absl::Status> work, Events events) {
  const std::shared_ptr<Call> call(new Call(executor, std::move(events)));
  call->self_ = call;
  call->Run(std::move(work));
  return call.get();
}

Call::Call(const asio::any_io_executor& executor, Events events)
    : strand_(asio::make_strand(executor)), events_(std::move(events)) {}

void Call::Run(asio::awaitable<absl::Status> work) {
  asio::co_spawn(strand_, std::move(work),
                 asio::bind_cancellation_slot(cancellation_.slot(),
                                              [self = self_](const std::exception_ptr& exception,
                                                             const absl::Status& status) {
                                                self->Answer(exception, status);
                                              }));
}

void Call::Answer(const std::exception_ptr& exception, const absl::Status& status) {
  ::grpc::Status answer;
  if (cancelled_) {
    answer = {::grpc::StatusCode::CANCELLED, "the caller stopped waiting"};
  } else if (exception != nullptr) {
    answer = ToGrpcStatus(absl::InternalError("unexpected failure"));
  } else {
    answer = ToGrpcStatus(status);
  }
  events_.answered(static_cast<absl::StatusCode>(answer.error_code()));
  Finish(answer);
}

void Call::OnCancel() {
  asio::post(strand_, [self = shared_from_this()] {
    self->cancelled_ = true;
    self->cancellation_.emit(asio::cancellation_type::terminal);
  });
}

void Call::OnDone() {
  const std::shared_ptr<Call> last = std::move(self_);
  events_.done();
}

}  // namespace tally::query::rpc
