// The part of tallyd's configuration that says how the servers treat their clients.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace CLI {
class App;
}

namespace tally {

struct ServeConfig {
  std::string tls_cert;  // PEM files; empty: no TLS
  std::string tls_key;
  std::string tls_client_ca;  // empty: clients need no certificate

  std::vector<std::string> cors_origins;  // exact, or the one "*"; empty: no CORS

  std::string access_log = "stderr";  // or "off", or a file
  int access_log_lines_per_second = 100;

  int connections_max = 2048;
  int connections_per_client = 0;  // 0: three quarters of connections_max
  int idle_timeout_ms = 75'000;
  int drain_delay_ms = 0;

  bool tls() const { return !tls_cert.empty(); }
  int ConnectionsPerClient() const {
    return connections_per_client > 0 ? connections_per_client : connections_max * 3 / 4;
  }
};

void DeclareServe(CLI::App& app, ServeConfig& serve);

// After parsing. kInvalidArgument: what belongs together is not together.
absl::Status CheckServe(const ServeConfig& serve);

}  // namespace tally
