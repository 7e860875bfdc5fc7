#include "bench/live/reads.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <random>

#include "absl/strings/str_cat.h"
#include "bench/live/http_pool.h"

namespace tally::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr size_t kConnectionsMax = 512;
constexpr std::chrono::milliseconds kReadyInterval{50};

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

class Reads {
 public:
  explicit Reads(const ReadOptions& options)
      : options_(options),
        pool_(io_, options.server, kConnectionsMax),
        admin_(io_, options.admin, 1),
        read_timer_(io_),
        ready_timer_(io_),
        random_(options.seed),
        event_(1, options.events) {}

  ReadResult Run() {
    begin_ = next_ = Clock::now();
    deadline_ = begin_ + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double>(options_.seconds_max));
    Next();
    if (options_.until_ready) AskWhetherReady();
    io_.run();
    return std::move(result_);
  }

 private:
  void Next() {
    if (ended_) return;
    if (Clock::now() >= deadline_) return End();
    const auto at = next_;
    result_.asked_late_ms.Add(Milliseconds(Clock::now() - at));
    pool_.Get(
        absl::StrCat("/api/v1/events/g", options_.seed, "-evt-", event_(random_), "/analytics"), {},
        [this, at](int status, std::string_view) {
          if (status == 200) {
            result_.answered_ms.Add(Milliseconds(Clock::now() - at));
          } else {
            ++result_.other[status];
            result_.other_until_seconds =
                std::max(result_.other_until_seconds, Milliseconds(at - begin_) / 1000);
          }
        });
    next_ += std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(1 / options_.requests_per_second));
    read_timer_.expires_at(next_);
    read_timer_.async_wait([this](boost::system::error_code error) {
      if (!error) Next();
    });
  }

  void AskWhetherReady() {
    if (ended_) return;
    admin_.Get("/readyz", {}, [this](int status, std::string_view) {
      if (status == 200) {
        result_.ready = true;
        return End();
      }
      ready_timer_.expires_after(kReadyInterval);
      ready_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) AskWhetherReady();
      });
    });
  }

  // Nothing more is asked; what is under way is still answered.
  void End() {
    if (ended_) return;
    ended_ = true;
    result_.seconds = Milliseconds(Clock::now() - begin_) / 1000;
    read_timer_.cancel();
    ready_timer_.cancel();
  }

  const ReadOptions& options_;
  ReadResult result_;
  asio::io_context io_{1};
  HttpPool pool_;
  HttpPool admin_;
  asio::steady_timer read_timer_;
  asio::steady_timer ready_timer_;
  std::mt19937_64 random_;
  std::uniform_int_distribution<int64_t> event_;
  Clock::time_point begin_, next_, deadline_;
  bool ended_ = false;
};

}  // namespace

ReadResult MeasureReads(const ReadOptions& options) { return Reads(options).Run(); }

}  // namespace tally::bench
