#include "query/grpc/open_sockets.h"

#include <sys/stat.h>

#include <optional>

namespace tally::query::rpc {
namespace {

std::optional<ino_t> InodeOf(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISSOCK(status.st_mode)) return std::nullopt;
  return status.st_ino;
}

}  // namespace

bool OpenSockets::Admit(int descriptor, const std::string& client) {
  if (!HasRoom(client)) ForgetClosed();
  const std::optional<ino_t> inode = InodeOf(descriptor);
  if (!HasRoom(client) || !inode.has_value()) return false;
  sockets_.push_back({descriptor, *inode, client});
  ++by_client_[client];
  return true;
}

bool OpenSockets::HasRoom(const std::string& client) const {
  const auto known = by_client_.find(client);
  return sockets_.size() < limits_.total_max &&
         (known == by_client_.end() || known->second < limits_.per_client_max);
}

void OpenSockets::ForgetClosed() {
  by_client_.clear();
  std::erase_if(sockets_, [this](const Socket& socket) {
    if (InodeOf(socket.descriptor) != socket.inode) return true;
    ++by_client_[socket.client];
    return false;
  });
}

}  // namespace tally::query::rpc
