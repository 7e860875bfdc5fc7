// The API over a fake reader that has the sample data: a real server on a free loopback port, and a
// clock that stands still.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "query/http/api.h"
#include "query/http/server.h"
#include "tests/fakes/sample_reader.h"
#include "tests/query/http_client.h"

namespace tally::query::http {

inline const std::string kEvent = "/api/v1/events/evt-1/analytics";
inline const std::string kUser = "/api/v1/users/user-1/analytics";

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    ::tally::testing::FeedSamples(reader_);
    Serve("1.0");
  }

  void Serve(const std::string& version) {
    server_.reset();
    service_ = std::make_unique<Service>(
        reader_, [this] { return now_; }, version);
    server_ = Server::Start({}, ApiRoutes(*service_), nullptr).value();
  }
  ::tally::testing::HttpReply Get(const std::string& target, const std::string& headers = "") {
    return ::tally::testing::Get(server_->port(), target, headers);
  }

  absl::Time now_ =
      absl::FromCivil(absl::CivilSecond(2026, 11, 22, 21, 10, 0), absl::FixedTimeZone(9 * 3600));
  ::tally::testing::FakeReader reader_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;
};

struct BadRequest {
  const char* query;
  std::vector<const char*> parameters;  // named, in this order
};

// What the text of a problem must have, one after the other: the parameters that are to blame.
inline bool Names(const std::string& body, const std::vector<const char*>& parameters) {
  size_t at = body.find(R"("errors":[)");
  for (const char* parameter : parameters) {
    if (at == std::string::npos) return false;
    at = body.find(R"({"parameter":")" + std::string(parameter) + "\"", at);
    if (at != std::string::npos) ++at;
  }
  return at != std::string::npos;
}

}  // namespace tally::query::http
