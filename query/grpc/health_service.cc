#include "query/grpc/health_service.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "query/grpc/status.h"
#include "query/readiness.h"

namespace tally::query::rpc {
namespace {

namespace asio = boost::asio;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

// One who watches: looks every `interval`, writes what changed. Everything but gRPC's calls is on a
// strand. Keeps itself until gRPC says that it is done.
class Watcher final : public ::grpc::ServerWriteReactor<HealthCheckResponse>,
                      public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(const HealthService& service, std::string name, Gate& gate, absl::Duration interval,
          const asio::any_io_executor& executor)
      : service_(service),
        name_(std::move(name)),
        gate_(gate),
        interval_(interval),
        timer_(asio::make_strand(executor)) {}

  void Begin() {
    self_ = shared_from_this();
    Post([this] { Look(); });
  }
  void OnWriteDone(bool ok) override {
    Post([this, ok] {
      writing_ = false;
      if (!ok) End();
    });
  }
  void OnCancel() override {
    Post([this] { End(); });
  }
  void OnDone() override {
    const std::shared_ptr<Watcher> last = std::move(self_);
    gate_.Leave();
  }

 private:
  template <class Function>
  void Post(Function function) {
    asio::post(timer_.get_executor(), [self = shared_from_this(), function] { function(); });
  }

  void Look() {
    if (ended_) return;
    const HealthService::Status now = service_.StatusOf(name_);
    if (!writing_ && told_ != now) {
      told_ = now;
      writing_ = true;
      response_.set_status(now);
      StartWrite(&response_);
    }
    timer_.expires_after(absl::ToChronoNanoseconds(interval_));
    timer_.async_wait(
        [self = shared_from_this()](const boost::system::error_code&) { self->Look(); });
  }
  void End() {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    Finish({::grpc::StatusCode::CANCELLED, "no longer watched"});
  }

  const HealthService& service_;
  const std::string name_;
  Gate& gate_;
  const absl::Duration interval_;
  asio::steady_timer timer_;
  HealthCheckResponse response_;
  std::optional<HealthService::Status> told_;
  bool writing_ = false;
  bool ended_ = false;
  std::shared_ptr<Watcher> self_;
};

// One who may not watch.
class Refused final : public ::grpc::ServerWriteReactor<HealthCheckResponse> {
 public:
  explicit Refused(const absl::Status& why) { Finish(ToGrpcStatus(why)); }
  void OnDone() override { delete this; }
};

}  // namespace

HealthService::HealthService(const HealthSource& source, std::vector<std::string> services,
                             size_t watches_max, absl::Duration interval,
                             asio::any_io_executor executor)
    : source_(source),
      services_(std::move(services)),
      interval_(interval),
      executor_(std::move(executor)),
      watches_(watches_max) {}

HealthService::Status HealthService::StatusOf(std::string_view service) const {
  if (std::find(services_.begin(), services_.end(), service) == services_.end()) {
    return HealthCheckResponse::SERVICE_UNKNOWN;
  }
  const bool serving = !stopped_ && ReadinessOf(source_.GetHealth()) == kReady;
  return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

::grpc::ServerUnaryReactor* HealthService::Check(::grpc::CallbackServerContext* context,
                                                 const HealthCheckRequest* request,
                                                 HealthCheckResponse* response) {
  ::grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Status status = StatusOf(request->service());
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    reactor->Finish({::grpc::StatusCode::NOT_FOUND, "there is no such service"});
    return reactor;
  }
  response->set_status(status);
  reactor->Finish(::grpc::Status::OK);
  return reactor;
}

::grpc::ServerWriteReactor<HealthCheckResponse>* HealthService::Watch(
    ::grpc::CallbackServerContext*, const HealthCheckRequest* request) {
  if (absl::Status entered = watches_.Enter(); !entered.ok()) return new Refused(entered);
  const auto watcher =
      std::make_shared<Watcher>(*this, request->service(), watches_, interval_, executor_);
  watcher->Begin();
  return watcher.get();
}

}  // namespace tally::query::rpc
