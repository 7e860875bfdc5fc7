#include "query/tls/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tally::query::tls {
namespace {

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;

BioPtr Open(std::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return 0;
}

// Whether reading ended because there is no further PEM block.
bool TakeEnd() {
  const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

}  // namespace

std::string TakeError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

absl::StatusOr<std::vector<CertificatePtr>> ParseCertificates(std::string_view pem) {
  std::vector<CertificatePtr> certificates;
  const BioPtr bio = Open(pem);
  ERR_clear_error();
  while (CertificatePtr next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  if (!TakeEnd()) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate ", certificates.size() + 1, " cannot be read: ", TakeError()));
  }
  if (certificates.empty()) {
    return absl::InvalidArgumentError(
        "there is no certificate in it; it must hold -----BEGIN CERTIFICATE----- blocks (PEM)");
  }
  return certificates;
}

absl::StatusOr<KeyPtr> ParseKey(std::string_view pem) {
  bool encrypted = false;
  const BioPtr bio = Open(pem);
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, &encrypted));
  if (key != nullptr) return key;
  if (encrypted) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "the key is encrypted; decrypt it (openssl pkey -in KEY -out PLAIN) and protect the file");
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no private key can be read from it (", TakeError(),
                   "); it must hold a -----BEGIN PRIVATE KEY----- block (PEM)"));
}

}  // namespace tally::query::tls
