#include "tests/query/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
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
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed; what it said is read next
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

bool HttpClient::Fill() {
  char bytes[4096];
  const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
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
