// TLS for the gRPC server, with whatever certificate is current when a connection begins.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "query/tls/credentials.h"

namespace tally::query::rpc {

// Those of `store`, asked at every handshake, so that a Reload is served at once; connections keep
// what they began with. With a client_ca at first, clients need a certificate of one of these. Must
// outlive the server that it is given to, and `store` must outlive it. TLS 1.2 and newer, HTTP/2
// only.
std::shared_ptr<::grpc::ServerCredentials> MakeCredentials(const tls::CredentialStore& store);

}  // namespace tally::query::rpc
