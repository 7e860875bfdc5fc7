#include "query/auth/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <string>

namespace tally::query::auth {

Metrics::Metrics(prometheus::Registry& registry)
    : keys_(prometheus::BuildGauge()
                .Name("tally_auth_keys")
                .Help("Keys that tokens are verified with; 0: none were read yet")
                .Register(registry)
                .Add({})),
      last_refresh_(prometheus::BuildGauge()
                        .Name("tally_auth_keys_last_refresh_timestamp_seconds")
                        .Help("When the keys of tokens were last read successfully")
                        .Register(registry)
                        .Add({})) {
  auto& accepted = prometheus::BuildCounter()
                       .Name("tally_auth_accepted_total")
                       .Help("Requests with a valid token; cached: verified by an earlier request")
                       .Register(registry);
  accepted_ = {&accepted.Add({{"cached", "false"}}), &accepted.Add({{"cached", "true"}})};
  auto& refused = prometheus::BuildCounter()
                      .Name("tally_auth_refused_total")
                      .Help("Requests without a valid token, by what was wrong with it")
                      .Register(registry);
  for (int i = 0; i < kRefusalCount; ++i) {
    const std::string reason(NameOf(static_cast<Refusal>(i)));
    refused_[static_cast<size_t>(i)] = &refused.Add({{"reason", reason}});
  }
  auto& refreshes = prometheus::BuildCounter()
                        .Name("tally_auth_key_refreshes_total")
                        .Help("Attempts to read the keys of tokens again")
                        .Register(registry);
  refreshes_ = {&refreshes.Add({{"result", "failed"}}), &refreshes.Add({{"result", "ok"}})};
}

void Metrics::CountAccepted(bool cached) { accepted_[cached]->Increment(); }

void Metrics::CountRefused(Refusal refusal) { refused_[static_cast<size_t>(refusal)]->Increment(); }

void Metrics::CountRefresh(bool succeeded) {
  refreshes_[succeeded]->Increment();
  if (succeeded) last_refresh_.SetToCurrentTime();
}

void Metrics::SetKeys(size_t count) { keys_.Set(static_cast<double>(count)); }

}  // namespace tally::query::auth
