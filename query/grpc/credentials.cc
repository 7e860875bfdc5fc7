#include "query/grpc/credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <mutex>
#include <string>

namespace tally::query::rpc {
namespace {

// gRPC's C++ credentials that can change are read from files by a timer of its own. Those of its C
// library ask a callback, and a port can be added with them.
class StoreCredentials final : public ::grpc::ServerCredentials {
 public:
  explicit StoreCredentials(const tls::CredentialStore& store) : store_(store) {
    const bool ask = !store.Current()->client_ca_pem.empty();
    const auto request = ask ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                             : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request, &Fetch, this));
  }
  ~StoreCredentials() override { grpc_server_credentials_release(credentials_); }

  // Tokens are asked for call by call, not here.
  void SetAuthMetadataProcessor(const std::shared_ptr<::grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<StoreCredentials*>(self)->Fetch(config);
  }
  grpc_ssl_certificate_config_reload_status Fetch(grpc_ssl_server_certificate_config** config) {
    const std::shared_ptr<const tls::Credentials> current = store_.Current();
    const std::lock_guard lock(mutex_);
    if (current == served_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {current->private_key_pem.c_str(),
                                             current->certificate_chain_pem.c_str()};
    // There must be roots, also where no client is asked for a certificate.
    const std::string& roots =
        current->client_ca_pem.empty() ? current->certificate_chain_pem : current->client_ca_pem;
    *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);
    served_ = current;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const tls::CredentialStore& store_;
  grpc_server_credentials* credentials_;
  std::mutex mutex_;
  std::shared_ptr<const tls::Credentials> served_;  // guarded by mutex_
};

}  // namespace

std::shared_ptr<::grpc::ServerCredentials> MakeCredentials(const tls::CredentialStore& store) {
  return std::make_shared<StoreCredentials>(store);
}

}  // namespace tally::query::rpc
