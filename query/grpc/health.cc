#include "query/grpc/health.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "query/readiness.h"

namespace tally::query::rpc {

namespace asio = boost::asio;

std::shared_ptr<HealthPublisher> HealthPublisher::Start(
    const asio::any_io_executor& executor, const HealthSource& source,
    ::grpc::HealthCheckServiceInterface& published, std::vector<std::string> services,
    absl::Duration interval) {
  const std::shared_ptr<HealthPublisher> publisher(
      new HealthPublisher(executor, source, published, std::move(services), interval));
  publisher->Publish();
  publisher->PublishLater();
  return publisher;
}

HealthPublisher::HealthPublisher(const asio::any_io_executor& executor, const HealthSource& source,
                                 ::grpc::HealthCheckServiceInterface& published,
                                 std::vector<std::string> services, absl::Duration interval)
    : source_(source),
      published_(published),
      services_(std::move(services)),
      interval_(interval),
      timer_(asio::make_strand(executor)) {}

void HealthPublisher::Publish() {
  const bool serving = ReadinessOf(source_.GetHealth()) == kReady;
  if (serving_ == serving) return;  // those who watch are told of every setting
  serving_ = serving;
  for (const std::string& service : services_) published_.SetServingStatus(service, serving);
}

void HealthPublisher::PublishLater() {
  timer_.expires_after(absl::ToChronoNanoseconds(interval_));
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
    if (self->stopped_) return;
    self->Publish();
    self->PublishLater();
  });
}

void HealthPublisher::Stop() {
  published_.Shutdown();
  asio::post(timer_.get_executor(), [self = shared_from_this()] {
    self->stopped_ = true;
    self->timer_.cancel();
  });
}

}  // namespace tally::query::rpc
