// The domain's rules once more, the slow way: recomputed from the whole list of records, without
// incremental state. It shares no code with the fold and is there to disagree with it.
#pragma once

#include "tests/fakes/input_record.h"
#include "tests/fakes/logical_state.h"

namespace tally::domain {

// The state after `history`, of which only the order within a topic matters. Records at an offset
// that is not above all before it in its topic are redeliveries and count for nothing.
LogicalState NaiveState(const History& history);

}  // namespace tally::domain
