#include "processor/log_proof.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/domain/record_hash.h"
#include "processor/remedy.h"

namespace tally {
namespace {

LastRecord Remember(const OwnedRecord& record) {
  return {record.offset, domain::RecordHash(record.key, record.value, record.timestamp_ms)};
}

// One record to be read again.
struct Sample {
  size_t question = 0;
  size_t topic = 0;
  LastRecord remembered;  // unknown: whatever is there is wanted
  PartitionAt place;
};

class Comparing {
 public:
  Comparing(LogAdmin& admin, const std::string& prefix, std::span<const LogQuestion> questions,
            absl::Duration timeout)
      : admin_(admin),
        prefix_(prefix),
        questions_(questions),
        timeout_(timeout),
        answers_(questions.size()) {
    for (auto& answer : answers_) answer.status = absl::OkStatus();
  }

  std::vector<LogAnswer> Run() {
    std::vector<Sample> last, proved;
    for (size_t i = 0; i < questions_.size(); ++i) {
      const auto& [partition, next, remembered] = questions_[i];
      for (size_t topic = 0; topic < next.size(); ++topic) {
        const LastRecord& newest = remembered.last[topic];
        if (newest.known() || next[topic] > 0) last.push_back(At(i, topic, newest));
        const LastRecord& older = remembered.proved[topic];
        if (older.known() && older != newest) proved.push_back(At(i, topic, older));
      }
    }
    Look(last);
    Look(proved);
    return std::move(answers_);
  }

 private:
  Sample At(size_t question, size_t topic, const LastRecord& remembered) const {
    const LogQuestion& asked = questions_[question];
    return {.question = question,
            .topic = topic,
            .remembered = remembered,
            .place = {.topic = prefix_ + std::string(TopicSuffix(domain::kTopics[topic])),
                      .partition = asked.partition,
                      .offset = remembered.known() ? remembered.offset : asked.next[topic] - 1}};
  }

  void Look(std::span<const Sample> samples) {
    std::vector<PartitionAt> places;
    for (const Sample& sample : samples) places.push_back(sample.place);
    const auto found = admin_.ReadAt(places, timeout_);
    for (size_t i = 0; i < samples.size(); ++i) {
      if (found.ok()) {
        Judge(samples[i], (*found)[i]);
      } else {
        answers_[samples[i].question].status.Update(NotRead(found.status()));
      }
    }
  }

  // kDataLoss and kOutOfRange are judgements, of one topic; a batch that cannot be read is none.
  static absl::Status NotRead(const absl::Status& why) {
    if (!absl::IsDataLoss(why) && !absl::IsOutOfRange(why)) return why;
    return absl::UnavailableError(why.message());
  }

  void Judge(const Sample& sample, const RecordAt& at) {
    LogAnswer& answer = answers_[sample.question];
    if (!sample.remembered.known()) {
      if (at.record && at.record->offset == sample.place.offset) {
        answer.found[sample.topic] = Remember(*at.record);
      }
      return;
    }
    const Comparison comparison = Compare(sample.remembered, at);
    ++answer.comparisons[static_cast<size_t>(comparison)];
    if (sample.remembered == questions_[sample.question].remembered.last[sample.topic]) {
      answer.of_last[sample.topic] = comparison;
    }
    const PartitionAt& place = sample.place;
    if (comparison == Comparison::kUnjudged) {
      answer.unjudged.push_back(absl::StrCat(place.topic, "/", place.partition,
                                             " has no record at offset ", place.offset,
                                             " any more, where one was read, but later ones"));
    } else if (comparison == Comparison::kDifferent) {
      answer.status = AnotherLog(place.topic, place.partition, place.offset);
    } else if (comparison == Comparison::kShort && !absl::IsDataLoss(answer.status)) {
      answer.status = ShortLog(place.topic, place.partition, place.offset + 1, at.range.end);
    }
  }

  LogAdmin& admin_;
  const std::string& prefix_;
  const std::span<const LogQuestion> questions_;
  const absl::Duration timeout_;
  std::vector<LogAnswer> answers_;
};

}  // namespace

Comparison Compare(const LastRecord& remembered, const RecordAt& at) {
  if (remembered.offset < at.range.begin) return Comparison::kGone;
  if (remembered.offset >= at.range.end) return Comparison::kShort;
  if (!at.record || at.record->offset != remembered.offset) return Comparison::kUnjudged;
  return Remember(*at.record) == remembered ? Comparison::kSame : Comparison::kDifferent;
}

std::vector<LogAnswer> CompareWithLog(LogAdmin& admin, const std::string& prefix,
                                      std::span<const LogQuestion> questions,
                                      absl::Duration timeout) {
  return Comparing(admin, prefix, questions, timeout).Run();
}

}  // namespace tally
