#include "processor/serve_config.h"

#include "absl/strings/str_cat.h"
#include "processor/flags.h"

namespace tally {

void DeclareServe(CLI::App& app, ServeConfig& serve) {
  constexpr char kTls[] = "TLS (HTTP and gRPC)";
  Add(app, kTls, "--tls-cert", serve.tls_cert,
      "PEM file with the server's certificate, then its intermediates; with --tls-key. Both are "
      "read again on SIGHUP")
      ->type_name("FILE");
  Add(app, kTls, "--tls-key", serve.tls_key, "PEM file with the certificate's key, not encrypted")
      ->type_name("FILE");
  Add(app, kTls, "--tls-client-ca", serve.tls_client_ca,
      "PEM file of authorities: clients must then show a certificate signed by one of them")
      ->type_name("FILE");

  constexpr char kLimits[] = "HTTP limits";
  Add(app, kLimits, "--http-connections-max", serve.connections_max,
      "Open HTTP connections; one more closes one that waits for its client")
      ->check(CLI::Range(1, 100'000));
  Add(app, kLimits, "--http-connections-per-client", serve.connections_per_client,
      "Of these, those of one address (IPv6: of one /64); 0: three quarters of them, so that a "
      "reverse proxy, which is one address, is not held back")
      ->check(CLI::Range(0, 100'000));
  Add(app, kLimits, "--http-idle-timeout-ms", serve.idle_timeout_ms,
      "How long a connection may wait for its next request; more than a proxy in front keeps its "
      "idle connections")
      ->check(CLI::Range(1'000, 3'600'000));
  Add(app, kLimits, "--drain-delay-ms", serve.drain_delay_ms,
      "On SIGTERM, how long to go on serving while /readyz says 503, so that load balancers "
      "notice; "
      "comes on top of the time that ending takes")
      ->check(CLI::Range(0, 300'000));
}

absl::Status CheckServe(const ServeConfig& serve) {
  if (serve.tls_cert.empty() != serve.tls_key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        serve.tls_cert.empty() ? "--tls-key needs --tls-cert" : "--tls-cert needs --tls-key",
        ": a server needs a certificate and its key"));
  }
  if (!serve.tls_client_ca.empty() && !serve.tls()) {
    return absl::InvalidArgumentError(
        "--tls-client-ca protects nothing without --tls-cert and --tls-key: add them, or leave it "
        "out");
  }
  if (serve.connections_per_client > serve.connections_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("--http-connections-per-client ", serve.connections_per_client,
                     " is more than --http-connections-max ", serve.connections_max));
  }
  return absl::OkStatus();
}

}  // namespace tally
