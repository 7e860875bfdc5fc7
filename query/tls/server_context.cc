#include "query/tls/server_context.h"

#include <openssl/err.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "query/tls/pem.h"

namespace tally::query::tls {
namespace {

constexpr unsigned char kProtocols[] = "\x08http/1.1";
constexpr unsigned int kProtocolsBytes = sizeof kProtocols - 1;
constexpr unsigned char kSessionContext[] = "tally";

int SelectProtocol(SSL*, const unsigned char** selected, unsigned char* selected_bytes,
                   const unsigned char* offered, unsigned int offered_bytes, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, selected_bytes, kProtocols, kProtocolsBytes, offered,
                            offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *selected = found;
  return SSL_TLSEXT_ERR_OK;
}

absl::Status Refused(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat(what, " is not accepted: ", TakeError()));
}

absl::Status UseCertificate(const Credentials& credentials, SSL_CTX* context) {
  auto chain = ParseCertificates(credentials.certificate_chain_pem);
  if (!chain.ok()) return chain.status();
  auto key = ParseKey(credentials.private_key_pem);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "the key does not belong to the certificate (the first one of its file)");
  }
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1)
    return Refused("the certificate");
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) return Refused("the key");
  for (size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return Refused("an intermediate certificate");
    }
  }
  return absl::OkStatus();
}

absl::Status RequireClients(const std::string& pem, SSL_CTX* context) {
  auto authorities = ParseCertificates(pem);
  if (!authorities.ok()) return authorities.status();
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const CertificatePtr& authority : *authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return Refused("a client authority's certificate");
    }
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return absl::OkStatus();
}

void LimitProtocol(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, &SelectProtocol, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_timeout(context, kTicketSecondsMax);
  SSL_CTX_set_num_tickets(context, 1);
}

}  // namespace

absl::StatusOr<ServerContext> MakeServerContext(const Credentials& credentials) {
  ERR_clear_error();
  ServerContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (context == nullptr) return absl::InternalError(TakeError());
  LimitProtocol(context.get());
  if (absl::Status status = UseCertificate(credentials, context.get()); !status.ok()) return status;
  if (!credentials.client_ca_pem.empty()) {
    absl::Status status = RequireClients(credentials.client_ca_pem, context.get());
    if (!status.ok()) return status;
  }
  return context;
}

}  // namespace tally::query::tls
