#include "tools/tally/get.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "tools/tally/dashboard_text.h"
#include "tools/tally/token.h"

namespace tally::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kEvent[] = R"({
  "eventId": "evt-1", "eventTitle": "신년맞이 20% 할인 이벤트", "userId": "user-1", "status": "ACTIVE",
  "period": null,
  "summary": {"participants": 100, "participantsDelta": 7, "totalViews": 20000, "engagementRate": 0.50, "purchaseAmount": 600000, "targetRoi": 200.00},
  "channelPerformance": [
    {"channel": "지니TV", "channelType": "TV", "status": "SUCCESS", "impressions": 10000, "participants": 25, "conversionRate": 0.25, "purchaseAmount": 150000, "distributionCost": 1500000, "costPerAcquisition": 60000.00},
    {"channel": "기타", "channelType": null, "status": null, "impressions": 0, "participants": 0, "conversionRate": 0.00, "purchaseAmount": 0.5, "distributionCost": 0, "costPerAcquisition": null}
  ],
  "roi": {"totalCost": 8000000, "expectedRevenue": 15000000, "netProfit": 7000000, "roi": 87.50, "realizedRevenue": 600000, "realizedRoi": -92.50, "targetRoi": 200.00, "roiAchievement": 43.75, "costPerAcquisition": 80000.00},
  "currency": "KRW",
  "lastUpdatedAt": "2026-11-22T21:05:11.482+09:00"
})";

TEST(DashboardText, ShowsAnEvent) {
  const auto text = DashboardText(kEvent, false);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text,
            R"(evt-1  신년맞이 20% 할인 이벤트
user user-1, ACTIVE, all time

event
participants         100
change                +7
views             20,000
engagement        0.50 %
purchases (KRW)  600,000

channel  type  status   impressions  participants  conversion  purchases       cost  cost/participant
지니TV   TV    SUCCESS       10,000            25      0.25 %    150,000  1,500,000         60,000.00
기타     -     -                  0             0      0.00 %        0.5          0                 -

return (all time)            KRW
total cost             8,000,000
expected revenue      15,000,000
net profit             7,000,000
roi                      87.50 %
target roi              200.00 %
roi achievement          43.75 %
realized revenue         600,000
realized roi            -92.50 %
cost per participant   80,000.00

updated 2026-11-22T21:05:11.482+09:00
)");
}

TEST(DashboardText, ShowsAUser) {
  const auto text = DashboardText(R"({"userId":"user-1","totalEvents":2,"activeEvents":1,
    "period":{"startDate":"a","endDate":"b","timezone":"Asia/Seoul"},
    "summary":{"participants":150,"participantsDelta":-3},"channelPerformance":[],"roi":{},
    "eventPerformances":{"page":0,"size":20,"totalElements":2,"totalPages":1,"items":[
      {"eventId":"evt-1","eventTitle":"신년","status":"ACTIVE","participants":100,
       "totalViews":20000,"engagementRate":0.50,"totalCost":8000000,"roi":87.50}]},
    "currency":"KRW","lastUpdatedAt":"now"})",
                                  false);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("user-1\n2 events, 1 active, a to b (Asia/Seoul)\n"));
  EXPECT_THAT(
      *text,
      HasSubstr("evt-1  신년   ACTIVE           100  20,000      0.50 %   8,000,000  87.50 %\n"));
  EXPECT_THAT(*text, HasSubstr("page 0 (from 0) of 1, 2 events\n"));
  EXPECT_THAT(*text, HasSubstr("change            -3\n"));
  EXPECT_THAT(*text, Not(HasSubstr("channel ")));
}

TEST(DashboardText, RefusesOtherAnswers) {
  for (const char* body : {"", "<html>", "[]", "null", "{}", R"({"summary":1})"}) {
    EXPECT_FALSE(DashboardText(body, false).ok()) << body;
  }
}

TEST(DashboardText, DefusesTitles) {
  const auto text =
      DashboardText(R"({"eventId":"e","eventTitle":"\u001b[2J\nx","summary":{},"roi":{}})", false);
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, Not(HasSubstr("\x1b")));
}

