// Input: a value of Tally-Min-Position.
#include <string>
#include <utility>

#include "query/position.h"
#include "tests/fuzz/target.h"

namespace tally::fuzz {
namespace {

using query::LogFacts;
using query::MinOffset;

const LogFacts& Log() {
  static const LogFacts log{"cluster-1/sample.", "sample.", 12};
  return log;
}

using Where = std::pair<int32_t, domain::Topic>;
Where WhereOf(const MinOffset& min) { return {min.partition, min.topic}; }

void CheckErrors(const std::vector<query::ParameterError>& errors) {
  for (const query::ParameterError& error : errors) {
    Check(error.parameter == query::kMinPositionParameter, "an error names the parameter");
    Check(!error.allowed.empty(), "an error says what is allowed", error.value);
  }
}

void CheckOffsets(const std::vector<MinOffset>& min) {
  for (size_t i = 0; i < min.size(); ++i) {
    Check(min[i].partition >= 0 && min[i].partition < Log().partition_count,
          "partitions are in range");
    Check(domain::Index(min[i].topic) < domain::kTopicCount, "topics are known");
    Check(min[i].next_offset >= 0, "offsets are not negative");
    Check(i == 0 || WhereOf(min[i - 1]) < WhereOf(min[i]), "ascending, each once");
  }
}

// What `value` asks for, which is accepted.
std::vector<MinOffset> Accepted(std::string_view value) {
  std::vector<query::ParameterError> errors;
  std::vector<MinOffset> min = query::ParseMinPosition(value, Log(), errors);
  Check(errors.empty(), "what was made of a position is one", value);
  return min;
}

bool Same(const MinOffset& a, const MinOffset& b) {
  return WhereOf(a) == WhereOf(b) && a.next_offset == b.next_offset;
}

std::string AsText(const std::vector<MinOffset>& min) {
  std::string text;
  for (const MinOffset& each : min) {
    text += Log().topic_prefix + std::string(domain::TopicSuffix(each.topic)) + "/" +
            std::to_string(each.partition) + "@" + std::to_string(each.next_offset) + ", ";
  }
  return text;
}

query::Position AsPosition(const std::vector<MinOffset>& min) {
  query::Position position;
  for (const MinOffset& each : min) {
    if (position.empty() || position.back().partition != each.partition) {
      position.push_back({each.partition, {}});
    }
    position.back().next_offset[static_cast<size_t>(domain::Index(each.topic))] = each.next_offset;
  }
  return position;
}

}  // namespace
}  // namespace tally::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally::fuzz;
  const std::string_view value = Input(data, size).Rest();
  std::vector<tally::query::ParameterError> errors;
  const auto min = tally::query::ParseMinPosition(value, Log(), errors);
  CheckErrors(errors);
  CheckOffsets(min);
  const auto again = Accepted(AsText(min));
  Check(std::equal(min.begin(), min.end(), again.begin(), again.end(), Same),
        "a position written out is the same", AsText(min));
  const std::string token = tally::query::EncodePosition(AsPosition(min), Log().identity);
  const auto position = AsPosition(Accepted(token));
  Check(position == AsPosition(min), "a token means the position that it was made of", token);
  Check(tally::query::EncodePosition(position, Log().identity) == token, "tokens are stable");
  return 0;
}
