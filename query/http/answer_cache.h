// Answers that were given, kept until what they tell has changed or others need the room. A
// dashboard that is asked for again and again is made once.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "query/service.h"
#include "query/viewer.h"

namespace tally::query::http {

// A 200.
struct KeptAnswer {
  std::string_view route;  // its template; outlives the cache
  std::string etag;
  std::string body;
  Validity validity;
};

// Thread-safe.
class AnswerCache {
 public:
  // `bytes_max`: memory of everything kept, approximately; 0: nothing is kept.
  explicit AnswerCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  // What only requests with equal answers have in common: the target as sent (one that is spelled
  // in another way is another), and who asks.
  static std::string KeyOf(std::string_view target, const Viewer& viewer);

  // nullptr: there is none. Whether it is still valid is not known.
  std::shared_ptr<const KeptAnswer> Find(std::string_view key);
  // Replaces the one with this key. Of an answer that cannot be judged later, or that would take
  // more than a 32nd of the room, nothing is kept.
  void Keep(std::string key, KeptAnswer answer);
  void Drop(std::string_view key);

  size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const KeptAnswer> answer;
    size_t bytes;
  };
  using Entries = std::list<Entry>;  // the last asked for in front

  void Remove(Entries::iterator entry);

  const size_t bytes_max_;
  mutable std::mutex mutex_;
  size_t bytes_ = 0;  // all below guarded by mutex_
  Entries entries_;
  absl::flat_hash_map<std::string_view, Entries::iterator> by_key_;  // keys are the entries'
};

}  // namespace tally::query::http
