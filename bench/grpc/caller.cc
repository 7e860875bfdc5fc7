#include "bench/grpc/caller.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tally/v1/query.grpc.pb.h"

namespace tally::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Stub = v1::QueryService::Stub;

// One place among a connection's calls in flight.
template <class Request, class Response>
struct Place {
  Stub* stub = nullptr;
  std::optional<::grpc::ClientContext> context;
  Request request;
  Response response;
  ::grpc::Status status;
  Clock::time_point begin;
};

void SetId(const std::string& id, v1::GetEventDashboardRequest* request) {
  request->set_event_id(id);
}
void SetId(const std::string& id, v1::GetUserDashboardRequest* request) {
  request->set_user_id(id);
}

auto Begin(Place<v1::GetEventDashboardRequest, v1::GetEventDashboardResponse>& place,
           ::grpc::CompletionQueue* queue) {
  return place.stub->AsyncGetEventDashboard(&*place.context, place.request, queue);
}
auto Begin(Place<v1::GetUserDashboardRequest, v1::GetUserDashboardResponse>& place,
           ::grpc::CompletionQueue* queue) {
  return place.stub->AsyncGetUserDashboard(&*place.context, place.request, queue);
}

// One thread with some of the connections.
template <class Request, class Response>
class Worker {
 public:
  Worker(const CallOptions& options, int connections, uint64_t seed)
      : options_(options), random_(seed), ids_(1, options.ids) {
    ::grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection for each channel
    for (int i = 0; i < connections; ++i) {
      stubs_.push_back(v1::QueryService::NewStub(::grpc::CreateCustomChannel(
          options.server, ::grpc::InsecureChannelCredentials(), arguments)));
      for (int k = 0; k < options.in_flight; ++k) {
        places_.push_back(std::make_unique<OnePlace>());
        places_.back()->stub = stubs_.back().get();
      }
    }
  }

  // Calls begun from `from` to `until` are measured.
  void Run(Clock::time_point from, Clock::time_point until) {
    size_t open = 0;
    for (const auto& place : places_) {
      Call(*place);
      ++open;
    }
    void* tag = nullptr;
    bool ok = false;
    while (open > 0 && queue_.Next(&tag, &ok)) {
      OnePlace& place = *static_cast<OnePlace*>(tag);
      const Clock::time_point now = Clock::now();
      if (place.begin >= from && now < until) Count(place, now);
      if (now < until) {
        Call(place);
      } else {
        --open;
      }
    }
  }

  CallResult result;

 private:
  using OnePlace = Place<Request, Response>;

  void Call(OnePlace& place) {
    place.context.emplace();
    place.context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    SetId(absl::StrReplaceAll(options_.id, {{"#", absl::StrCat(ids_(random_))}}), &place.request);
    place.begin = Clock::now();
    Begin(place, &queue_)->Finish(&place.response, &place.status, &place);
  }
  void Count(const OnePlace& place, Clock::time_point now) {
    ++result.calls[place.status.ok() ? "OK" : absl::StrCat(place.status.error_code())];
    if (!place.status.ok()) return;
    result.latency_us.Add(std::chrono::duration<double, std::micro>(now - place.begin).count());
  }

  const CallOptions& options_;
  std::mt19937_64 random_;
  std::uniform_int_distribution<int64_t> ids_;
  ::grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Stub>> stubs_;
  std::vector<std::unique_ptr<OnePlace>> places_;
};

template <class Request, class Response>
CallResult Measure(const CallOptions& options) {
  using OneWorker = Worker<Request, Response>;
  std::vector<std::unique_ptr<OneWorker>> workers;
  for (int i = 0; i < options.threads; ++i) {
    const int connections =
        options.connections / options.threads + (i < options.connections % options.threads ? 1 : 0);
    workers.push_back(
        std::make_unique<OneWorker>(options, connections, options.seed + static_cast<uint64_t>(i)));
  }
  const auto after = [start = Clock::now()](double seconds) {
    return start +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  };
  const auto from = after(options.warm_up_seconds);
  const auto until = after(options.warm_up_seconds + options.seconds);
  std::vector<std::thread> threads;
  for (const auto& worker : workers) {
    threads.emplace_back([&worker, from, until] { worker->Run(from, until); });
  }
  for (std::thread& thread : threads) thread.join();
  CallResult all;
  all.seconds = options.seconds;
  for (const auto& worker : workers) {
    for (const auto& [code, count] : worker->result.calls) all.calls[code] += count;
    all.latency_us.Add(worker->result.latency_us);
  }
  return all;
}

}  // namespace

CallResult MeasureCalls(const CallOptions& options) {
  return options.users
             ? Measure<v1::GetUserDashboardRequest, v1::GetUserDashboardResponse>(options)
             : Measure<v1::GetEventDashboardRequest, v1::GetEventDashboardResponse>(options);
}

}  // namespace tally::bench
