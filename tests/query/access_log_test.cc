#include "query/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "query/http/server.h"
#include "tests/query/http_client.h"
#include "tests/query/tls/certificates.h"

namespace tally::query::http {
namespace {

using ::tally::testing::HttpClient;
using ::tally::testing::ScratchFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class AccessLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<AccessLog> Open(int lines_per_second_max = 100) {
    AccessLog::Options options;
    options.destination = path_;
    options.lines_per_second_max = lines_per_second_max;
    options.clock = [this] { return now_; };
    return AccessLog::Open(std::move(options), registry_).value();
  }
  std::vector<std::string> Lines(const std::string& path) const {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::vector<std::string> Lines() const { return Lines(path_); }
  std::string Metrics() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  ScratchFolder folder_;
  const std::string path_ = folder_.Path("access.log");
  absl::Time now_ = absl::FromUnixMillis(1'790'000'000'123);
  prometheus::Registry registry_;
  const AccessEntry entry_ = {.client = "127.0.0.1",
                              .method = "GET",
                              .route = "/api/{id}",
                              .target = "/api/1?access_token=secret",
                              .status = 200,
                              .bytes = 12,
                              .duration = absl::Microseconds(1234),
                              .trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
                              .user_agent = "curl"};
};

TEST_F(AccessLogTest, OneLineARequest) {
  auto log = Open();
  log->Write(entry_);
  AccessEntry cut = entry_;
  cut.user_agent = "\"\x1b[0m\xff";
  cut.complete = false;
  log->Write(cut);
  log.reset();
  EXPECT_THAT(
      Lines(),
      ElementsAre(R"({"time":"2026-09-21T14:13:20.123Z","client":"127.0.0.1","method":"GET",)"
                  R"("route":"/api/{id}","path":"/api/1","status":200,"bytes":12,)"
                  R"("duration_ms":1.23,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
                  R"("user_agent":"curl"})",
                  AllOf(HasSubstr(R"("complete":false)"), Not(HasSubstr("\x1b")))));
}

TEST_F(AccessLogTest, BeyondTheLimitLinesAreCounted) {
  auto log = Open(3);
  for (int i = 0; i < 10; ++i) log->Write(entry_);
  now_ += absl::Seconds(1);
  log->Write(entry_);
  log.reset();
  const std::vector<std::string> lines = Lines();
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_THAT(lines[4], HasSubstr(R"("left_out":7)"));
  EXPECT_THAT(Metrics(), HasSubstr(R"(tally_http_access_log_lines_total{result="left_out"} 7)"));
  EXPECT_THAT(Metrics(), HasSubstr(R"(tally_http_access_log_lines_total{result="queued"} 4)"));
}

TEST_F(AccessLogTest, GoesOnInANewFileWhenTheOldOneWasMoved) {
  auto log = Open();
  log->Write(entry_);
  std::filesystem::rename(path_, path_ + ".1");
  ASSERT_TRUE(log->Reopen().ok());
  log->Write(entry_);
  log.reset();
  EXPECT_EQ(Lines(path_).size() + Lines(path_ + ".1").size(), 2u);
  EXPECT_GE(Lines(path_).size(), 1u);
}

TEST_F(AccessLogTest, KeepsItsFileWhenItCannotBeOpenedAnew) {
  auto log = Open();
  std::filesystem::rename(path_, path_ + ".1");
  std::filesystem::create_directory(path_);
  EXPECT_THAT(std::string(log->Reopen().message()), HasSubstr("cannot open " + path_));
  log->Write(entry_);
  log.reset();
  EXPECT_THAT(Lines(path_ + ".1"), SizeIs(1));
}

TEST_F(AccessLogTest, AFullDiskLosesLinesAndNothingElse) {
  AccessLog::Options options;
  options.destination = "/dev/full";
  auto log = AccessLog::Open(std::move(options), registry_).value();
  log->Write(entry_);
  log->Write(entry_);
  log.reset();
  EXPECT_THAT(Metrics(), HasSubstr(R"(tally_http_access_log_lines_total{result="lost"} 2)"));
}

TEST_F(AccessLogTest, AFileThatCannotBeOpenedIsRefused) {
  AccessLog::Options options;
  options.destination = folder_.Path("no/such/folder");
  EXPECT_EQ(AccessLog::Open(std::move(options), registry_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

std::vector<Route> SomeRoutes() {
  const auto answer = [](Request) -> boost::asio::awaitable<Response> {
    Response response;
    response.body = "hello";
    co_return response;
  };
  return {{"/hello/{name}", "", answer, Access::kAnybody},
          {"/livez", "", answer, Access::kAnybody, /*logged=*/false}};
}

TEST_F(AccessLogTest, WhatTheServerWrites) {
  auto log = Open();
  ServerOptions options;
  options.access_log = log.get();
  auto server = Server::Start(options, SomeRoutes(), nullptr).value();
  const std::string traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  HttpClient client(server->port());
  EXPECT_EQ(client
                .Get("/hello/you?token=secret",
                     "Authorization: Bearer secret\r\nUser-Agent: me\r\n"
                     "traceparent: " +
                         traceparent + "\r\n")
                .Header("traceparent"),
            traceparent);
  client.Get("/livez");
  client.Send("HEAD /hello/you HTTP/1.1\r\nHost: tally\r\n\r\n");
  client.Read(/*bodiless=*/true);
  EXPECT_EQ(client.Get("/nope", "traceparent: garbage\r\n").Header("traceparent"), "");
  client.Send("NOT HTTP\r\n\r\n");
  EXPECT_EQ(client.Read().status, 400);
  server.reset();
  log.reset();
  EXPECT_THAT(
      Lines(),
      ElementsAre(AllOf(HasSubstr(R"("method":"GET","route":"/hello/{name}","path":"/hello/you")"),
                        HasSubstr(R"("status":200,"bytes":5,)"), HasSubstr(R"("user_agent":"me")"),
                        HasSubstr(R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736")"),
                        HasSubstr(R"("client":"127.0.0.1")"), Not(HasSubstr("secret"))),
                  AllOf(HasSubstr(R"("method":"HEAD")"), HasSubstr(R"("bytes":0,)"),
                        HasSubstr(R"("trace_id":null)")),
                  AllOf(HasSubstr(R"("route":"unmatched","path":"/nope","status":404)"),
                        Not(HasSubstr("garbage"))),
                  HasSubstr(R"("status":400)")));
}

}  // namespace
}  // namespace tally::query::http
