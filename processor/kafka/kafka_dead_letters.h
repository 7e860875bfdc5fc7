// DeadLetterSink over librdkafka.
//
// A letter has the original's key, value, headers and timestamp, plus
//   tally-reason     e.g. "missing_field"
//   tally-detail     one sentence for a person
//   tally-topic, tally-partition, tally-offset   where the original is
//   tally-cut        only when something did not fit: "value:1300000,headers:2000,key:70000", what
//                    was cut and its original bytes (cut headers are left out entirely)
// Headers of the original that are named tally-* are dropped: a letter that was sent again to its
// topic and refused again would otherwise carry two sets.
//
// Order: the letters that a topic's partition has are always a prefix of those written to the sink
// (repeats apart), also across failures. DeadLetterTail rests on that. Therefore, when a letter
// fails for good, those behind it in the same partition fail with it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/dead_letters.h"
#include "processor/kafka/client_config.h"
#include "processor/steady_now.h"

namespace tally::kafka {

inline constexpr char kReasonHeader[] = "tally-reason";
inline constexpr char kDetailHeader[] = "tally-detail";
inline constexpr char kTopicHeader[] = "tally-topic";
inline constexpr char kPartitionHeader[] = "tally-partition";
inline constexpr char kOffsetHeader[] = "tally-offset";
inline constexpr char kCutHeader[] = "tally-cut";

// "<topic>.dlq"
std::string DeadLetterTopic(const std::string& topic);

struct DeadLetterOptions {
  std::string topic_prefix;
  size_t queue_letters_max = 1'000;
  size_t queue_bytes_max = size_t{16} << 20;
  // How long a letter may wait for the broker before it is lost (and its shard stops). Time in
  // which the process was stopped does not count, see running_clock.h.
  absl::Duration delivery_timeout = absl::Seconds(120);
  // Largest record batch that the broker takes (max.message.bytes; Kafka's default). Letters are
  // cut to fit; where the broker takes less, they are cut harder once it says so.
  size_t message_bytes_max = 1'048'588;
  // What delivery_timeout is measured by; never jumps. Any thread.
  std::function<absl::Time()> now = &SteadyNow;
};

// Any thread; one thread of its own, which calls Done.
class KafkaDeadLetters : public DeadLetterSink {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaDeadLetters>> Create(const ClientConfig& config,
                                                                  DeadLetterOptions options);
  // Letters still under way get Done(kCancelled). Bounded.
  ~KafkaDeadLetters() override;

  bool Write(const domain::Record& record, const domain::Rejection& rejection, Done done) override;

 private:
  class Impl;
  explicit KafkaDeadLetters(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::kafka
