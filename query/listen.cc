#include "query/listen.h"

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace tally::query {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr size_t kNetworkBytes = 8;

std::string Endpoint(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? absl::StrCat("[", address, "]:", endpoint.port())
                                    : absl::StrCat(address, ":", endpoint.port());
}

absl::Status ListenFailure(const tcp::endpoint& endpoint, const ErrorCode& error) {
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

}  // namespace

absl::Status Listen(const tcp::endpoint& endpoint, tcp::acceptor& acceptor) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  return error ? ListenFailure(endpoint, error) : absl::OkStatus();
}

std::string ClientKey(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  if (address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  const auto bytes = address.to_v6().to_bytes();
  return {reinterpret_cast<const char*>(bytes.data()), kNetworkBytes};
}

}  // namespace tally::query
