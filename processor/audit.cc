#include "processor/audit.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "processor/steady_now.h"

namespace tally {
namespace {

constexpr size_t kFindingsKept = 10;
constexpr int kLeastUrgent = 19;
// Of the kernel's interface (man 2 ioprio_set); its header is not always C++.
constexpr int kIoPriorityOfThread = 1;
constexpr int kIoPriorityIdle = 3 << 13;

std::string_view Text(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

absl::Duration ThreadCpuTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

// Not SCHED_IDLE: a thread that never runs on a busy machine might hold a lock of the store.
void LowerPriority() {
  const auto thread = static_cast<id_t>(gettid());
  setpriority(PRIO_PROCESS, thread, kLeastUrgent);
  syscall(SYS_ioprio_set, kIoPriorityOfThread, thread, kIoPriorityIdle);
}

}  // namespace

Audit::Audit(AuditOptions options, std::vector<AuditedShard> shards, Clock clock, Metrics& metrics)
    : options_(options),
      shards_(std::move(shards)),
      clock_(std::move(clock)),
      metrics_(metrics),
      next_round_(clock_.now() + std::min(options_.first_after, options_.interval)),
      next_shard_(shards_.size()) {
  for (const AuditedShard& shard : shards_) metrics_.ExpectAudits(shard.partition);
}

absl::Duration Audit::Step() {
  if (check_ == nullptr && !NextShard()) return RoundEnded();
  const absl::Duration before = clock_.cpu_time();
  absl::StatusOr<bool> more = true;
  absl::Duration used;
  do {
    more = check_->Step(options_.rows_at_a_time);
    used = clock_.cpu_time() - before;
  } while (more.ok() && *more && used < options_.piece && !clock_.stopping());
  metrics_.CountAuditRows(check_->rows() - std::exchange(rows_counted_, check_->rows()));
  if (!shard().alive()) {
    check_.reset();
    snapshot_.reset();
  } else if (!more.ok() || !*more) {
    Finish(more.status());
  }
  return used * (1 / options_.cpu_share_max - 1);
}

// False: the round has ended, or none is due.
bool Audit::NextShard() {
  if (next_shard_ == shards_.size()) {
    const absl::Time now = clock_.now();
    if (now < next_round_) return false;
    next_round_ = now + options_.interval;
    next_shard_ = 0;
  }
  while (next_shard_ < shards_.size()) {
    const AuditedShard& next = shards_[next_shard_++];
    if (!next.alive()) continue;
    snapshot_ = next.snapshot();
    if (snapshot_ == nullptr) continue;
    check_ = std::make_unique<StoreCheck>(*snapshot_,
                                          StoreCheckOptions{.memory_bytes = options_.memory_bytes,
                                                            .findings_kept_max = kFindingsKept});
    rows_counted_ = 0;
    return true;
  }
  return false;
}

absl::Duration Audit::RoundEnded() {
  return std::max(next_round_ - clock_.now(), absl::Milliseconds(1));
}

void Audit::Finish(const absl::Status& status) {
  const auto check = std::move(check_);
  const auto snapshot = std::move(snapshot_);
  using Result = Metrics::AuditResult;
  const Findings& findings = check->findings();
  if (!findings.empty()) {
    Report(absl::StrCat(
        ToText(findings.kept().front()),
        findings.count() > 1 ? absl::StrCat(" (and ", findings.count() - 1, " more)") : ""));
  } else if (absl::IsDataLoss(status)) {
    Report(std::string(status.message()));
  } else if (!status.ok()) {
    spdlog::warn("audit: shard {} could not be checked, it will be tried again: {}",
                 shard().partition, Text(status));
    metrics_.CountAudit(shard().partition, Result::kError, clock_.wall_now());
  } else {
    spdlog::debug("audit: shard {} is right, {} rows", shard().partition, check->rows());
    metrics_.CountAudit(shard().partition, Result::kEqual, clock_.wall_now());
  }
}

void Audit::Report(const std::string& why) {
  spdlog::critical("AUDIT: the stored rows of shard {} are wrong: {}", shard().partition, why);
  metrics_.CountAudit(shard().partition, Metrics::AuditResult::kDiffers, clock_.wall_now());
  shard().quarantine(absl::DataLossError(why));
}

AuditThread::AuditThread(AuditOptions options, std::vector<AuditedShard> shards, Metrics& metrics)
    : audit_(options, std::move(shards),
             {.now = SteadyNow,
              .wall_now = [] { return absl::Now(); },
              .cpu_time = ThreadCpuTime,
              .stopping = [this] { return stopping_.IsSet(); }},
             metrics),
      thread_([this] { Run(); }) {}

AuditThread::~AuditThread() {
  if (thread_.joinable()) thread_.join();
}

void AuditThread::Run() {
  pthread_setname_np(pthread_self(), "audit");
  LowerPriority();
  while (!stopping_.WaitFor(audit_.Step())) {
  }
  ended_.Set();
}

bool AuditThread::Stop(absl::Duration limit) {
  stopping_.Set();
  return ended_.WaitFor(limit);
}

}  // namespace tally
