#include "query/http/answer_cache.h"

#include <utility>

namespace tally::query::http {
namespace {

// Of list, map and allocator, for one answer.
constexpr size_t kEntryBytes = 256;
constexpr size_t kPartMax = 32;
// Stands in no target.
constexpr char kSeparator = ' ';

size_t BytesOf(const std::string& key, const KeptAnswer& answer) {
  return kEntryBytes + sizeof answer + key.capacity() + answer.etag.capacity() +
         answer.body.capacity() + answer.validity.freshness->bytes();
}

}  // namespace

std::string AnswerCache::KeyOf(std::string_view target, const Viewer& viewer) {
  std::string key(target);
  if (viewer.user_id().has_value()) key.append(1, kSeparator).append(*viewer.user_id());
  return key;
}

std::shared_ptr<const KeptAnswer> AnswerCache::Find(std::string_view key) {
  std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->answer;
}

void AnswerCache::Keep(std::string key, KeptAnswer answer) {
  if (key.empty() || answer.validity.freshness == nullptr) return Drop(key);
  const size_t bytes = BytesOf(key, answer);
  if (bytes > bytes_max_ / kPartMax) return Drop(key);
  auto kept = std::make_shared<const KeptAnswer>(std::move(answer));
  std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) Remove(found->second);
  while (bytes_ + bytes > bytes_max_) Remove(std::prev(entries_.end()));
  entries_.push_front({std::move(key), std::move(kept), bytes});
  by_key_.emplace(entries_.front().key, entries_.begin());
  bytes_ += bytes;
}

void AnswerCache::Drop(std::string_view key) {
  std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) Remove(found->second);
}

size_t AnswerCache::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

void AnswerCache::Remove(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace tally::query::http