TEST(TargetOf, EncodesIdsAndParameters) {
  GetOptions options;
  options.id = "a/b 한";
  EXPECT_EQ(TargetOf(options), "/api/v1/events/a%2Fb%20%ED%95%9C/analytics");
  options.subject = Subject::kUser;
  options.id = "u";
  options.start_date = "2026-01-01T00:00:00+09:00";
  options.end_date = "2026-02-01";
  options.timezone = "Asia/Seoul";
  options.page = 0;
  options.size = 5;
  options.sort_by = "roi";
  options.order = "asc";
  EXPECT_EQ(
      TargetOf(options),
      "/api/v1/users/u/analytics?startDate=2026-01-01T00%3A00%3A00%2B09%3A00&endDate=2026-02-01"
      "&timezone=Asia%2FSeoul&page=0&size=5&sortBy=roi&order=asc");
}

TEST(DescribeProblem, ShowsAllOfIt) {
  HttpAnswer answer;
  answer.status = 400;
  answer.reason = "Bad Request";
  answer.body = R"({"type":"about:blank","title":"Bad Request","status":400,
    "detail":"2 parameters are wrong","code":"bad_parameter","errors":[
      {"parameter":"size","value":"0","allowed":"1 to 100"},
      {"parameter":"order","value":"up","allowed":["asc","desc"]}]})";
  EXPECT_EQ(DescribeProblem(answer),
            "400 Bad Request: 2 parameters are wrong [bad_parameter]\n"
            "  size = \"0\": allowed is 1 to 100\n"
            "  order = \"up\": allowed is asc, desc");
}

TEST(DescribeProblem, CopesWithAnything) {
  struct Case {
    const char* body;
    const char* text;
  };
  constexpr Case kCases[] = {
      {"", "503 Service Unavailable"},
      {"upstream\nis down", "503 Service Unavailable: upstream\xef\xbf\xbdis down"},
      {"[1]", "503 Service Unavailable: [1]"},
      {"{}", "503 Service Unavailable"},
      {R"({"detail":"shard 3 is not open","errors":[1,{}]})",
       "503 Service Unavailable: shard 3 is not open\n   = \"\""},
  };
  for (const Case& row : kCases) {
    const HttpAnswer answer{503, "Service Unavailable", {}, row.body};
    EXPECT_EQ(DescribeProblem(answer), row.text);
  }
  const HttpAnswer busy{503, "Service Unavailable", {{"retry-after", "2"}}, "{}"};
  EXPECT_THAT(DescribeProblem(busy), HasSubstr("try again in 2 s"));
}

// Answers one connection with fixed bytes, then closes it.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)) {
    thread_ = std::thread([this] { Serve(); });
  }
  ~OneAnswer() { thread_.join(); }

  std::string server() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  const std::string& request() {
    thread_.join();
    thread_ = std::thread([] {});
    return request_;
  }

 private:
  using tcp = boost::asio::ip::tcp;

  void Serve() {
    boost::system::error_code error;
    tcp::socket socket = acceptor_.accept(error);
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(request_), "\r\n\r\n", error);
    boost::asio::write(socket, boost::asio::buffer(answer_), error);
  }

  std::string answer_;
  std::string request_;
  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

std::string Http(const std::string& status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

struct Ended {
  int code;
  std::string out;
  std::string err;
};

Ended Get(const GetOptions& options) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err};
  const int code = RunGet(options, console);
  return {code, out.str(), err.str()};
}

