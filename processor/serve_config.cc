#include "processor/serve_config.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "processor/flags.h"

namespace tally {
namespace {

absl::Status BadOrigin(const std::string& origin, const char* why) {
  return absl::InvalidArgumentError(
      absl::StrCat("--cors-origin ", origin, ": ", why,
                   ", such as https://shop.example or http://localhost:3000"));
}

// As browsers write it in Origin: anything else would never match.
absl::Status CheckOrigin(const std::string& origin) {
  constexpr char kHostCharacters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
  const size_t scheme = origin.find("://");
  if (scheme == std::string::npos || scheme == 0) {
    return BadOrigin(origin, "an origin is scheme://host[:port]");
  }
  const std::string host = origin.substr(scheme + 3);
  if (host.empty() || host.find('/') != std::string::npos) {
    return BadOrigin(origin, "an origin has a host and no path, not even a final slash");
  }
  if (host.find('*') != std::string::npos) {
    return BadOrigin(origin, "there are no patterns: give every origin, exactly");
  }
  if (origin.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos) {
    return BadOrigin(origin, "browsers send origins in lower case");
  }
  if (host.find_first_not_of(kHostCharacters) != std::string::npos) {
    return BadOrigin(origin, "a host is letters, digits, dots and hyphens (punycode)");
  }
  const std::string name = origin.substr(0, scheme);
  if ((name == "http" && absl::EndsWith(host, ":80")) ||
      (name == "https" && absl::EndsWith(host, ":443"))) {
    return BadOrigin(origin, "browsers leave the scheme's own port out");
  }
  return absl::OkStatus();
}

absl::Status CheckOrigins(const std::vector<std::string>& origins) {
  const bool any = std::find(origins.begin(), origins.end(), "*") != origins.end();
  if (any && origins.size() > 1) {
    return absl::InvalidArgumentError(
        "--cors-origin '*' already means every origin: give it alone, or give exact ones only");
  }
  if (any) return absl::OkStatus();
  for (const std::string& origin : origins) {
    if (auto status = CheckOrigin(origin); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

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

  constexpr char kHttp[] = "HTTP";
  Add(app, kHttp, "--cors-origin", serve.cors_origins,
      "Origin whose web pages may read answers, e.g. https://shop.example; repeatable, or several "
      "separated by commas. '*': every page of the web; without --auth it then shows everything "
      "that the visitor's machine can reach")
      ->type_name("ORIGIN")
      ->delimiter(',')
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  Add(app, kHttp, "--access-log", serve.access_log,
      "Where a JSON line for every request goes: stderr, off, or a file (opened anew on SIGHUP). "
      "Probes and metrics are left out, queries and tokens are never in it")
      ->type_name("stderr|off|FILE");
  Add(app, kHttp, "--access-log-lines-per-second", serve.access_log_lines_per_second,
      "Beyond that, lines are left out, and their number is a line")
      ->check(CLI::Range(1, 1'000'000));

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
  if (auto status = CheckOrigins(serve.cors_origins); !status.ok()) return status;
  if (serve.access_log.empty()) {
    return absl::InvalidArgumentError("--access-log is stderr, off or a file");
  }
  if (serve.connections_per_client > serve.connections_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("--http-connections-per-client ", serve.connections_per_client,
                     " is more than --http-connections-max ", serve.connections_max));
  }
  return absl::OkStatus();
}

}  // namespace tally
