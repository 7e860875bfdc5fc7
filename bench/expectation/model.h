// What the events' counts must be, by the rules of the domain in the plainest way: maps, and sums
// made at the end. No code of the daemon is in it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/expectation/hash_set.h"
#include "bench/expectation/records.h"

namespace tally::bench {

// The state of the events of some partitions. One thread.
class Model {
 public:
  explicit Model(size_t registrations) : participants_(registrations) {}

  void Created(const std::string& event_id) { events_[event_id].created = true; }
  // The first of a participant in an event counts, later ones change nothing.
  void Apply(const Registered& record);
  // The last of an (event, channel, distribution id) stands.
  void Apply(const Distributed& record);

  // The answers' lines by event id, those without EventCreated left out.
  void AppendLines(std::map<std::string, std::string>& lines) const;

  size_t events() const { return events_.size(); }
  size_t participants() const { return participants_.size(); }

 private:
  struct Counted {
    int64_t participants = 0;
    int64_t views = 0;
    int64_t amount = 0;
    int64_t cost = 0;
  };
  struct Standing {
    int64_t hour = 0;
    int64_t views = 0;  // 0 unless it was a success
    int64_t cost = 0;
  };
  struct Event {
    bool created = false;
    std::vector<std::pair<std::string, Counted>> registered;  // by channel
    std::unordered_map<int64_t, Counted> registered_hours;
    std::map<std::pair<std::string, std::string>, Standing> distributions;
  };
  static void Add(const Counted& counted, int64_t times, Counted& sum);
  static std::string Line(const std::string& event_id, const Event& event);

  std::unordered_map<std::string, Event> events_;
  HashSet participants_;
  std::string identity_;
};

}  // namespace tally::bench
