// An engine that has read a log in memory and waits, to be asked.
#pragma once

#include <prometheus/registry.h>

#include <memory>

#include "bench/scaling/memory_log.h"
#include "processor/engine.h"
#include "query/service.h"

namespace tally::bench {

class EngineLife {
 public:
  explicit EngineLife(const cli::SyntheticOptions& load);
  ~EngineLife();

  query::Service& service() { return *service_; }
  query::Reader& reader() { return *reader_; }

 private:
  MemoryLog log_;
  Progress progress_;
  prometheus::Registry registry_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<ShardReader> reader_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<query::Service> service_;
};

}  // namespace tally::bench
