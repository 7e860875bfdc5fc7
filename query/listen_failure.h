// Why a server cannot listen, and what to do about it.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "absl/status/status.h"

namespace tally::query {

// kFailedPrecondition: port in use, address not of this machine, not permitted; the message names
// address and port.
absl::Status ListenFailure(const boost::asio::ip::tcp::endpoint& endpoint,
                           const boost::system::error_code& error);

}  // namespace tally::query
