// A raw HTTP/1.1 client over a blocking socket: sends bytes as they are given, reads one response
// at a time. Every wait ends after kWaitSeconds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tally::testing {

struct HttpReply {
  int status = 0;                              // 0: the connection ended instead
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// How a client speaks TLS.
struct TlsClient {
  std::string authority_pem;  // whose certificates it trusts; empty: any
  std::string certificate_pem;
  std::string key_pem;
  std::vector<std::string> protocols;  // ALPN
  int version_max = 0;                 // e.g. TLS1_1_VERSION; 0: OpenSSL's
};

class HttpClient {
 public:
  static constexpr int kWaitSeconds = 20;

  explicit HttpClient(uint16_t port);
  // Encrypted.
  HttpClient(uint16_t port, const TlsClient& tls);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void Send(std::string_view bytes);
  // `bodiless`: the answer to a HEAD.
  HttpReply Read(bool bodiless = false);
  // True when the server has closed, with nothing more sent.
  bool AwaitClose();
  // Until a byte has come, or the server has closed.
  void AwaitSome();

  // False: the handshake failed; AwaitClose and Read then say that the connection ended.
  bool secure() const;
  // The name in the server's certificate; the protocol agreed on.
  std::string peer_name() const;
  std::string protocol() const;

  // `headers`: whole lines with CRLF.
  HttpReply Get(const std::string& target, const std::string& headers = "");

 private:
  struct Tls;
  bool Fill();
  long Receive(char* bytes, size_t bytes_max);

  int fd_ = -1;
  std::unique_ptr<Tls> tls_;
  std::string buffer_;
};

// One request on a connection of its own.
HttpReply Get(uint16_t port, const std::string& target, const std::string& headers = "");

}  // namespace tally::testing
