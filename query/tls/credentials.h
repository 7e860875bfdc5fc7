// The servers' certificate and key: read from PEM files, checked, and read again when told to. HTTP
// and gRPC take them from one CredentialStore; nothing here knows either.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace prometheus {
class Counter;
class Gauge;
class Registry;
}  // namespace prometheus

namespace tally::query::tls {

struct CredentialFiles {
  std::string certificate;  // PEM: the server's certificate first, then the intermediates
  std::string key;          // PEM, not encrypted
  std::string client_ca;    // PEM: whose client certificates are accepted; empty: none is asked for
};

// What the files held. The key belongs to the certificate, and OpenSSL's defaults accept all of it.
struct Credentials {
  std::string certificate_chain_pem;
  std::string private_key_pem;  // secret: never logged
  std::string client_ca_pem;    // not empty: clients must have a certificate signed by one of these
  std::string subject;          // of the server's certificate, for messages
  absl::Time not_before;        // of the chain: the latest
  absl::Time not_after;         // of the chain: the earliest
};

// kInvalidArgument naming file and remedy: unreadable, no PEM, encrypted key, key of another
// certificate, too weak. Dates are not looked at.
absl::StatusOr<Credentials> ReadCredentials(const CredentialFiles& files);

// Thread-safe. Counts tally_tls_certificate_not_after_timestamp_seconds and
// tally_tls_reloads_total{result}.
class CredentialStore {
 public:
  using Listener = std::function<void(const std::shared_ptr<const Credentials>&)>;
  using Clock = std::function<absl::Time()>;

  // Errors of ReadCredentials. An expired certificate is served, and said loudly: what reads the
  // log goes on. `registry` must outlive the store.
  static absl::StatusOr<std::unique_ptr<CredentialStore>> Open(CredentialFiles files,
                                                               prometheus::Registry& registry,
                                                               Clock clock = absl::Now);
  CredentialStore(const CredentialStore&) = delete;
  CredentialStore& operator=(const CredentialStore&) = delete;

  // Never null.
  std::shared_ptr<const Credentials> Current() const;

  // Calls `listener` now, and after every successful Reload, on its thread; one call at a time. It
  // must not block, and must not call the store's changing functions. What it uses must outlive
  // the store's last Reload.
  void Subscribe(Listener listener);

  // Reads the files again. On an error, or when what they hold is expired or not valid yet, the
  // current ones stay in use; logged in either case.
  absl::Status Reload();

 private:
  CredentialStore(CredentialFiles files, Clock clock, Credentials first,
                  prometheus::Registry& registry);
  absl::Status TryReload();
  void Announce(const Credentials& credentials) const;

  const CredentialFiles files_;
  const Clock clock_;
  prometheus::Gauge& not_after_;
  prometheus::Counter& reloads_done_;
  prometheus::Counter& reloads_refused_;
  std::mutex changing_;              // held while listeners are called
  std::vector<Listener> listeners_;  // guarded by changing_
  mutable std::mutex mutex_;
  std::shared_ptr<const Credentials> current_;  // guarded by mutex_
};

}  // namespace tally::query::tls
