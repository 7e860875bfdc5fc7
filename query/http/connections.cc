#include "query/http/connections.h"

#include <tuple>
#include <utility>

#include "query/listen.h"

namespace tally::query::http {
namespace {

namespace ip = boost::asio::ip;

bool Waits(const Connection& connection) {
  return connection.activity.waits_since.load(std::memory_order_relaxed) != 0;
}

int64_t WaitsSince(const Connection& connection) {
  return connection.activity.waits_since.load(std::memory_order_relaxed);
}

}  // namespace

Connections::Admission Connections::Admit(const std::shared_ptr<Connection>& connection,
                                          const ip::address& address) {
  std::string key = ClientKey(address);
  const std::lock_guard lock(mutex_);
  if (closed_) return Admission::kRefused;
  Client& client = clients_[key];
  const bool client_full = client.connections >= limits_.per_client_max;
  const bool full = client_full || staying_ >= limits_.total_max;
  if (full) {
    Entry* victim = FindVictim(client_full ? &client : nullptr);
    if (victim == nullptr) {
      if (client.connections == 0) clients_.erase(key);
      return Admission::kRefused;
    }
    ++client.connections;  // so that the client stays known when the victim is its last
    Evict(*victim);
    --client.connections;
  }
  ++client.connections;
  ++staying_;
  entries_.emplace(connection.get(), Entry{connection, &client, std::move(key)});
  return full ? Admission::kAdmittedForAnother : Admission::kAdmitted;
}

Connections::Entry* Connections::FindVictim(const Client* only) {
  const auto grace = absl::ToChronoNanoseconds(limits_.newcomer_grace);
  const int64_t since = (std::chrono::steady_clock::now() - grace).time_since_epoch().count();
  // Smaller goes first.
  const auto rank = [since](const Entry& entry) {
    const bool newcomer = WaitsSince(*entry.connection) > since;
    return std::tuple(newcomer || entry.connection->activity.served.load(std::memory_order_relaxed),
                      -static_cast<int64_t>(entry.client->connections),
                      WaitsSince(*entry.connection));
  };
  Entry* victim = nullptr;
  for (auto& [connection, entry] : entries_) {
    if (entry.leaving || !Waits(*connection)) continue;
    if (only != nullptr && entry.client != only) continue;
    if (victim == nullptr || rank(entry) < rank(*victim)) victim = &entry;
  }
  return victim;
}

Connections::Entry* Connections::FindBacklogVictim(const Connection* spared) {
  Entry* victim = nullptr;
  for (auto& [connection, entry] : entries_) {
    if (entry.leaving || entry.backlog_bytes == 0 || connection == spared) continue;
    if (victim == nullptr || WaitsSince(*connection) < WaitsSince(*victim->connection)) {
      victim = &entry;
    }
  }
  return victim;
}

void Connections::Evict(Entry& entry) {
  entry.connection->Abort();
  Leave(entry);
}

void Connections::Leave(Entry& entry) {
  if (entry.leaving) return;
  entry.leaving = true;
  --staying_;
  backlog_bytes_ -= std::exchange(entry.backlog_bytes, 0);
  ReleaseClient(entry);
}

void Connections::ReleaseClient(const Entry& entry) {
  if (--entry.client->connections == 0) clients_.erase(entry.client_key);
}

void Connections::Remove(Connection* connection) {
  std::shared_ptr<Connection> last;  // destroyed outside of the lock
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(connection);
  if (found == entries_.end()) return;
  Leave(found->second);
  last = std::move(found->second.connection);
  entries_.erase(found);
  if (entries_.empty()) none_.notify_all();
}

size_t Connections::BeginBacklog(Connection* connection, size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(connection);
  if (found == entries_.end() || found->second.leaving) return 0;
  found->second.backlog_bytes += bytes;
  backlog_bytes_ += bytes;
  size_t victims = 0;
  while (backlog_bytes_ > limits_.backlog_bytes_max) {
    Entry* victim = FindBacklogVictim(connection);
    if (victim == nullptr) break;
    Evict(*victim);
    ++victims;
  }
  return victims;
}

void Connections::EndBacklog(Connection* connection) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(connection);
  if (found == entries_.end()) return;
  backlog_bytes_ -= std::exchange(found->second.backlog_bytes, 0);
}

void Connections::CloseForGood() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::vector<std::shared_ptr<Connection>> Connections::All() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(entries_.size());
  for (const auto& [connection, entry] : entries_) all.push_back(entry.connection);
  return all;
}

void Connections::StopAll() {
  for (const auto& connection : All()) connection->Stop();
}

void Connections::AbortAll() {
  for (const auto& connection : All()) connection->Abort();
}

bool Connections::AwaitNone(absl::Duration time) {
  std::unique_lock lock(mutex_);
  const auto none = [this] { return entries_.empty(); };
  if (time == absl::InfiniteDuration()) {
    none_.wait(lock, none);
    return true;
  }
  return none_.wait_for(lock, absl::ToChronoNanoseconds(time), none);
}

}  // namespace tally::query::http
