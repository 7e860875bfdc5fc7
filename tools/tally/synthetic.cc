#include "tools/tally/synthetic.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "processor/domain/aggregate.h"
#include "tools/tally/encode.h"

namespace tally::cli {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"우리동네TV", "지니TV", "링고비즈", "SNS"};
constexpr std::array<std::string_view, 4> kTypes = {"TV", "TV", "CALL", "SNS"};
constexpr domain::Hundredths kWon = 100;
constexpr domain::Millis kHour = 3'600'000;
constexpr int64_t kDistributionRecordsMax = 50'000'000;

// What a random number is drawn for: every draw is a function of seed, purpose and index, so that
// a record can be made again without remembering it.
enum class Purpose : uint64_t {
  kEvent,
  kRegistration,
  kChanged,
  kCreated,
  kViews,
  kResent,
  kAgain,
  kHot
};

uint64_t Mix(uint64_t x) {  // the finalizer of SplitMix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

uint64_t Random(uint64_t seed, Purpose purpose, uint64_t index) {
  return Mix(Mix(seed ^ (static_cast<uint64_t>(purpose) << 56)) + index);
}

int64_t Below(uint64_t random, int64_t n) {
  return static_cast<int64_t>(static_cast<domain::Uint128>(random) * static_cast<uint64_t>(n) >>
                              64);
}

// True for the fraction `share` of all random numbers.
bool Chance(uint64_t random, double share) {
  constexpr uint64_t kSteps = uint64_t{1} << 53;  // as many as a double tells apart
  return static_cast<double>(random % kSteps) < share * static_cast<double>(kSteps);
}

int64_t Share(int64_t total, double fraction) {
  return static_cast<int64_t>(std::floor(static_cast<double>(total) * fraction));
}

void SetId(uint64_t seed, std::string_view kind, int64_t number, std::string* id) {
  char digits[24];
  id->assign("g");
  id->append(digits, std::to_chars(digits, digits + sizeof digits, seed).ptr);
  id->append(kind);
  id->append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

template <typename Number>
absl::Status CheckRange(std::string_view flag, Number value, Number min, Number max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", std::string(flag), " ", value, ": allowed is ", min, " to ", max));
}

void Encode(const auto& event, Format format, std::string* value) {
  value->clear();
  if (format == Format::kJson) {
    AppendJson(event, value);
  } else {
    AppendProtobuf(event, value);
  }
}

}  // namespace

absl::Status Check(const SyntheticOptions& options) {
  const std::array<absl::Status, 10> checks = {
      CheckRange<int64_t>("events", options.events, 1, 10'000'000),
      CheckRange<int64_t>("users", options.users, 0, std::max<int64_t>(options.events, 1)),
      CheckRange<int64_t>("participants", options.participants, 0, 10'000'000'000),
      CheckRange<int64_t>("channels", options.channels, 1, 2000),
      CheckRange<int64_t>("distributions", options.distributions, 0, 100),
      CheckRange("duplicates", options.duplicates, 0.0, 10.0),
      CheckRange("resent", options.resent, 0.0, 10.0),
      CheckRange("skew", options.skew, 0.0, 5.0),
      CheckRange("hot-share", options.hot_share, 0.0, 1.0),
      CheckRange<int64_t>("days", options.span / 86'400'000, 1, 3660),
  };
  for (const absl::Status& status : checks) {
    if (!status.ok()) return status;
  }
  if (options.events * options.distributions > kDistributionRecordsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--events times --distributions is more than ", kDistributionRecordsMax));
  }
  return absl::OkStatus();
}

Zipf::Zipf(int64_t n, double exponent)
    : threshold_(static_cast<size_t>(n)), alias_(static_cast<size_t>(n)) {
  std::vector<double> weight(static_cast<size_t>(n));
  double sum = 0;
  for (size_t i = 0; i < weight.size(); ++i) {
    weight[i] = std::pow(static_cast<double>(i + 1), -exponent);
    sum += weight[i];
  }
  std::vector<uint32_t> small;
  std::vector<uint32_t> large;
  for (size_t i = 0; i < weight.size(); ++i) {
    weight[i] *= static_cast<double>(n) / sum;
    alias_[i] = static_cast<uint32_t>(i);
    (weight[i] < 1 ? small : large).push_back(static_cast<uint32_t>(i));
  }
  constexpr auto kFull = std::numeric_limits<uint32_t>::max();
  while (!small.empty() && !large.empty()) {
    const uint32_t low = small.back();
    const uint32_t high = large.back();
    small.pop_back();
    threshold_[low] = static_cast<uint32_t>(weight[low] * kFull);
    alias_[low] = high;
    weight[high] -= 1 - weight[low];
    if (weight[high] < 1) {
      large.pop_back();
      small.push_back(high);
    }
  }
  for (const uint32_t i : small) threshold_[i] = kFull;
  for (const uint32_t i : large) threshold_[i] = kFull;
}

int64_t Zipf::Draw(uint64_t random) const {
  const auto slot = static_cast<size_t>(Below(random, static_cast<int64_t>(alias_.size())));
  // The slot took the high bits; a second mix gives independent ones.
  const auto toss = static_cast<uint32_t>(Mix(random));
  return toss <= threshold_[slot] ? static_cast<int64_t>(slot) : alias_[slot];
}

SyntheticLoad::SyntheticLoad(const SyntheticOptions& options)
    : options_(options), zipf_(options.events, options.skew) {
  if (options_.users == 0) options_.users = std::max<int64_t>(1, options_.events / 10);
  for (int64_t i = 0; i < options_.channels; ++i) {
    channel_names_.push_back(i < 4 ? std::string(kNames[static_cast<size_t>(i)])
                                   : absl::StrCat("채널 ", i + 1));
  }
  for (int i = 0; i < domain::kTopicCount; ++i) {
    topics_[i] =
        options_.topic_prefix + std::string(domain::TopicSuffix(static_cast<domain::Topic>(i)));
  }
  distributions_total_ = options_.events * options_.distributions;
  resent_total_ = Share(options_.events + distributions_total_, options_.resent);
  duplicates_total_ = Share(options_.participants, options_.duplicates);
  total_ = options_.events + distributions_total_ + resent_total_ + options_.participants +
           duplicates_total_;
  created_version_.resize(static_cast<size_t>(options_.events));
  distribution_version_.resize(static_cast<size_t>(distributions_total_));
}

bool SyntheticLoad::Next(OutgoingRecord* record) {
  const int64_t done = participants_sent_;
  if (created_sent_ < options_.events) {
    Created(created_sent_++, record);
  } else if (Before(distributions_sent_, distributions_total_, done + 1)) {
    Distributed(distributions_sent_++, record);
  } else if (Before(resent_sent_, resent_total_, done)) {
    Resent(record);
    ++resent_sent_;
  } else if (Before(duplicates_sent_, duplicates_total_, done)) {
    Duplicate(record);
    ++duplicates_sent_;
  } else if (done < options_.participants) {
    Registered(participants_sent_++, false, record);
  } else {
    return false;
  }
  record->timestamp_ms = Now();
  return true;
}

// Whether fewer than their share were sent by the time that `done` participants were.
bool SyntheticLoad::Before(int64_t sent, int64_t total, int64_t done) const {
  if (sent >= total) return false;
  if (done >= options_.participants) return true;
  return static_cast<domain::Int128>(sent + 1) * options_.participants <=
         static_cast<domain::Int128>(total) * done;
}

domain::Millis SyntheticLoad::TimeAt(int64_t step, int64_t steps) const {
  const auto passed =
      static_cast<domain::Int128>(options_.span) * step / std::max<int64_t>(steps, 1);
  return options_.start + static_cast<domain::Millis>(passed);
}

domain::Millis SyntheticLoad::Now() const {
  if (options_.participants == 0) return TimeAt(distributions_sent_, distributions_total_ + 1);
  return TimeAt(std::max<int64_t>(participants_sent_ - 1, 0), options_.participants);
}

int64_t SyntheticLoad::EventOf(int64_t participant) const {
  const auto index = static_cast<uint64_t>(participant);
  if (options_.hot_share > 0 &&
      Chance(Random(options_.seed, Purpose::kHot, index), options_.hot_share)) {
    return 0;
  }
  return zipf_.Draw(Random(options_.seed, Purpose::kEvent, index));
}

void SyntheticLoad::SetEventId(int64_t event) {
  SetId(options_.seed, "-evt-", event + 1, &event_id_);
}

template <typename Event>
void SyntheticLoad::Fill(domain::Topic topic, const Event& event, OutgoingRecord* record) {
  record->topic = topics_[domain::Index(topic)];
  record->partition.reset();
  if (!record->key) record->key.emplace();
  record->key->assign(event.event_id);
  if (!record->value) record->value.emplace();
  Encode(event, options_.format, &*record->value);
  record->headers.resize(1);
  auto& [name, content_type] = record->headers[0];
  name.assign(kContentTypeHeader);
  if (!content_type) content_type.emplace();
  content_type->assign(options_.format == Format::kJson ? kJsonContentType : kProtobufContentType);
}

void SyntheticLoad::Created(int64_t event, OutgoingRecord* record) {
  const uint32_t version = created_version_[static_cast<size_t>(event)];
  const uint64_t random = Random(options_.seed, Purpose::kCreated, static_cast<uint64_t>(event));
  // Every fourth version moves the event to another user.
  const int64_t user = (event + version / 4) % options_.users;
  SetEventId(event);
  SetId(options_.seed, "-user-", user + 1, &other_id_);
  title_ = absl::StrCat("이벤트 ", event + 1);
  if (version > 0) absl::StrAppend(&title_, " (", version, "차 수정)");
  domain::EventCreated created;
  created.event_id = event_id_;
  created.user_id = other_id_;
  created.event_title = title_;
  created.status = random % 8 == 0 ? "ENDED" : domain::kDefaultEventStatus;
  created.start = options_.start;
  created.end = options_.start + options_.span;
  created.created_at = options_.start;
  created.total_investment = (Below(random, 100) + 1) * 100'000 * kWon;
  created.expected_revenue = (Below(Mix(random), 300) + 1 + version) * 100'000 * kWon;
  created.target_roi = (random % 5 + 1) * 50 * 100;
  Fill(domain::Topic::kEventCreated, created, record);
}

void SyntheticLoad::Distributed(int64_t index, OutgoingRecord* record) {
  const uint32_t version = distribution_version_[static_cast<size_t>(index)];
  const uint64_t base = Random(options_.seed, Purpose::kViews, static_cast<uint64_t>(index));
  SetEventId(index % options_.events);
  distribution_id_ = absl::StrCat("d", index / options_.events + 1);
  distribution_.event_id = event_id_;
  distribution_.completed_at = TimeAt(index, distributions_total_) + version % 12 * kHour;
  distribution_.channels.resize(channel_names_.size());
  for (size_t i = 0; i < channel_names_.size(); ++i) {
    const uint64_t random = Mix(base + i);
    domain::ChannelDistribution& channel = distribution_.channels[i];
    channel.channel = channel_names_[i];
    channel.channel_type = i < kTypes.size() ? kTypes[i] : "ETC";
    channel.status = random % 10 == 0 ? "FAILED" : domain::kSuccessStatus;
    channel.distribution_id = distribution_id_;
    channel.expected_views = (Below(random, 100) + 1) * 100 + version;
    channel.distribution_cost = Below(Mix(random), 20) * 50'000 * kWon;
  }
  Fill(domain::Topic::kDistributionCompleted, distribution_, record);
}

void SyntheticLoad::Registered(int64_t participant, bool changed, OutgoingRecord* record) {
  const uint64_t random =
      Random(options_.seed, changed ? Purpose::kChanged : Purpose::kRegistration,
             static_cast<uint64_t>(participant));
  SetEventId(EventOf(participant));
  SetId(options_.seed, "-p", participant + 1, &other_id_);
  domain::ParticipantRegistered registered;
  registered.event_id = event_id_;
  registered.participant_id = other_id_;
  registered.channel = channel_names_[static_cast<size_t>(Below(random, options_.channels))];
  registered.registered_at = TimeAt(participant, options_.participants);
  if (random % 5 == 0) {
    registered.purchase_amount = (Below(Mix(random), 1000) + 1) * 100 * kWon;
  }
  Fill(domain::Topic::kParticipantRegistered, registered, record);
}

void SyntheticLoad::Resent(OutgoingRecord* record) {
  const uint64_t random =
      Random(options_.seed, Purpose::kResent, static_cast<uint64_t>(resent_sent_));
  const bool changed = resent_sent_ % 2 == 1;
  const int64_t target = Below(random, options_.events + distributions_sent_);
  if (target < options_.events) {
    if (changed) ++created_version_[static_cast<size_t>(target)];
    Created(target, record);
  } else {
    const int64_t index = target - options_.events;
    if (changed) ++distribution_version_[static_cast<size_t>(index)];
    Distributed(index, record);
  }
}

void SyntheticLoad::Duplicate(OutgoingRecord* record) {
  const uint64_t random =
      Random(options_.seed, Purpose::kAgain, static_cast<uint64_t>(duplicates_sent_));
  Registered(Below(random, participants_sent_), duplicates_sent_ % 2 == 1, record);
}

}  // namespace tally::cli
