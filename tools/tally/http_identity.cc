#include "tools/tally/http_identity.h"

#include <openssl/err.h>

#include "absl/strings/str_cat.h"

namespace tally::cli {
namespace {

int NoPassphrase(char*, int, int, void*) { return 0; }

absl::Status Unusable(const char* option, const std::string& file, const char* why) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(option, " ", file, " ", why));
}

}  // namespace

absl::Status Present(const HttpIdentity& identity, SSL* connection) {
  if (identity.cert_file.empty() != identity.key_file.empty()) {
    return absl::InvalidArgumentError("--cert-file and --key-file need each other");
  }
  if (identity.cert_file.empty()) return absl::OkStatus();
  SSL_set_default_passwd_cb(connection, NoPassphrase);
  if (SSL_use_certificate_chain_file(connection, identity.cert_file.c_str()) != 1) {
    return Unusable("--cert-file", identity.cert_file,
                    "is not a PEM file with a certificate that can be read");
  }
  if (SSL_use_PrivateKey_file(connection, identity.key_file.c_str(), SSL_FILETYPE_PEM) == 1) {
    return absl::OkStatus();
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
    return Unusable("--key-file", identity.key_file,
                    absl::StrCat("does not belong to ", identity.cert_file).c_str());
  }
  return Unusable("--key-file", identity.key_file,
                  "is not a PEM file with an unencrypted private key that can be read");
}

}  // namespace tally::cli
