// Events as a producer would send them, in both encodings.
#pragma once

#include <string>

#include "processor/domain/events.h"

namespace tally::fuzz {

std::string ToJson(const domain::EventCreated& event);
std::string ToJson(const domain::ParticipantRegistered& event);
std::string ToJson(const domain::DistributionCompleted& event);

std::string ToProtobuf(const domain::EventCreated& event);
std::string ToProtobuf(const domain::ParticipantRegistered& event);
std::string ToProtobuf(const domain::DistributionCompleted& event);

}  // namespace tally::fuzz
