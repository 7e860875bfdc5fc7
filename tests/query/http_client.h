// A raw HTTP/1.1 client over a blocking socket: sends bytes as they are given, reads one response
// at a time. Every wait ends after kWaitSeconds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

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

class HttpClient {
 public:
  static constexpr int kWaitSeconds = 20;

  explicit HttpClient(uint16_t port);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void Send(std::string_view bytes);
  // `bodiless`: the answer to a HEAD.
  HttpReply Read(bool bodiless = false);
  // True when the server has closed, with nothing more sent.
  bool AwaitClose();

  // `headers`: whole lines with CRLF.
  HttpReply Get(const std::string& target, const std::string& headers = "");

 private:
  bool Fill();

  int fd_ = -1;
  std::string buffer_;
};

// One request on a connection of its own.
HttpReply Get(uint16_t port, const std::string& target, const std::string& headers = "");

}  // namespace tally::testing
