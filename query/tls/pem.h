// PEM texts as OpenSSL's objects. Internal to this folder.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tally::query::tls {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

// In the order of the text; at least one. kInvalidArgument: none, or one that cannot be read.
absl::StatusOr<std::vector<CertificatePtr>> ParseCertificates(std::string_view pem);
// kInvalidArgument: no key, or an encrypted one. Never asks for a passphrase.
absl::StatusOr<KeyPtr> ParseKey(std::string_view pem);

// The oldest error in OpenSSL's queue as text; empties the queue.
std::string TakeError();

}  // namespace tally::query::tls
