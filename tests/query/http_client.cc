#include "tests/query/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

namespace tally::testing {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return text;
}

void ParseHead(std::string head, HttpReply& reply) {
  reply.status = std::atoi(head.substr(9, 3).c_str());
  size_t begin = head.find("\r\n") + 2;
  while (begin < head.size()) {
    const size_t end = head.find("\r\n", begin);
    const std::string line = head.substr(begin, end - begin);
    const size_t colon = line.find(':');
    const std::string name = Lower(line.substr(0, colon));
    EXPECT_EQ(reply.headers.count(name), 0u) << "repeated " << name;
    reply.headers[name] = line.substr(line.find_first_not_of(' ', colon + 1));
    begin = end + 2;
  }
}

}  // namespace

struct HttpClient::Tls {
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  void Trust(const std::string& pem) const {
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    X509* authority = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    X509_free(authority);
    BIO_free(bio);
  }
  void Show(const std::string& certificate_pem, const std::string& key_pem) const {
    BIO* bio = BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size()));
    X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context, certificate);
    X509_free(certificate);
    BIO_free(bio);
    bio = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
    BIO_free(bio);
  }
  void Offer(const std::vector<std::string>& protocols) const {
    std::string wire;
    for (const std::string& each : protocols) {
      wire += static_cast<char>(each.size());
      wire += each;
    }
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }

  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
  bool secure = false;
};

HttpClient::HttpClient(uint16_t port, const TlsClient& tls) : HttpClient(port) {
  tls_ = std::make_unique<Tls>();
  SSL_CTX_set_security_level(tls_->context, 0);  // so that it can try what is too old
  if (tls.version_max != 0) SSL_CTX_set_max_proto_version(tls_->context, tls.version_max);
  if (!tls.authority_pem.empty()) tls_->Trust(tls.authority_pem);
  if (!tls.certificate_pem.empty()) tls_->Show(tls.certificate_pem, tls.key_pem);
  if (!tls.protocols.empty()) tls_->Offer(tls.protocols);
  tls_->ssl = SSL_new(tls_->context);
  SSL_set_fd(tls_->ssl, fd_);
  tls_->secure = SSL_connect(tls_->ssl) == 1;
  ERR_clear_error();
}

bool HttpClient::secure() const { return tls_->secure; }

std::string HttpClient::peer_name() const {
  X509* certificate = SSL_get1_peer_certificate(tls_->ssl);
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  X509_free(certificate);
  return name;
}

std::string HttpClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_->ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

HttpClient::HttpClient(uint16_t port) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval wait = {kWaitSeconds, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

HttpClient::~HttpClient() { close(fd_); }

void HttpClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = tls_ != nullptr
                             ? SSL_write(tls_->ssl, bytes.data(), static_cast<int>(bytes.size()))
                             : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed; what it said is read next
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

long HttpClient::Receive(char* bytes, size_t bytes_max) {
  if (tls_ == nullptr) return recv(fd_, bytes, bytes_max, 0);
  const int got = SSL_read(tls_->ssl, bytes, static_cast<int>(bytes_max));
  if (got <= 0 && SSL_get_error(tls_->ssl, got) != SSL_ERROR_SYSCALL) errno = 0;
  ERR_clear_error();
  return got;
}

void HttpClient::AwaitSome() {
  char byte = 0;
  const ssize_t got = recv(fd_, &byte, 1, MSG_PEEK);
  EXPECT_FALSE(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) << "no answer";
}

bool HttpClient::Fill() {
  char bytes[4096];
  const long got = Receive(bytes, sizeof bytes);
  EXPECT_FALSE(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) << "no answer";
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(got));
  return true;
}

HttpReply HttpClient::Read(bool bodiless) {
  HttpReply reply;
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return reply;
  }
  ParseHead(buffer_.substr(0, end + 2), reply);
  buffer_.erase(0, end + 4);
  if (bodiless || reply.status == 304) return reply;
  const auto size = static_cast<size_t>(std::atoll(reply.Header("content-length").c_str()));
  while (buffer_.size() < size) {
    if (!Fill()) break;
  }
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return reply;
}

bool HttpClient::AwaitClose() {
  if (!buffer_.empty()) return false;
  return !Fill();
}

HttpReply HttpClient::Get(const std::string& target, const std::string& headers) {
  Send("GET " + target + " HTTP/1.1\r\nHost: tally\r\n" + headers + "\r\n");
  return Read();
}

HttpReply Get(uint16_t port, const std::string& target, const std::string& headers) {
  return HttpClient(port).Get(target, headers);
}

}  // namespace tally::testing
