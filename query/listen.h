// How the servers listen, and whom they count together.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "absl/status/status.h"

namespace tally::query {

// Opens, binds and listens, non-blocking; port 0 is any free one. kFailedPrecondition: port in use,
// address not of this machine, not permitted; the message names address and port, and says what to
// do.
absl::Status Listen(const boost::asio::ip::tcp::endpoint& endpoint,
                    boost::asio::ip::tcp::acceptor& acceptor);

// Whose connections count together: an IPv4 address, also one written as IPv6, or an IPv6 network
// of 64 bits, since one host commonly has all of that.
std::string ClientKey(const boost::asio::ip::address& address);

}  // namespace tally::query
