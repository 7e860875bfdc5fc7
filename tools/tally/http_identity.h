// The certificate by which `tally` proves to a server who it is.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "absl/status/status.h"

namespace tally::cli {

// PEM files, both or neither; empty: none is shown.
struct HttpIdentity {
  std::string cert_file;  // the certificate first, then those in between up to the authority
  std::string key_file;   // not encrypted: nobody is asked for a passphrase
};

// Before the handshake. kInvalidArgument: one without the other, a file that cannot be read or does
// not hold what it should, a key of another certificate; names the file.
absl::Status Present(const HttpIdentity& identity, SSL* connection);

}  // namespace tally::cli
