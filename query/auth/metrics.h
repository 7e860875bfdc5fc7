// What authentication counts. Labels never hold anything of a token.
#pragma once

#include <array>
#include <cstddef>

#include "query/auth/refusal.h"

namespace prometheus {
class Counter;
class Gauge;
class Registry;
}  // namespace prometheus

namespace tally::query::auth {

// Thread-safe. The registry must outlive it.
//   tally_auth_accepted_total{cached}                  counter: cached="true" without a signature
//                                                      being checked again
//   tally_auth_refused_total{reason}                   counter
//   tally_auth_keys                                    gauge: usable keys; 0: none were read yet
//   tally_auth_key_refreshes_total{result}             counter: ok, failed
//   tally_auth_keys_last_refresh_timestamp_seconds     gauge: of the last one that succeeded
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void CountAccepted(bool cached);
  void CountRefused(Refusal refusal);
  void CountRefresh(bool succeeded);
  void SetKeys(size_t count);

 private:
  std::array<prometheus::Counter*, 2> accepted_;
  std::array<prometheus::Counter*, kRefusalCount> refused_;
  std::array<prometheus::Counter*, 2> refreshes_;
  prometheus::Gauge& keys_;
  prometheus::Gauge& last_refresh_;
};

}  // namespace tally::query::auth
