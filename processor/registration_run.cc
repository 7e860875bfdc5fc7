#include "processor/registration_run.h"

namespace tally {

void RegistrationRun::Decode(std::span<const domain::Record> records, int64_t from,
                             domain::Decoder& decoder) {
  Clear();
  domain::ParticipantRegistered event;
  for (const domain::Record& record : records) {
    if (size_ == events_.size() || record.topic != domain::Topic::kParticipantRegistered ||
        record.offset < from || decoder.Decode(record, event)) {
      return;
    }
    Keep(event, record.offset);
  }
}

// The decoder's bytes are overwritten by the next record.
void RegistrationRun::Keep(const domain::ParticipantRegistered& event, int64_t offset) {
  std::string& text = texts_[size_];
  text.assign(event.event_id);
  text.append(event.participant_id);
  text.append(event.channel);
  const std::string_view all = text;
  domain::ParticipantRegistered& kept = events_[size_];
  kept = event;
  kept.event_id = all.substr(0, event.event_id.size());
  kept.participant_id = all.substr(event.event_id.size(), event.participant_id.size());
  kept.channel = all.substr(event.event_id.size() + event.participant_id.size());
  offsets_[size_++] = offset;
}

}  // namespace tally