TEST(RunGet, AsksAndShows) {
  OneAnswer server(Http("200 OK", "Tally-Position: abc\r\nTally-Catching-Up: true\r\n", kEvent));
  GetOptions options;
  options.server = server.server() + "/";
  options.id = "evt-1";
  options.min_position = "sample.event.created/3@17";
  const Ended ended = Get(options);
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("evt-1  신년맞이 20% 할인 이벤트\n"));
  EXPECT_THAT(ended.out, HasSubstr("position abc\n"));
  EXPECT_THAT(ended.err, HasSubstr("still catching up"));
  EXPECT_THAT(server.request(), HasSubstr("GET /api/v1/events/evt-1/analytics HTTP/1.1\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("Tally-Min-Position: sample.event.created/3@17\r\n"));
}

TEST(RunGet, PassesJsonOnAsItIs) {
  OneAnswer server(Http("200 OK", "", R"({"a": 0.50})"));
  GetOptions options;
  options.server = server.server();
  options.id = "evt-1";
  options.json = true;
  options.show_headers = true;
  const Ended ended = Get(options);
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out, "{\"a\": 0.50}\n");
  EXPECT_THAT(ended.err, HasSubstr("Content-Length: 11\n"));
}

class TokenFile {
 public:
  explicit TokenFile(std::string_view text)
      : path_(::testing::TempDir() + "tally_token_" + std::to_string(getpid())) {
    std::ofstream(path_) << text;
  }
  ~TokenFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

TEST(RunGet, SendsTheTokenOfAFileRatherThanThatOfTheEnvironment) {
  setenv(kTokenVariable, "from.the.environment", 1);
  for (const bool with_file : {false, true}) {
    OneAnswer server(Http("401 Unauthorized", "", "{}"));
    const TokenFile file(" from.a.file\n");
    GetOptions options;
    options.server = server.server();
    options.id = "x";
    if (with_file) options.token_file = file.path();
    const Ended ended = Get(options);
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("--token-file"));
    EXPECT_THAT(server.request(),
                HasSubstr(with_file ? "\r\nAuthorization: Bearer from.a.file\r\n"
                                    : "\r\nAuthorization: Bearer from.the.environment\r\n"));
  }
  unsetenv(kTokenVariable);
}

TEST(RunGet, RefusesWhatIsNoTokenWithoutShowingIt) {
  for (const std::string_view text : {"", " \n", "secret\r\nX-Other: 1", "two words", "\x01"}) {
    const TokenFile file(text);
    GetOptions options;
    options.id = "x";
    options.token_file = file.path();
    const Ended ended = Get(options);
    EXPECT_EQ(ended.code, 2) << text;
    EXPECT_THAT(ended.err, HasSubstr("does not hold a token"));
    EXPECT_THAT(ended.err, Not(HasSubstr("secret")));
  }
  GetOptions options;
  options.token_file = "/nonexistent";
  EXPECT_EQ(Get(options).code, 2);
}

TEST(RunGet, FailsWithTheProblem) {
  struct Case {
    std::string answer;
    const char* says;
  };
  const Case kCases[] = {
      {Http("404 Not Found", "", R"({"title":"Not Found","detail":"no event \"x\""})"),
       "404 Not Found: no event \"x\""},
      {Http("503 Service Unavailable", "Retry-After: 1\r\n", "{}"), "try again in 1 s"},
      {Http("301 Moved", "Location: /x\r\n", ""), "301 Moved"},
      {Http("200 OK", "", "<html>"), "not a dashboard"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "failed"},
      {"nonsense\r\n\r\n", "failed"},
      {"", "failed"},
  };
  for (const Case& row : kCases) {
    OneAnswer server(row.answer);
    GetOptions options;
    options.server = server.server();
    options.id = "x";
    const Ended ended = Get(options);
    EXPECT_EQ(ended.code, 1);
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, HasSubstr(row.says));
  }
}

TEST(RunGet, SaysThatNothingListens) {
  GetOptions options;
  {
    OneAnswer server("");
    options.server = server.server();
    options.id = "x";
    Get(options);
  }
  const Ended ended = Get(options);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("is tallyd running"));
}

TEST(HttpGet, RefusesServersItCannotAsk) {
  for (const char* server : {"", "127.0.0.1", "host/path", "ftp://host", "http://",
                             "http://host?x=1", "http://host#x", "http://host:port"}) {
    HttpRequest request{.server = server, .target = "/", .headers = {}};
    EXPECT_EQ(HttpGet(request).status().code(), absl::StatusCode::kInvalidArgument) << server;
  }
}

}  // namespace
}  // namespace tally::cli
