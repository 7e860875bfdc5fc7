// From a parsed request head to a response: what HTTP requires first, then the route's handler.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>
#include <string>
#include <vector>

#include "query/authenticator.h"
#include "query/http/message.h"
#include "query/http/router.h"

namespace tally::query::http {

using RequestHead = boost::beast::http::request_header<boost::beast::http::fields>;

inline constexpr char kUnmatchedRoute[] = "unmatched";

// What Beast lets pass and must not be: a repeated Content-Length, a Transfer-Encoding other than
// exactly `chunked`, one beside a Content-Length, a missing or repeated or malformed Host. nullopt:
// nothing. After a refusal the connection must be closed: where the next request begins is not
// certain.
std::optional<Response> RefuseFraming(const RequestHead& head);

struct Dispatched {
  Response response;
  std::string route = kUnmatchedRoute;  // template
  bool logged = true;                   // Route::logged
};

// Thread-safe; must outlive its calls.
class Dispatcher {
 public:
  // `authenticator` may be null: then nobody is asked who they are. It outlives this.
  Dispatcher(std::vector<Route> routes, size_t target_bytes_max,
             const Authenticator* authenticator = nullptr);
  // `head` lives until the call is done.
  boost::asio::awaitable<Dispatched> Dispatch(const RequestHead& head) const;

 private:
  Router router_;
  size_t target_bytes_max_;
  const Authenticator* authenticator_;
};

}  // namespace tally::query::http
