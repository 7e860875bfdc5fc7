#include "query/listen_failure.h"

#include <boost/asio/error.hpp>
#include <string>

#include "absl/strings/str_cat.h"

namespace tally::query {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string Endpoint(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? absl::StrCat("[", address, "]:", endpoint.port())
                                    : absl::StrCat(address, ":", endpoint.port());
}

}  // namespace

absl::Status ListenFailure(const tcp::endpoint& endpoint, const boost::system::error_code& error) {
  const char* remedy = "check the address and port";
  if (error == asio::error::address_in_use) {
    remedy = "stop the process that uses the port, or choose another port";
  } else if (error == asio::error::access_denied) {
    remedy = "ports below 1024 need a privilege; choose a higher one";
  } else if (error == boost::system::errc::address_not_available) {
    remedy = "choose an address of this machine, e.g. 127.0.0.1";
  }
  return absl::FailedPreconditionError(
      absl::StrCat("cannot listen on ", Endpoint(endpoint), ": ", error.message(), "; ", remedy));
}

}  // namespace tally::query
