// How many connections there are, of a library that takes sockets and does not say when it closes
// them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace tally::query::rpc {

// A socket is known by its descriptor together with its inode: once it is closed, the descriptor is
// none, or another one's. Not thread-safe.
class OpenSockets {
 public:
  struct Limits {
    size_t total_max = 0;
    size_t per_client_max = 0;
  };
  explicit OpenSockets(Limits limits) : limits_(limits) {}

  // True: there is room for it, and it counts from now on until it is closed, by whomever. Looks at
  // all others only where there seems to be none.
  bool Admit(int descriptor, const std::string& client);

  // Those not known to be closed.
  size_t size() const { return sockets_.size(); }

 private:
  struct Socket {
    int descriptor = -1;
    ino_t inode = 0;
    std::string client;
  };
  bool HasRoom(const std::string& client) const;
  void ForgetClosed();

  const Limits limits_;
  std::vector<Socket> sockets_;
  std::unordered_map<std::string, size_t> by_client_;
};

}  // namespace tally::query::rpc
