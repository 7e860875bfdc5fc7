// How measured times are told: as lines for people, as JSON for bench/run.
#pragma once

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <string>

#include "bench/common/samples.h"

namespace tally::bench {

using JsonWriter = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

// {"count": …, "p50": …, "p90": …, "p99": …, "p999": …, "max": …}, milliseconds.
void WriteMilliseconds(const char* name, const Samples& samples, JsonWriter& json);
void WriteNumber(const char* name, double value, JsonWriter& json);

// "name   p50 …  p90 …  p99 …  max … ms  (n)"
std::string Line(const std::string& name, const Samples& samples);

}  // namespace tally::bench
