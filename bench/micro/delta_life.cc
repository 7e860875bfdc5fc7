#include "bench/micro/delta_life.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bench/micro/temporary_folder.h"
#include "processor/domain/fold.h"
#include "processor/shard_store.h"
#include "store/rocks_store.h"

namespace tally::bench {
namespace {

constexpr int64_t kTimestamp = 1'767'225'600'000;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

template <typename T>
T Checked(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

}  // namespace

DeltaLife::DeltaLife() {
  auto environment = std::make_shared<store::RocksEnvironment>(store::RocksEnvironmentOptions{});
  OpenedShard opened =
      Checked(CreateShardStore(FreshPath(), store::Lineage{}, std::move(environment)));
  store_ = std::move(opened.store);
  durable_ = opened.checkpoint;
  Restart();
}

int64_t DeltaLife::Fold(std::span<const domain::ParticipantRegistered> registrations) {
  int64_t counted = 0;
  int64_t& offset = next_[domain::Index(domain::Topic::kParticipantRegistered)];
  while (!registrations.empty()) {
    const auto run = registrations.first(std::min(registrations.size(), Delta::kPrepareMax));
    registrations = registrations.subspan(run.size());
    delta_->Prepare(run);
    for (const auto& event : run) {
      const domain::RecordMark mark{.offset = offset++, .timestamp = kTimestamp};
      counted += Checked(domain::Fold(event, mark, *delta_)) == domain::Outcome::kApplied ? 1 : 0;
    }
  }
  return counted;
}

std::unique_ptr<CheckpointRows> DeltaLife::Build() {
  return Checked(CheckpointRows::Build(delta_->Freeze(next_), durable_, *store_->NewSnapshot()));
}

void DeltaLife::Commit(std::unique_ptr<CheckpointRows> rows) {
  Check(store_->Commit(*rows));
  durable_ = rows->after();
  rows.reset();
  delta_->Committed(store_->NewSnapshot());
}

void DeltaLife::Restart() {
  delta_ = std::make_unique<Delta>(domain::HashKey::Derived("bench", "bench."),
                                   store_->NewSnapshot(), durable_, DeltaOptions{});
}

}  // namespace tally::bench
