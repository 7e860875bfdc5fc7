#include "query/grpc/call.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <utility>

#include "query/grpc/status.h"
#include "query/problem.h"

namespace tally::query::rpc {

namespace asio = boost::asio;

namespace {

constexpr int kClientClosedRequest = 499;

}  // namespace

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
  if (cancelled_) {
    events_.answered({absl::StatusCode::kCancelled, kClientClosedRequest});
    return Finish({::grpc::StatusCode::CANCELLED, "the caller stopped waiting"});
  }
  const absl::Status answer =
      exception != nullptr ? absl::InternalError("unexpected failure") : status;
  const ProblemKind& kind = ProblemKindOf(answer.code());
  events_.answered(answer.ok() ? Outcome{} : Outcome{kind.grpc_status, kind.http_status});
  Finish(ToGrpcStatus(answer));
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
