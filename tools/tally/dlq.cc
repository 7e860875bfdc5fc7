#include "tools/tally/dlq.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/tally/encode.h"
#include "tools/tally/letters.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

struct Found {
  LetterCounts counts;
  std::vector<Letter> letters;  // at most details_max
};

// Where every partition of the dead-letter topics begins.
absl::StatusOr<std::vector<PartitionAt>> Places(const DlqListOptions& options,
                                                KafkaSession& session, Console& console) {
  std::vector<std::string> names;
  for (int i = 0; i < domain::kTopicCount; ++i) {
    names.push_back(
        DeadLetterTopic(TopicName(options.kafka.topic_prefix, static_cast<domain::Topic>(i))));
  }
  auto topics = session.admin->DescribeTopics(names, options.kafka.timeout);
  if (!topics.ok()) return topics.status();
  std::vector<PartitionAt> places;
  bool any = false;
  for (const TopicInfo& topic : *topics) {
    if (topic.partitions == 0) {
      console.Message(absl::StrCat("topic ", topic.name, " does not exist"));
      continue;
    }
    any = true;
    auto ranges = session.admin->Ranges(topic.name, topic.partitions, options.kafka.timeout);
    if (!ranges.ok()) return ranges.status();
    for (int32_t partition = 0; partition < topic.partitions; ++partition) {
      const LogRange& range = (*ranges)[static_cast<size_t>(partition)];
      if (range.end > range.begin) places.push_back({topic.name, partition, range.begin});
    }
  }
  if (any) return places;
  return absl::NotFoundError(absl::StrCat("no dead-letter topics of prefix \"",
                                          options.kafka.topic_prefix,
                                          "\"; is --topic-prefix right?"));
}

bool ByPlace(const Letter& a, const Letter& b) {
  return std::tie(a.topic, a.partition, a.offset) < std::tie(b.topic, b.partition, b.offset);
}

// The heap's front is the letter that goes first when there are too many.
void Keep(Letter letter, size_t max, std::vector<Letter>* letters) {
  letters->push_back(std::move(letter));
  std::push_heap(letters->begin(), letters->end(), ByPlace);
  if (letters->size() <= max) return;
  std::pop_heap(letters->begin(), letters->end(), ByPlace);
  letters->pop_back();
}

absl::StatusOr<Found> Find(const DlqListOptions& options, Console& console) {
  auto session = Connect(options.kafka);
  if (!session.ok()) return session.status();
  auto places = Places(options, *session, console);
  if (!places.ok()) return places.status();
  Found found;
  if (places->empty()) return found;
  const auto visit = [&](const PartitionAt& at, const OwnedRecord& record) {
    Letter letter = ReadLetter(at, record);
    if (found.counts.Add(letter) && options.details) {
      Keep(std::move(letter), static_cast<size_t>(options.details_max), &found.letters);
    }
    return true;
  };
  const absl::Status status = session->admin->Read(*places, visit, options.read_timeout);
  if (!status.ok()) return status;
  std::sort_heap(found.letters.begin(), found.letters.end(), ByPlace);
  return found;
}

std::string TimeText(int64_t timestamp_ms) {
  std::string text;
  if (timestamp_ms != domain::kNoTimestamp) AppendTime(timestamp_ms, &text);
  return text;
}

void WriteTables(const Found& found, Console& console) {
  if (found.counts.letters() == 0) {
    console.out << "no dead letters\n";
    return;
  }
  Table table({{"topic"}, {"reason"}, {"letters", Align::kRight}, {"repeated", Align::kRight}});
  for (const auto& [place, row] : found.counts.rows()) {
    table.AddRow({place.first, place.second, GroupDigits(absl::StrCat(row.letters)),
                  GroupDigits(absl::StrCat(row.repeated))});
  }
  console.out << table.Render(console.out_color);
  if (found.letters.empty()) return;
  Table details({{"topic"},
                 {"partition", Align::kRight},
                 {"offset", Align::kRight},
                 {"record time"},
                 {"reason"},
                 {"detail"}});
  for (const Letter& letter : found.letters) {
    const std::string cut = letter.cut.empty() ? "" : absl::StrCat(" (cut: ", letter.cut, ")");
    details.AddRow({letter.topic, absl::StrCat(letter.partition), absl::StrCat(letter.offset),
                    TimeText(letter.timestamp_ms), letter.reason, letter.detail + cut});
  }
  console.out << '\n' << details.Render(console.out_color);
}

void AppendLetterJson(const Letter& letter, std::string* json) {
  json->append("{\"topic\":");
  AppendJsonString(Printable(letter.topic), json);
  absl::StrAppend(json, ",\"partition\":", letter.partition, ",\"offset\":", letter.offset,
                  ",\"timestamp\":");
  const std::string time = TimeText(letter.timestamp_ms);
  if (time.empty()) {
    json->append("null");
  } else {
    AppendJsonString(time, json);
  }
  json->append(",\"reason\":");
  AppendJsonString(Printable(letter.reason), json);
  json->append(",\"detail\":");
  AppendJsonString(Printable(letter.detail), json);
  if (!letter.cut.empty()) {
    json->append(",\"cut\":");
    AppendJsonString(Printable(letter.cut), json);
  }
  json->push_back('}');
}

void WriteJson(const DlqListOptions& options, const Found& found, Console& console) {
  std::string json = absl::StrCat("{\"deadLetters\":", found.counts.letters(), ",\"reasons\":[");
  bool first = true;
  for (const auto& [place, row] : found.counts.rows()) {
    json.append(first ? "{\"topic\":" : ",{\"topic\":");
    first = false;
    AppendJsonString(Printable(place.first), &json);
    json.append(",\"reason\":");
    AppendJsonString(Printable(place.second), &json);
    absl::StrAppend(&json, ",\"letters\":", row.letters, ",\"repeated\":", row.repeated, "}");
  }
  json.push_back(']');
  if (options.details) {
    json.append(",\"letters\":[");
    for (const Letter& letter : found.letters) {
      if (&letter != found.letters.data()) json.push_back(',');
      AppendLetterJson(letter, &json);
    }
    json.push_back(']');
  }
  console.out << json << "}\n";
}

}  // namespace

int RunDlqList(const DlqListOptions& options, Console& console) {
  auto found = Find(options, console);
  if (!found.ok()) {
    console.Message(std::string(found.status().message()));
    return kFailure;
  }
  if (options.json) {
    WriteJson(options, *found, console);
  } else {
    WriteTables(*found, console);
  }
  const auto shown = static_cast<int64_t>(found->letters.size());
  if (options.details && shown < found->counts.letters()) {
    console.Message(absl::StrCat("only the first ", shown, " of ", found->counts.letters(),
                                 " letters are shown; raise --limit"));
  }
  return kOk;
}

}  // namespace tally::cli
