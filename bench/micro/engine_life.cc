#include "bench/micro/engine_life.h"

#include <spdlog/spdlog.h>

#include <cstdlib>

#include "bench/micro/temporary_folder.h"

namespace tally::bench {
namespace {

constexpr int kPartitions = 4;
constexpr absl::Duration kFinishLimit = absl::Minutes(1);

}  // namespace

EngineLife::EngineLife(const cli::SyntheticOptions& load)
    : log_(load, kPartitions), progress_(log_.records()) {
  spdlog::set_level(spdlog::level::warn);
  Config config;
  config.topic_prefix = load.topic_prefix;
  config.partitions = kPartitions;
  config.threads = 1;
  config.data_dir = FreshPath();
  auto dir = store::DataDir::Open(config.data_dir, store::DataDirMode::kReadWrite);
  if (!dir.ok()) std::abort();
  metrics_ = std::make_unique<Metrics>(registry_, config.topic_prefix);
  reader_ = std::make_unique<ShardReader>(ShardReaderOptions{.topic_prefix = load.topic_prefix});
  engine_ = std::make_unique<Engine>(config, PartsOf(log_, progress_), *std::move(dir), *reader_,
                                     *metrics_, [](absl::Status) { std::abort(); });
  service_ = std::make_unique<query::Service>(
      *reader_, [] { return absl::FromUnixMillis(1'768'000'000'000); }, "bench");
  engine_->Start();
  progress_.folded().WaitForNotification();
}

EngineLife::~EngineLife() {
  if (engine_->Stop(kFinishLimit) != Engine::Stopped::kFinished) std::abort();
}

}  // namespace tally::bench
