#include "query/tls/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "query/tls/server_context.h"
#include "tests/query/tls/certificates.h"

namespace tally::query::tls {
namespace {

using ::tally::testing::Authority;
using ::tally::testing::Encrypted;
using ::tally::testing::Identity;
using ::tally::testing::ScratchFolder;
using ::testing::HasSubstr;
using ::testing::Not;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() { Place(authority_.Make({.name = "first"})); }

  void Place(const Identity& identity) {
    folder_.Write("cert.pem", identity.certificate_pem);
    folder_.Write("key.pem", identity.key_pem);
  }
  std::string Metrics() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  ScratchFolder folder_;
  const CredentialFiles files_{folder_.Path("cert.pem"), folder_.Path("key.pem"), ""};
  Authority authority_{"authority"};
  prometheus::Registry registry_;
};

TEST_F(CredentialsTest, ReadsACertificateWithItsChain) {
  const Identity leaf = authority_.Make({.name = "leaf", .valid_until_seconds = 7200});
  folder_.Write("cert.pem", leaf.certificate_pem + authority_.certificate_pem());
  folder_.Write("key.pem", leaf.key_pem);
  const auto read = ReadCredentials(files_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->subject, "/CN=leaf");
  EXPECT_LT(absl::AbsDuration(read->not_after - absl::Now() - absl::Hours(2)), absl::Minutes(5));
  EXPECT_EQ(read->client_ca_pem, "");
  EXPECT_TRUE(MakeServerContext(*read).ok());
}

TEST_F(CredentialsTest, RefusesWhatCannotServe) {
  const Identity good = authority_.Make({});
  const Identity other = authority_.Make({});
  const Identity weak = authority_.Make({.rsa_bits = 1024});
  const std::string broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const struct {
    std::string certificate;
    std::string key;
    std::string client_ca;
    std::string message;
  } rows[] = {
      {"", good.key_pem, "", "cert.pem: there is no certificate in it"},
      {"not PEM", good.key_pem, "", "cert.pem: there is no certificate in it"},
      {good.key_pem, good.key_pem, "", "cert.pem: there is no certificate in it"},
      {broken, good.key_pem, "", "cert.pem: certificate 1 cannot be read"},
      {good.certificate_pem + broken, good.key_pem, "", "cert.pem: certificate 2 cannot be read"},
      {good.certificate_pem, "", "", "key.pem: no private key can be read"},
      {good.certificate_pem, good.certificate_pem, "", "key.pem: no private key can be read"},
      {good.certificate_pem, Encrypted(good.key_pem), "", "key.pem: the key is encrypted; decrypt"},
      {good.certificate_pem, other.key_pem, "", "the key does not belong to the certificate"},
      {weak.certificate_pem, weak.key_pem, "", "ee key too small"},
      {good.certificate_pem, good.key_pem, "nothing", "ca.pem: there is no certificate in it"},
      {std::string(2 << 20, '-'), good.key_pem, "", "cert.pem is larger than"},
  };
  for (const auto& row : rows) {
    Place({row.certificate, row.key});
    CredentialFiles files = files_;
    if (!row.client_ca.empty()) files.client_ca = folder_.Write("ca.pem", row.client_ca);
    const auto read = ReadCredentials(files);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << row.message;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(row.message));
    EXPECT_THAT(std::string(read.status().message()), Not(HasSubstr("PRIVATE KEY-----\nM")));
  }
}

TEST_F(CredentialsTest, NamesTheFileThatIsNotThere) {
  for (CredentialFiles files : {CredentialFiles{"/nowhere/x.pem", files_.key, ""},
                                CredentialFiles{files_.certificate, "/nowhere/x.pem", ""},
                                CredentialFiles{files_.certificate, files_.key, "/nowhere/x.pem"},
                                CredentialFiles{"/", files_.key, ""}}) {
    const auto read = ReadCredentials(files);
    EXPECT_THAT(std::string(read.status().message()), HasSubstr("cannot be read"));
  }
}

TEST_F(CredentialsTest, ReloadTellsSubscribers) {
  auto store = CredentialStore::Open(files_, registry_).value();
  std::vector<std::string> told;
  store->Subscribe([&told](const auto& credentials) { told.push_back(credentials->subject); });
  Place(authority_.Make({.name = "second"}));
  EXPECT_TRUE(store->Reload().ok());
  EXPECT_EQ(store->Current()->subject, "/CN=second");
  EXPECT_THAT(told, ::testing::ElementsAre("/CN=first", "/CN=second"));
  EXPECT_THAT(Metrics(), HasSubstr(R"(tally_tls_reloads_total{result="done"} 1)"));
}

TEST_F(CredentialsTest, ABadReloadKeepsWhatIsThere) {
  auto store = CredentialStore::Open(files_, registry_).value();
  int told = 0;
  store->Subscribe([&told](const auto&) { ++told; });
  const Identity expired = authority_.Make({.name = "expired", .valid_until_seconds = -10});
  const Identity future = authority_.Make({.name = "future", .valid_from_seconds = 3600});
  const Identity other = authority_.Make({.name = "other"});
  const std::pair<Identity, std::string> rows[] = {
      {expired, "expired at"},
      {future, "is not valid before"},
      {{other.certificate_pem, future.key_pem}, "the key does not belong to the certificate"},
      {{other.certificate_pem, ""}, "no private key can be read"},
  };
  for (const auto& [identity, message] : rows) {
    Place(identity);
    EXPECT_THAT(std::string(store->Reload().message()), HasSubstr(message));
    EXPECT_EQ(store->Current()->subject, "/CN=first");
  }
  EXPECT_EQ(told, 1);
  EXPECT_THAT(Metrics(), HasSubstr(R"(tally_tls_reloads_total{result="refused"} 4)"));
  Place(other);
  EXPECT_TRUE(store->Reload().ok());
  EXPECT_EQ(store->Current()->subject, "/CN=other");
}

TEST_F(CredentialsTest, AnExpiredCertificateIsServedAtStart) {
  Place(authority_.Make({.name = "expired", .valid_until_seconds = -10}));
  auto store = CredentialStore::Open(files_, registry_).value();
  EXPECT_EQ(store->Current()->subject, "/CN=expired");
  EXPECT_LT(store->Current()->not_after, absl::Now());
  EXPECT_THAT(Metrics(), HasSubstr("tally_tls_certificate_not_after_timestamp_seconds 1"));
}

}  // namespace
}  // namespace tally::query::tls
