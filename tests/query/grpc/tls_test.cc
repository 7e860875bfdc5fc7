// gRPC over TLS: whom it lets in, and with which certificate.
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "tests/query/grpc/grpc_fixture.h"
#include "tests/query/tls/certificates.h"

namespace tally::query::rpc {
namespace {

using ::grpc::StatusCode;
using ::tally::testing::Authority;
using ::tally::testing::GrpcClient;
using ::tally::testing::Identity;

class TlsTest : public GrpcTest {
 protected:
  ~TlsTest() override { server_.reset(); }

  void WriteServer(const Identity& identity) {
    folder_.Write("cert.pem", identity.certificate_pem);
    folder_.Write("key.pem", identity.key_pem);
  }
  void ServeTls(const std::string& client_ca = "") {
    WriteServer(authority_.Make({}));
    store_ = tls::CredentialStore::Open(
                 {folder_.Path("cert.pem"), folder_.Path("key.pem"), client_ca}, registry_)
                 .value();
    ServerOptions options;
    options.credentials = store_.get();
    Serve(options);
  }
  StatusCode CallWith(const Authority& trusted, const Identity& self = {}) {
    ::grpc::SslCredentialsOptions options;
    options.pem_root_certs = trusted.certificate_pem();
    options.pem_private_key = self.key_pem;
    options.pem_cert_chain = self.certificate_pem;
    return CallWith(::grpc::SslCredentials(options));
  }
  StatusCode CallWith(std::shared_ptr<::grpc::ChannelCredentials> credentials) {
    const GrpcClient client(server_->port(), std::move(credentials));
    return client.Call("GetEventDashboard", "event_id: 'evt-1'").status.error_code();
  }

  const Authority authority_{"first"};
  const Authority other_{"second"};
  const ::tally::testing::ScratchFolder folder_;
  prometheus::Registry registry_;
  std::unique_ptr<tls::CredentialStore> store_;
};

TEST_F(TlsTest, OnlyTls) {
  ServeTls();
  EXPECT_EQ(CallWith(authority_), StatusCode::OK);
  EXPECT_EQ(CallWith(other_), StatusCode::UNAVAILABLE);
  EXPECT_EQ(CallWith(nullptr), StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ANewCertificateIsServedToNewConnections) {
  ServeTls();
  ::grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority_.certificate_pem();
  const GrpcClient before(server_->port(), ::grpc::SslCredentials(options));
  EXPECT_TRUE(before.Call("GetEventRoi", "event_id: 'evt-1'").ok());

  WriteServer(other_.Make({}));
  ASSERT_TRUE(store_->Reload().ok());
  EXPECT_EQ(CallWith(other_), StatusCode::OK);
  EXPECT_EQ(CallWith(authority_), StatusCode::UNAVAILABLE);
  EXPECT_TRUE(before.Call("GetEventRoi", "event_id: 'evt-1'").ok());
}

TEST_F(TlsTest, WhatCannotBeLoadedChangesNothing) {
  ServeTls();
  folder_.Write("cert.pem", "nonsense");
  EXPECT_FALSE(store_->Reload().ok());
  EXPECT_EQ(CallWith(authority_), StatusCode::OK);
}

TEST_F(TlsTest, ClientCertificates) {
  ServeTls(folder_.Write("clients.pem", other_.certificate_pem()));
  EXPECT_EQ(CallWith(authority_, other_.Make({})), StatusCode::OK);
  EXPECT_EQ(CallWith(authority_), StatusCode::UNAVAILABLE);
  EXPECT_EQ(CallWith(authority_, authority_.Make({})), StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace tally::query::rpc
