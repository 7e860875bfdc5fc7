// Where bad input goes: `<topic>.dlq`, same partition, original bytes plus tally-* headers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "processor/domain/decode.h"
#include "processor/domain/record.h"

namespace tally {

class DeadLetterSink {
 public:
  virtual ~DeadLetterSink() = default;

  // Called once per letter from any thread when the broker has acknowledged it (OK) or it is known
  // to be lost (any error, final). Must not block.
  using Done = std::function<void(absl::Status)>;

  // Queues one letter; copies what it needs before it returns. False: the sink's bounded queue is
  // full, nothing was taken, try again later. Letters of one partition are written in the order of
  // the calls. Any thread.
  [[nodiscard]] virtual bool Write(const domain::Record& record, const domain::Rejection& rejection,
                                   Done done) = 0;
};

}  // namespace tally
