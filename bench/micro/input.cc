#include "bench/micro/input.h"

#include <cstdlib>

#include "processor/domain/decode.h"
#include "tools/tally/encode.h"

namespace tally::bench {
namespace {

constexpr domain::Millis kStart = 1'767'225'600'000;  // 2026-01-01

std::string_view Keep(std::string_view text, std::deque<std::string>& texts) {
  return texts.emplace_back(text);
}

}  // namespace

cli::SyntheticOptions DefaultLoad(int64_t participants) {
  cli::SyntheticOptions load;
  load.events = 10'000;
  load.participants = participants;
  load.skew = 1;
  load.start = kStart;
  load.span = int64_t{7} * 86'400'000;
  return load;
}

Records::Records(const cli::SyntheticOptions& options, domain::Topic topic, size_t count) {
  content_type_ = {cli::kContentTypeHeader, options.format == cli::Format::kJson
                                                ? cli::kJsonContentType
                                                : cli::kProtobufContentType};
  cli::SyntheticLoad load(options);
  cli::OutgoingRecord made;
  while (records_.size() < count && load.Next(&made)) {
    if (made.topic != options.topic_prefix + std::string(domain::TopicSuffix(topic))) continue;
    domain::Record record;
    record.topic = topic;
    record.offset = static_cast<int64_t>(records_.size());
    record.timestamp_ms = made.timestamp_ms;
    record.key = Keep(*made.key, texts_);
    record.value = Keep(*made.value, texts_);
    record.headers = {&content_type_, 1};
    bytes_ += static_cast<int64_t>(made.value->size());
    records_.push_back(record);
  }
}

Registrations::Registrations(int64_t count) {
  const Records records(DefaultLoad(count), domain::Topic::kParticipantRegistered,
                        static_cast<size_t>(count));
  domain::Decoder decoder({});
  for (const auto& record : records.all()) {
    domain::ParticipantRegistered event;
    if (decoder.Decode(record, event)) std::abort();
    event.event_id = Keep(event.event_id, texts_);
    event.participant_id = Keep(event.participant_id, texts_);
    event.channel = Keep(event.channel, texts_);
    events_.push_back(event);
  }
}

}  // namespace tally::bench
