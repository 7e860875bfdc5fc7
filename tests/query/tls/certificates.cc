#include "tests/query/tls/certificates.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <fstream>
#include <memory>

namespace tally::testing {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;

std::string Text(const Bio& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

std::string ToPem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return Text(bio);
}

std::string ToPem(EVP_PKEY* key, const char* passphrase) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, passphrase ? EVP_aes_128_cbc() : nullptr,
                                passphrase, passphrase ? 6 : 0, nullptr, nullptr);
  return Text(bio);
}

Bio Open(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Key ParseKey(const std::string& pem) {
  return Key(PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, nullptr, nullptr));
}

void AddExtension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate MakeCertificate(const Issue& issue, EVP_PKEY* key) {
  static long serial = 0;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), issue.valid_from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), issue.valid_until_seconds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(issue.name.c_str()), -1, -1, 0);
  return certificate;
}

Key MakeKey(const Issue& issue) {
  return Key(issue.rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(issue.rsa_bits))
                                : EVP_EC_gen("P-256"));
}

}  // namespace

Authority::Authority(const std::string& name) {
  const Issue issue{.name = name};
  const Key key = MakeKey(issue);
  const Certificate certificate = MakeCertificate(issue, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  self_ = {ToPem(certificate.get()), ToPem(key.get(), nullptr)};
}

Identity Authority::Make(const Issue& issue) const {
  const Key own_key = ParseKey(self_.key_pem);
  const Certificate own(
      PEM_read_bio_X509(Open(self_.certificate_pem).get(), nullptr, nullptr, nullptr));
  const Key key = MakeKey(issue);
  const Certificate certificate = MakeCertificate(issue, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(own.get()));
  AddExtension(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_sign(certificate.get(), own_key.get(), EVP_sha256());
  return {ToPem(certificate.get()), ToPem(key.get(), nullptr)};
}

std::string Encrypted(const std::string& key_pem) {
  return ToPem(ParseKey(key_pem).get(), "secret");
}

ScratchFolder::ScratchFolder() {
  std::string path = ::testing::TempDir() + "tally-tls-XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  folder_ = path;
}

ScratchFolder::~ScratchFolder() { std::filesystem::remove_all(folder_); }

std::string ScratchFolder::Write(const std::string& name, std::string_view content) const {
  std::ofstream(folder_ / name, std::ios::binary) << content;
  return Path(name);
}

}  // namespace tally::testing
