// Who is connected, and who has to go when there are too many of them or they take their answers
// too slowly: always those that wait for their client, never one that is being worked for.
#pragma once

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"

namespace tally::query::http {

// What a connection tells of itself. Written by its session, read by anybody.
struct Activity {
  // Since when it waits for its client, in steady-clock ticks; 0: it is being worked for.
  std::atomic<int64_t> waits_since{1};
  std::atomic<bool> served{false};  // has answered a request
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void Stop() = 0;   // after the request in flight; at once if there is none
  virtual void Abort() = 0;  // now
  Activity activity;
};

struct ConnectionLimits {
  size_t total_max = 2048;
  size_t per_client_max = 1536;                 // an IPv4 address, or the /64 of an IPv6 address
  size_t backlog_bytes_max = size_t{32} << 20;  // answers that clients have not taken yet
  // Who has not asked anything for so long could have.
  absl::Duration newcomer_grace = absl::Milliseconds(250);
};

// Thread-safe. Victims are told to Abort before the call returns.
class Connections {
 public:
  explicit Connections(const ConnectionLimits& limits) : limits_(limits) {}

  enum class Admission : uint8_t { kAdmitted, kAdmittedForAnother, kRefused };
  // Where a limit is reached, one goes: of the same client if that has too many, else of whoever
  // has most; first those that have had time to ask something and did not, then who waits longest.
  // None to be found, or closed for good: kRefused.
  Admission Admit(const std::shared_ptr<Connection>& connection,
                  const boost::asio::ip::address& address);
  // Its session has ended; also for those that were victims.
  void Remove(Connection* connection);

  // An answer's bytes that wait for their client, until EndBacklog; those who wait longest go when
  // there are too many. How many went.
  size_t BeginBacklog(Connection* connection, size_t bytes);
  void EndBacklog(Connection* connection);

  // Nobody is admitted any more.
  void CloseForGood();
  void StopAll();
  void AbortAll();
  // False: some are left after `time`.
  bool AwaitNone(absl::Duration time);

 private:
  struct Client {
    size_t connections = 0;
  };
  struct Entry {
    std::shared_ptr<Connection> connection;
    Client* client = nullptr;
    std::string client_key;
    size_t backlog_bytes = 0;
    bool leaving = false;  // a victim: counts no more
  };
  using Entries = std::unordered_map<Connection*, Entry>;

  // nullptr: everybody is being worked for. `only`: null, or whose connections to look at.
  Entry* FindVictim(const Client* only);
  Entry* FindBacklogVictim(const Connection* spared);
  void Evict(Entry& entry);
  void Leave(Entry& entry);
  void ReleaseClient(const Entry& entry);
  std::vector<std::shared_ptr<Connection>> All();

  const ConnectionLimits limits_;
  std::mutex mutex_;
  std::condition_variable none_;
  bool closed_ = false;
  size_t staying_ = 0;  // entries that are not leaving
  size_t backlog_bytes_ = 0;
  Entries entries_;
  std::unordered_map<std::string, Client> clients_;
};

}  // namespace tally::query::http
