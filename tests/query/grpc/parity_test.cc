// The gRPC answer says exactly what the HTTP answer says: content, position, tag, errors.
#include "tests/query/grpc/parity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "query/grpc/convert.h"
#include "query/problem.h"
#include "tests/query/grpc/grpc_fixture.h"

namespace tally::query::rpc {
namespace {

using google::protobuf::Message;
using ::tally::testing::Differences;
using ::tally::testing::GrpcReply;
using ::tally::testing::HttpReply;
using ::testing::IsEmpty;

constexpr char kEvent[] = "/api/v1/events/evt-1/analytics";
constexpr char kUser[] = "/api/v1/users/user-1/analytics";

// One request in both languages. `rest`: what follows the path of the event or user.
struct Row {
  std::string target;
  const char* method;
  std::string request;
  std::string headers = "";
};

Row OfEvent(const std::string& rest, const char* method, const std::string& request = "",
            const std::string& headers = "") {
  return {kEvent + rest, method, "event_id: 'evt-1' " + request, headers};
}
Row OfUser(const std::string& rest, const char* method, const std::string& request = "",
           const std::string& headers = "") {
  return {kUser + rest, method, "user_id: 'user-1' " + request, headers};
}

template <class T>
T Get(const Message& message, const char* name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  if constexpr (std::is_same_v<T, bool>) {
    return message.GetReflection()->GetBool(message, field);
  } else {
    return message.GetReflection()->GetString(message, field);
  }
}

const Message& ContentOf(const Message& message) {
  return message.GetReflection()->GetMessage(message,
                                             message.GetDescriptor()->FindFieldByName("content"));
}
bool HasContent(const Message& message) {
  return message.GetReflection()->HasField(message,
                                           message.GetDescriptor()->FindFieldByName("content"));
}

class ParityTest : public GrpcTest {
 protected:
  ParityTest() { Serve(); }

  void ExpectSameContext(const HttpReply& http, const Message& response) {
    EXPECT_EQ(Get<std::string>(response, "position"), http.Header("tally-position"));
    EXPECT_EQ(Get<std::string>(response, "etag"), http.Header("etag"));
    EXPECT_EQ(Get<bool>(response, "catching_up"), http.Header("tally-catching-up") == "true");
    EXPECT_EQ(Get<bool>(response, "not_modified"), http.status == 304);
    EXPECT_EQ(HasContent(response), http.status == 200);
  }

  void ExpectSameProblem(const HttpReply& http, const GrpcReply& reply) {
    ASSERT_TRUE(reply.problem.has_value()) << reply.status.error_message();
    const v1::Problem& problem = *reply.problem;
    rapidjson::Document json;
    json.Parse(http.body.c_str());
    EXPECT_EQ(problem.http_status(), http.status);
    EXPECT_EQ(problem.code(), json["code"].GetString());
    EXPECT_EQ(problem.position(), http.Header("tally-position"));
    EXPECT_EQ(problem.catching_up(), http.Header("tally-catching-up") == "true");
    const std::string retry = http.Header("retry-after");
    EXPECT_EQ(problem.has_retry_after() ? absl::StrCat(problem.retry_after().seconds()) : "",
              retry);
    ASSERT_EQ(static_cast<unsigned>(problem.errors_size()), json["errors"].Size());
    for (int i = 0; i < problem.errors_size(); ++i) {
      const auto& error = json["errors"][static_cast<unsigned>(i)];
      EXPECT_EQ(problem.errors(i).parameter(), FieldName(error["parameter"].GetString()));
      EXPECT_EQ(problem.errors(i).value(), error["value"].GetString());
      EXPECT_EQ(problem.errors(i).allowed(),
                absl::StrReplaceAll(error["allowed"].GetString(),
                                    {{"startDate", "start_date"}, {"endDate", "end_date"}}));
    }
    if (problem.errors_size() == 0) {
      EXPECT_EQ(reply.status.error_message(), json["detail"].GetString());
    }
  }

