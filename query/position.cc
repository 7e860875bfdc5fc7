#include "query/position.h"

#include <xxhash.h>

#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "query/wire.h"

namespace tally::query {
namespace {

constexpr char kVersion = 1;
constexpr size_t kIdentityBytes = 6;
constexpr size_t kHeadBytes = 1 + kIdentityBytes;
constexpr uint64_t kTopicSetMax = 0xff;

using Offsets = std::map<std::pair<int32_t, int>, int64_t>;  // (partition, topic index) -> next

std::string IdentityBytes(std::string_view identity) {
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, XXH3_64bits(identity.data(), identity.size()));
  return {reinterpret_cast<const char*>(canonical.digest), kIdentityBytes};
}

void RaiseTo(Offsets& offsets, int32_t partition, int topic, int64_t next_offset) {
  int64_t& standing = offsets[{partition, topic}];
  standing = std::max(standing, next_offset);
}

std::optional<int64_t> ParseNumber(std::string_view text, int64_t max) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  uint64_t value = 0;  // 19 digits fit
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  if (value > static_cast<uint64_t>(max)) return std::nullopt;
  return static_cast<int64_t>(value);
}

// What is wrong with an element: what would have been right; "" if nothing is.
using Refusal = std::string;

Refusal PartitionsAllowed(const LogFacts& log) {
  return absl::StrCat("a partition from 0 to ", log.partition_count - 1);
}

Refusal TopicsAllowed(const LogFacts& log) {
  std::string allowed = "topic/partition@nextOffset with one of the topics ";
  for (int i = 0; i < domain::kTopicCount; ++i) {
    const std::string_view suffix = domain::TopicSuffix(static_cast<domain::Topic>(i));
    absl::StrAppend(&allowed, i == 0 ? "" : ", ", log.topic_prefix);
    allowed += suffix;
  }
  return allowed;
}

std::optional<int> ParseTopic(std::string_view name, const LogFacts& log) {
  const std::string_view prefix = log.topic_prefix;
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  name.remove_prefix(prefix.size());
  for (int i = 0; i < domain::kTopicCount; ++i) {
    if (name == domain::TopicSuffix(static_cast<domain::Topic>(i))) return i;
  }
  return std::nullopt;
}

// topic/partition@nextOffset
Refusal ParseExplicit(std::string_view element, const LogFacts& log, Offsets& offsets) {
  const size_t at = element.rfind('@');
  const size_t slash = element.substr(0, at).rfind('/');
  if (at == std::string_view::npos || slash == std::string_view::npos) {
    return "a token as Tally-Position gives it, or topic/partition@nextOffset";
  }
  const std::optional<int> topic = ParseTopic(element.substr(0, slash), log);
  if (!topic.has_value()) return TopicsAllowed(log);
  const std::optional<int64_t> partition =
      ParseNumber(element.substr(slash + 1, at - slash - 1), log.partition_count - 1);
  if (!partition.has_value()) return PartitionsAllowed(log);
  const std::optional<int64_t> next =
      ParseNumber(element.substr(at + 1), std::numeric_limits<int64_t>::max());
  if (!next.has_value()) {
    return absl::StrCat("a next offset from 0 to ", std::numeric_limits<int64_t>::max());
  }
  RaiseTo(offsets, static_cast<int32_t>(*partition), *topic, *next);
  return "";
}

constexpr char kBadToken[] = "a token exactly as Tally-Position gave it";

Refusal ReadShard(WireReader& in, const LogFacts& log, int64_t& next_partition, Offsets& offsets) {
  const uint64_t gap = in.Varint();
  const uint64_t topics = in.Varint();
  if (!in.ok() || topics > kTopicSetMax || gap > std::numeric_limits<int32_t>::max()) {
    return kBadToken;
  }
  const int64_t partition = next_partition + static_cast<int64_t>(gap);
  if (partition >= log.partition_count) return PartitionsAllowed(log);
  if (topics >> domain::kTopicCount != 0) return "a token made by this version of tallyd, or older";
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    if ((topics >> topic & 1) == 0) continue;
    const uint64_t offset = in.Varint();
    if (offset > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return kBadToken;
    RaiseTo(offsets, static_cast<int32_t>(partition), topic, static_cast<int64_t>(offset));
  }
  next_partition = partition + 1;
  return "";
}

Refusal ParseToken(std::string_view element, const LogFacts& log, Offsets& offsets) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(std::string(element), &bytes)) return kBadToken;
  // One text for one token: no padding, no white space, no stray bits at the end.
  if (absl::WebSafeBase64Escape(bytes) != element || bytes.size() <= kHeadBytes) return kBadToken;
  if (bytes[0] != kVersion) return "a token made by this version of tallyd, or older";
  if (bytes.compare(1, kIdentityBytes, IdentityBytes(log.identity)) != 0) {
    return "a token of this log: this one is of another cluster or topic prefix, where offsets "
           "mean other records";
  }
  WireReader in(std::string_view(bytes).substr(kHeadBytes));
  const size_t shards = in.Count();
  int64_t next_partition = 0;
  for (size_t i = 0; i < shards; ++i) {
    if (Refusal refusal = ReadShard(in, log, next_partition, offsets); !refusal.empty()) {
      return refusal;
    }
  }
  return in.AtEnd() ? "" : kBadToken;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::string EncodePosition(const Position& position, std::string_view log_identity) {
  std::string bytes(1, kVersion);
  bytes += IdentityBytes(log_identity);
  AppendVarint(position.size(), &bytes);
  int32_t next_partition = 0;
  for (const ShardPosition& shard : position) {
    AppendVarint(static_cast<uint64_t>(shard.partition - next_partition), &bytes);
    AppendVarint((uint64_t{1} << domain::kTopicCount) - 1, &bytes);
    for (const int64_t offset : shard.next_offset) {
      AppendVarint(static_cast<uint64_t>(offset), &bytes);
    }
    next_partition = shard.partition + 1;
  }
  return absl::WebSafeBase64Escape(bytes);
}

std::vector<MinOffset> ParseMinPosition(std::string_view value, const LogFacts& log,
                                        std::vector<ParameterError>& errors) {
  Offsets offsets;
  size_t entries = 0;
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view element = Trim(value.substr(0, comma));
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    if (element.empty()) continue;
    Refusal refusal;
    if (++entries > kMinPositionEntriesMax) {
      refusal = absl::StrCat("at most ", kMinPositionEntriesMax, " entries");
      value = {};
    } else if (element.find_first_of("/@") != std::string_view::npos) {
      refusal = ParseExplicit(element, log, offsets);
    } else {
      refusal = ParseToken(element, log, offsets);
    }
    if (!refusal.empty()) {
      errors.push_back({std::string(kMinPositionParameter), std::string(element), refusal});
    }
  }
  std::vector<MinOffset> min;
  min.reserve(offsets.size());
  for (const auto& [where, next_offset] : offsets) {
    min.push_back({where.first, static_cast<domain::Topic>(where.second), next_offset});
  }
  return min;
}

}  // namespace tally::query
