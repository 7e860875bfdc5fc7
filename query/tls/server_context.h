// Credentials as OpenSSL's server context.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "absl/status/statusor.h"
#include "query/tls/credentials.h"

namespace tally::query::tls {

// Shared: a connection keeps the context that it began with, whatever is loaded later.
using ServerContext = std::shared_ptr<SSL_CTX>;

// TLS 1.2 and newer with OpenSSL's default ciphers; ALPN http/1.1 (clients that offer only other
// protocols are refused); no renegotiation; no session cache, tickets that live kTicketSecondsMax
// and end with the context. With client_ca_pem, a client without a certificate of one of these is
// refused in the handshake. kInvalidArgument: what OpenSSL does not accept, e.g. a weak key.
absl::StatusOr<ServerContext> MakeServerContext(const Credentials& credentials);

inline constexpr long kTicketSecondsMax = 3600;

}  // namespace tally::query::tls