  // The HTTP status that both answers stand for.
  int ExpectSame(const Row& row) {
    SCOPED_TRACE(row.target + " | " + row.request);
    const HttpReply http = ::tally::testing::Get(http_->port(), row.target, row.headers);
    const GrpcReply reply = Call(row.method, row.request);
    EXPECT_EQ(reply.ok(), http.status == 200 || http.status == 304)
        << http.status << " " << reply.status.error_message();
    if (!reply.ok()) {
      ExpectSameProblem(http, reply);
      return http.status;
    }
    ExpectSameContext(http, *reply.response);
    if (http.status == 200) {
      EXPECT_THAT(Differences(http.body, ContentOf(*reply.response)), IsEmpty());
    }
    return http.status;
  }
};

TEST(DifferencesTest, AreSeen) {
  v1::Summary summary;
  summary.set_participants(1);
  summary.set_purchase_amount("0.5");
  EXPECT_THAT(Differences(R"({"participants":1,"purchaseAmount":0.5})", summary), IsEmpty());
  for (const char* json :
       {R"({"participants":2,"purchaseAmount":0.5})", R"({"participants":1,"purchaseAmount":0.50})",
        R"({"participants":1})", R"({"participants":1,"purchaseAmount":0.5,"more":1})",
        R"({"participants":null,"purchaseAmount":0.5})", "[]", ""}) {
    EXPECT_EQ(Differences(json, summary).size(), 1u) << json;
  }
  v1::Roi roi;
  EXPECT_THAT(Differences(R"({"roi":null})", roi), IsEmpty());
  EXPECT_EQ(Differences(R"({"roi":0.00})", roi).size(), 1u);
  roi.set_roi("0.00");
  EXPECT_EQ(Differences(R"({"roi":null})", roi).size(), 1u);
  v1::TimelineAnalytics timeline;
  timeline.set_interval(v1::INTERVAL_WEEKLY);
  timeline.add_data_points()->set_views(1);
  EXPECT_THAT(Differences(R"({"interval":"weekly","dataPoints":[{"views":1}]})", timeline),
              IsEmpty());
  EXPECT_EQ(Differences(R"({"interval":"daily","dataPoints":[]})", timeline).size(), 2u);
}

TEST_F(ParityTest, Answers) {
  const std::string period = "?startDate=2026-01-01&endDate=2026-01-03";
  const std::string period_text = "start_date: '2026-01-01' end_date: '2026-01-03' ";
  const Row rows[] = {
      OfEvent("", "GetEventDashboard"),
      OfEvent(period, "GetEventDashboard", period_text),
      OfEvent("?timezone=Europe/Berlin", "GetEventDashboard", "timezone: 'Europe/Berlin'"),
      OfEvent("?startDate=2026-01-01T10:00:00%2B02:00&endDate=2026-01-03T00:00&timezone=UTC",
              "GetEventDashboard",
              "start_date: '2026-01-01T10:00:00+02:00' end_date: '2026-01-03T00:00' "
              "timezone: 'UTC'"),
      OfEvent("/channels", "GetEventChannels"),
      OfEvent("/channels" + period + "&channel=SNS&channel=none&sortBy=channel&order=desc",
              "GetEventChannels",
              period_text + "channel: 'SNS' channel: 'none' sort_by: CHANNEL_SORT_BY_CHANNEL "
                            "order: SORT_ORDER_DESC"),
      OfEvent("/channels?channel=none", "GetEventChannels", "channel: 'none'"),
      OfEvent("/roi", "GetEventRoi"),
      OfEvent("/roi?timezone=America/New_York", "GetEventRoi", "timezone: 'America/New_York'"),
      OfEvent("/timeline", "GetEventTimeline"),
      OfEvent("/timeline" + period + "&channel=SNS", "GetEventTimeline",
              period_text + "channel: 'SNS'"),
      OfEvent("/timeline?channel=none", "GetEventTimeline", "channel: 'none'"),
      OfUser("", "GetUserDashboard"),
      OfUser(period + "&page=1&size=1", "GetUserDashboard", period_text + "page: 1 size: 1"),
      OfUser("?page=7", "GetUserDashboard", "page: 7"),
      OfUser("/channels", "GetUserChannels"),
      OfUser("/channels?channel=SNS&order=asc", "GetUserChannels",
             "channel: 'SNS' order: SORT_ORDER_ASC"),
      OfUser("/roi", "GetUserRoi"),
      OfUser("/timeline", "GetUserTimeline"),
      OfUser("/timeline" + period + "&interval=hourly", "GetUserTimeline",
             period_text + "interval: INTERVAL_HOURLY"),
  };
  for (const bool catching_up : {false, true}) {
    reader_.catching_up = catching_up;
    for (const Row& row : rows) EXPECT_EQ(ExpectSame(row), 200);
  }
}

TEST_F(ParityTest, EveryValueOfEveryEnum) {
  const char* channel_keys[] = {"impressions",      "participants",       "conversionRate",
                                "distributionCost", "costPerAcquisition", "channel"};
  const char* event_keys[] = {"participants", "totalViews", "engagementRate", "roi", "eventId"};
  const char* orders[] = {"asc", "desc"};
  const char* intervals[] = {"hourly", "daily", "weekly", "monthly"};
  for (int order = 0; order < 2; ++order) {
    const std::string order_text = absl::StrCat("order: ", order + 1);
    for (int key = 0; key < 6; ++key) {
      EXPECT_EQ(ExpectSame(OfUser(
                    absl::StrCat("/channels?sortBy=", channel_keys[key], "&order=", orders[order]),
                    "GetUserChannels", absl::StrCat("sort_by: ", key + 1, " ", order_text))),
                200);
    }
    for (int key = 0; key < 5; ++key) {
      EXPECT_EQ(ExpectSame(OfUser(
                    absl::StrCat("?sortBy=", event_keys[key], "&order=", orders[order]),
                    "GetUserDashboard", absl::StrCat("sort_by: ", key + 1, " ", order_text))),
                200);
    }
  }
  for (int interval = 0; interval < 4; ++interval) {
    EXPECT_EQ(ExpectSame(OfEvent(absl::StrCat("/timeline?interval=", intervals[interval]),
                                 "GetEventTimeline", absl::StrCat("interval: ", interval + 1))),
              200);
  }
}

// No value for everything that may have none.
TEST_F(ParityTest, WhatHasNoValue) {
  domain::Description description;
  description.user_id = "user-9";
  reader_.CreateEvent("bare", description, 0);
  reader_.CreateEvent("other", description, 0);
  reader_.Register("other", "웹", 1, 50, 0);
  reader_.Distribute("other", "TV", "TV", "FAILED", 5, 100, 1, 0);
  for (const char* rest : {"", "/channels", "/roi", "/timeline"}) {
    const std::string name = rest[0] == '\0'  ? "Dashboard"
                             : rest[1] == 'c' ? "Channels"
                             : rest[1] == 'r' ? "Roi"
                                              : "Timeline";
    for (const char* id : {"bare", "other"}) {
      EXPECT_EQ(ExpectSame({absl::StrCat("/api/v1/events/", id, "/analytics", rest),
                            ("GetEvent" + name).c_str(), absl::StrCat("event_id: '", id, "'")}),
                200);
    }
    EXPECT_EQ(ExpectSame({absl::StrCat("/api/v1/users/user-9/analytics", rest),
                          ("GetUser" + name).c_str(), "user_id: 'user-9'"}),
              200);
  }
}

TEST_F(ParityTest, Unchanged) {
  const std::string etag = ::tally::testing::Get(http_->port(), kEvent).Header("etag");
  const std::string escaped = absl::StrReplaceAll(etag, {{"\"", "\\\""}});
  const auto row = [](const std::string& text, const std::string& header) {
    return OfEvent("", "GetEventDashboard", "if_none_match: \"" + text + "\"",
                   "If-None-Match: " + header + "\r\n");
  };
  EXPECT_EQ(ExpectSame(row(escaped, etag)), 304);
  EXPECT_EQ(ExpectSame(row("\\\"x\\\", " + escaped, "\"x\", " + etag)), 304);
  EXPECT_EQ(ExpectSame(row("*", "*")), 304);
  EXPECT_EQ(ExpectSame(row("\\\"x\\\"", "\"x\"")), 200);
  reader_.Register("evt-1", "SNS", 1, 0, 0);
  EXPECT_EQ(ExpectSame(row(escaped, etag)), 200);
}

TEST_F(ParityTest, Positions) {
  const int32_t partition = reader_.PartitionFor("evt-1");
  const std::string topic = "sample.participant.registered/";
  const std::string reached = absl::StrCat(topic, partition, "@100");
  const std::string ahead = absl::StrCat(topic, partition, "@101");
  const std::string elsewhere = absl::StrCat(topic, (partition + 1) % 12, "@999");
  const std::string token = ::tally::testing::Get(http_->port(), kEvent).Header("tally-position");
  struct Case {
    std::string position;
    int status;
  };
  const Case cases[] = {
      {reached, 200},
      {ahead, 503},
      {elsewhere, 200},
      {token, 200},
      {token + ", " + elsewhere, 200},
      {token + "," + ahead, 503},
      {"nonsense", 400},
      {"unknown.topic/1@1", 400},
      {absl::StrCat(topic, "12@1"), 400},
      {absl::StrCat(topic, "0@-1"), 400},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(ExpectSame(OfEvent("", "GetEventDashboard", "min_position: '" + each.position + "'",
                                 "Tally-Min-Position: " + each.position + "\r\n")),
              each.status)
        << each.position;
  }
}

TEST_F(ParityTest, BadParameters) {
  const std::string long_id(257, 'x');
  const Row rows[] = {
      OfEvent("?startDate=2026-01-01", "GetEventDashboard", "start_date: '2026-01-01'"),
      OfEvent("?startDate=&endDate=", "GetEventDashboard", "start_date: '' end_date: ''"),
      OfEvent("?startDate=x&endDate=2026-01-01T09:01&timezone=Asia/Kolkata", "GetEventDashboard",
              "start_date: 'x' end_date: '2026-01-01T09:01' timezone: 'Asia/Kolkata'"),
      OfEvent("?endDate=2026-02-01&startDate=2026-02-01", "GetEventDashboard",
              "start_date: '2026-02-01' end_date: '2026-02-01'"),
      OfEvent("?timezone=", "GetEventDashboard", "timezone: ''"),
      OfEvent("/channels?channel=&sortBy=77&order=3", "GetEventChannels",
              "channel: '' sort_by: 77 order: 3"),
      OfEvent("/roi?timezone=Mars", "GetEventRoi", "timezone: 'Mars'"),
      OfEvent("/timeline?interval=-1", "GetEventTimeline", "interval: -1"),
      OfEvent("/timeline?startDate=2001-01-01&endDate=2026-01-01&interval=hourly",
              "GetEventTimeline",
              "start_date: '2001-01-01' end_date: '2026-01-01' interval: INTERVAL_HOURLY"),
      OfUser("?page=-1&size=0&sortBy=6", "GetUserDashboard", "page: -1 size: 0 sort_by: 6"),
      OfUser("?size=101", "GetUserDashboard", "size: 101"),
      {"/api/v1/events/" + long_id + "/analytics", "GetEventDashboard",
       "event_id: '" + long_id + "'"},
      {"/api/v1/users/" + long_id + "/analytics/roi?timezone=x", "GetUserRoi",
       "user_id: '" + long_id + "' timezone: 'x'"},
  };
  for (const Row& row : rows) EXPECT_EQ(ExpectSame(row), 400);
  EXPECT_EQ(reader_.reads(), 0u);
}

TEST_F(ParityTest, UnknownIds) {
  const Row rows[] = {
      {"/api/v1/events/nope/analytics", "GetEventDashboard", "event_id: 'nope'"},
      {"/api/v1/users/nope/analytics/timeline", "GetUserTimeline", "user_id: 'nope'"},
  };
  for (const Row& row : rows) {
    reader_.catching_up = false;
    EXPECT_EQ(ExpectSame(row), 404);
    reader_.catching_up = true;
    EXPECT_EQ(ExpectSame(row), 503);
  }
}

TEST_F(ParityTest, FailuresOfReading) {
  for (int code = 1; code <= 16; ++code) {
    reader_.failure = absl::Status(static_cast<absl::StatusCode>(code), "shard 3: ü\n why");
    ExpectSame(OfEvent("", "GetEventDashboard"));
    ExpectSame(OfUser("/roi", "GetUserRoi"));
    const auto grpc_status = ProblemKindOf(static_cast<absl::StatusCode>(code)).grpc_status;
    EXPECT_EQ(static_cast<int>(Call("GetEventRoi", "event_id: 'evt-1'").status.error_code()),
              static_cast<int>(grpc_status));
  }
}

}  // namespace
}  // namespace tally::query::rpc
