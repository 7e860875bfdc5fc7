// The sample data set: three events of two users, 180 participants. Pure and constant, so that
// tests can compare what Tally shows with what went in.
#pragma once

#include <string_view>
#include <vector>

#include "processor/domain/events.h"
#include "tools/tally/outgoing_record.h"

namespace tally::cli {

// 3 event.created, 3 distribution.completed and 180 participant.registered records, JSON with its
// content-type header, key = eventId, without record timestamps (the time of sending).
std::vector<OutgoingRecord> SampleData(std::string_view topic_prefix);

// The greatest time that a record of it names. A record must not be sent with a timestamp of more
// than a day before (only a machine whose clock is wrong would).
domain::Millis SampleDataLatestTime();

}  // namespace tally::cli
