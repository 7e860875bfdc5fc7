#include "query/tls/credentials.h"

#include <openssl/err.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "query/tls/pem.h"
#include "query/tls/server_context.h"

namespace tally::query::tls {
namespace {

constexpr std::streamsize kFileBytesMax = 1 << 20;
constexpr absl::Duration kExpiresSoon = absl::Hours(14 * 24);
constexpr int kRenewalsByLifetime = 3;  // who renews does so with a third of it left

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(static_cast<size_t>(kFileBytesMax) + 1, '\0');
  if (file) file.read(content.data(), kFileBytesMax + 1);
  if (!file.eof()) {
    return absl::InvalidArgumentError(
        file ? absl::StrCat(path, " is larger than ", kFileBytesMax, " bytes: no PEM file is")
             : absl::StrCat(path, " cannot be read; check that it exists and may be read"));
  }
  content.resize(static_cast<size_t>(file.gcount()));
  return content;
}

std::string Utc(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

absl::Time TimeOf(const ASN1_TIME* time) {
  struct tm parts {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string SubjectOf(const X509* certificate) {
  char text[256];
  X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
  return text;
}

absl::Status Describe(Credentials& credentials) {
  auto chain = ParseCertificates(credentials.certificate_chain_pem);
  if (!chain.ok()) return chain.status();
  credentials.subject = SubjectOf(chain->front().get());
  credentials.not_before = absl::InfinitePast();
  credentials.not_after = absl::InfiniteFuture();
  for (const CertificatePtr& each : *chain) {
    credentials.not_before =
        std::max(credentials.not_before, TimeOf(X509_get0_notBefore(each.get())));
    credentials.not_after = std::min(credentials.not_after, TimeOf(X509_get0_notAfter(each.get())));
  }
  return absl::OkStatus();
}

// Group-readable is how Kubernetes hands a secret to a process that is not root.
void WarnOfReadableKey(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0) {
    spdlog::warn("the key {} can be read by every user of this machine; chmod o= it", path);
  }
}

// Empty: the dates are good at `now`.
std::string DateRefusal(const Credentials& credentials, absl::Time now) {
  if (now >= credentials.not_after) {
    return absl::StrCat("expired at ", Utc(credentials.not_after));
  }
  if (now < credentials.not_before) {
    return absl::StrCat("is not valid before ", Utc(credentials.not_before));
  }
  return "";
}

prometheus::Family<prometheus::Counter>& Reloads(prometheus::Registry& registry) {
  return prometheus::BuildCounter()
      .Name("tally_tls_reloads_total")
      .Help("Times that certificate and key were read again: taken into use, or refused")
      .Register(registry);
}

}  // namespace

absl::StatusOr<Credentials> ReadCredentials(const CredentialFiles& files) {
  auto certificate = ReadFile(files.certificate);
  if (!certificate.ok()) return certificate.status();
  auto key = ReadFile(files.key);
  if (!key.ok()) return key.status();
  Credentials credentials;
  credentials.certificate_chain_pem = *std::move(certificate);
  credentials.private_key_pem = *std::move(key);
  if (auto status = Describe(credentials); !status.ok()) return InFile(files.certificate, status);
  if (auto parsed = ParseKey(credentials.private_key_pem); !parsed.ok()) {
    return InFile(files.key, parsed.status());
  }
  if (auto context = MakeServerContext(credentials); !context.ok()) {
    return InFile(absl::StrCat(files.certificate, ", ", files.key), context.status());
  }
  if (files.client_ca.empty()) return credentials;
  auto client_ca = ReadFile(files.client_ca);
  if (!client_ca.ok()) return client_ca.status();
  credentials.client_ca_pem = *std::move(client_ca);
  if (auto parsed = ParseCertificates(credentials.client_ca_pem); !parsed.ok()) {
    return InFile(files.client_ca, parsed.status());
  }
  if (auto context = MakeServerContext(credentials); !context.ok()) {
    return InFile(files.client_ca, context.status());
  }
  return credentials;
}

CredentialStore::CredentialStore(CredentialFiles files, Clock clock, Credentials first,
                                 prometheus::Registry& registry)
    : files_(std::move(files)),
      clock_(std::move(clock)),
      not_after_(prometheus::BuildGauge()
                     .Name("tally_tls_certificate_not_after_timestamp_seconds")
                     .Help("When the served certificate, or one of its chain, expires")
                     .Register(registry)
                     .Add({})),
      reloads_done_(Reloads(registry).Add({{"result", "done"}})),
      reloads_refused_(Reloads(registry).Add({{"result", "refused"}})),
      current_(std::make_shared<const Credentials>(std::move(first))) {}

absl::StatusOr<std::unique_ptr<CredentialStore>> CredentialStore::Open(
    CredentialFiles files, prometheus::Registry& registry, Clock clock) {
  auto first = ReadCredentials(files);
  if (!first.ok()) return first.status();
  std::unique_ptr<CredentialStore> store(
      new CredentialStore(std::move(files), std::move(clock), *std::move(first), registry));
  store->Announce(*store->current_);
  return store;
}

std::shared_ptr<const Credentials> CredentialStore::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void CredentialStore::Subscribe(Listener listener) {
  const std::lock_guard changing(changing_);
  listener(Current());
  listeners_.push_back(std::move(listener));
}

absl::Status CredentialStore::Reload() {
  const std::lock_guard changing(changing_);
  absl::Status status = TryReload();
  if (!status.ok()) {
    reloads_refused_.Increment();
    spdlog::error("TLS certificate not reloaded, the one until {} stays in use: {}",
                  Utc(Current()->not_after), std::string(status.message()));
    return status;
  }
  reloads_done_.Increment();
  for (const Listener& listener : listeners_) listener(Current());
  Announce(*Current());  // last: who reads it finds the certificate in use
  return absl::OkStatus();
}

absl::Status CredentialStore::TryReload() {
  auto read = ReadCredentials(files_);
  if (!read.ok()) return read.status();
  if (const std::string refusal = DateRefusal(*read, clock_()); !refusal.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(files_.certificate, " ", refusal));
  }
  const std::lock_guard lock(mutex_);
  current_ = std::make_shared<const Credentials>(*std::move(read));
  return absl::OkStatus();
}

void CredentialStore::Announce(const Credentials& credentials) const {
  not_after_.Set(static_cast<double>(absl::ToUnixSeconds(credentials.not_after)));
  WarnOfReadableKey(files_.key);
  const absl::Time now = clock_();
  if (const std::string refusal = DateRefusal(credentials, now); !refusal.empty()) {
    spdlog::error("TLS certificate {} {}: clients will refuse it; replace it and send SIGHUP",
                  files_.certificate, refusal);
    return;
  }
  const absl::Duration lifetime = credentials.not_after - credentials.not_before;
  const bool soon =
      credentials.not_after - now < std::min(kExpiresSoon, lifetime / kRenewalsByLifetime);
  spdlog::log(soon ? spdlog::level::warn : spdlog::level::info,
              "TLS certificate {} in use until {}{}", credentials.subject,
              Utc(credentials.not_after),
              credentials.client_ca_pem.empty() ? "" : "; clients need a certificate");
}

}  // namespace tally::query::tls
