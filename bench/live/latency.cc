#include "bench/live/latency.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/live/http_pool.h"
#include "bench/live/prometheus_text.h"

namespace tally::bench {
namespace {

namespace asio = boost::asio;

constexpr size_t kConnectionsMax = 512;
constexpr int kTriesMax = 20;
constexpr std::chrono::seconds kLastAnswersLimit{15};

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string DashboardOf(const std::string& event_id) {
  return absl::StrCat("/api/v1/events/", event_id, "/analytics");
}

// What tallyd says of its checkpoints.
struct Checkpoints {
  double total = 0;
  double seconds = 0;
  int shards = 0;
  Clock::time_point at;
};

Checkpoints CheckpointsOf(std::string_view page) {
  const auto sum = [page](std::string_view metric, std::string_view label) {
    return SumOfMetric(page, metric, label).value_or(0);
  };
  return {.total = sum("tally_checkpoints_total", "result=\"ok\""),
          .seconds = sum("tally_checkpoint_duration_seconds_sum", ""),
          .shards = static_cast<int>(sum("tally_shard_caught_up", "")),
          .at = Clock::now()};
}

// Everything but producing runs on the io_context's thread.
class Probe {
 public:
  explicit Probe(const LatencyOptions& options)
      : options_(options),
        pool_(io_, options.server, kConnectionsMax),
        admin_(io_, options.admin, 1),
        plain_timer_(io_),
        limit_timer_(io_),
        producer_(options.producer, [this](Delivered delivered) {
          asio::post(io_, [this, delivered = std::move(delivered)]() mutable {
            result_.produce_to_ack_ms.Add(Milliseconds(delivered.delivered - delivered.produced));
            Ask(std::make_shared<Delivered>(std::move(delivered)), 1);
          });
        }) {
    if (!options_.trace.empty()) trace_.open(options_.trace);
  }

  absl::StatusOr<LatencyResult> Run() {
    if (auto status = producer_.Connect(); !status.ok()) return status;
    absl::Status produced;
    std::thread producing([&] {
      produced = Produce();
      asio::post(io_, [this] { EndSoon(); });
    });
    io_.run();
    producing.join();
    if (!produced.ok()) return produced;
    if (before_ && after_) {
      const double passed = Milliseconds(after_->at - before_->at) / 1000;
      const double checkpoints = after_->total - before_->total;
      result_.shards = after_->shards;
      result_.checkpoints_per_second = checkpoints / passed / std::max(after_->shards, 1);
      result_.checkpoint_mean_ms =
          checkpoints > 0 ? (after_->seconds - before_->seconds) * 1000 / checkpoints : 0;
    }
    result_.failed += static_cast<int64_t>(pool_.unanswered());
    return std::move(result_);
  }

 private:
  absl::Status Produce() {
    if (auto status = producer_.SendEvents(); !status.ok()) return status;
    auto status =
        producer_.SendLive(std::chrono::duration<double>(options_.warm_up_seconds), false);
    if (!status.ok()) return status;
    asio::post(io_, [this] {
      LookAtCheckpoints(&before_);
      plain_at_ = Clock::now();
      ReadPlainly();
    });
    status = producer_.SendLive(std::chrono::duration<double>(options_.seconds), true);
    result_.records_per_second = producer_.reached_records_per_second();
    result_.produced_late_max_ms = producer_.latest_ms();
    asio::post(io_, [this] {
      plain_timer_.cancel();
      plain_ended_ = true;
      LookAtCheckpoints(&after_);
    });
    status.Update(producer_.Flush());
    return status;
  }

  void Ask(std::shared_ptr<Delivered> record, int attempt) {
    HttpPool::Headers headers = {
        {"Tally-Min-Position",
         absl::StrCat(record->topic, "/", record->partition, "@", record->offset + 1)}};
    pool_.Get(DashboardOf(record->event_id), std::move(headers),
              [this, record, attempt](int status, std::string_view) {
                if (status == 200) {
                  Answered(*record);
                } else if (status == 503 && attempt < kTriesMax) {
                  if (attempt == 1) ++result_.asked_again;
                  Ask(record, attempt + 1);
                } else {
                  ++result_.failed;
                }
                StopIfAllAnswered();
              });
  }

  void Answered(const Delivered& record) {
    const auto now = Clock::now();
    result_.produce_to_answer_ms.Add(Milliseconds(now - record.produced));
    result_.ack_to_answer_ms.Add(Milliseconds(now - record.delivered));
    if (last_event_.empty()) last_event_ = record.event_id;
    if (!trace_.is_open()) return;
    trace_ << Milliseconds(record.produced.time_since_epoch()) << ' '
           << Milliseconds(record.delivered - record.produced) << ' '
           << Milliseconds(now - record.delivered) << ' ' << record.partition << '\n';
  }

  // At its times, however long answers take.
  void ReadPlainly() {
    if (plain_ended_ || options_.plain_reads_per_second <= 0) return;
    if (!last_event_.empty()) {
      pool_.Get(DashboardOf(last_event_), {}, [this, at = plain_at_](int status, std::string_view) {
        if (status == 200) result_.plain_read_ms.Add(Milliseconds(Clock::now() - at));
        StopIfAllAnswered();
      });
    }
    plain_at_ += std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(1 / options_.plain_reads_per_second));
    plain_timer_.expires_at(plain_at_);
    plain_timer_.async_wait([this](boost::system::error_code error) {
      if (!error) ReadPlainly();
    });
  }

  void LookAtCheckpoints(std::optional<Checkpoints>* into) {
    admin_.Get("/metrics", {}, [this, into](int status, std::string_view page) {
      if (status == 200) *into = CheckpointsOf(page);
      StopIfAllAnswered();
    });
  }

  // Ends when all have been answered, or will not be.
  void EndSoon() {
    ended_ = true;
    limit_timer_.expires_after(kLastAnswersLimit);
    limit_timer_.async_wait([this](boost::system::error_code) { io_.stop(); });
    StopIfAllAnswered();
  }
  void StopIfAllAnswered() {
    if (ended_ && pool_.unanswered() + admin_.unanswered() == 0) io_.stop();
  }

  const LatencyOptions& options_;
  LatencyResult result_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  HttpPool pool_;
  HttpPool admin_;
  asio::steady_timer plain_timer_;
  asio::steady_timer limit_timer_;
  Clock::time_point plain_at_;
  bool plain_ended_ = false;
  bool ended_ = false;
  std::string last_event_;
  std::optional<Checkpoints> before_, after_;
  std::ofstream trace_;
  LiveProducer producer_;  // last: its thread uses what is above
};

}  // namespace

absl::StatusOr<LatencyResult> MeasureLatency(const LatencyOptions& options) {
  return std::make_unique<Probe>(options)->Run();
}

}  // namespace tally::bench
