// Whole commands, as typed, against librdkafka's in-process cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "processor/domain/partitioner.h"
#include "processor/kafka/embedded_cluster.h"
#include "processor/kafka/kafka_log_admin.h"
#include "processor/kafka/producer.h"
#include "tools/tally/cli.h"
#include "tools/tally/sample_data.h"

namespace tally::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int32_t kPartitions = 3;
constexpr absl::Duration kTimeout = absl::Seconds(30);
constexpr const char* kTopics[] = {"sample.event.created", "sample.participant.registered",
                                   "sample.distribution.completed"};

struct Ended {
  int code;
  std::string out;
  std::string err;
};

Ended Type(const std::vector<std::string>& args, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err};
  const int code = RunTally(args, console);
  return {code, out.str(), err.str()};
}

// A file of this process that is gone with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    path_ = ::testing::TempDir() + "tally_command_test_" + std::to_string(::getpid()) + ".jsonl";
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class CommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto cluster = kafka::EmbeddedCluster::Start();
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    for (const char* topic : kTopics) {
      ASSERT_TRUE(cluster_->CreateTopic(topic, kPartitions).ok());
      ASSERT_TRUE(cluster_->CreateTopic(absl::StrCat(topic, ".dlq"), kPartitions).ok());
    }
    config_.brokers = cluster_->brokers();
    config_.embedded = true;
  }

  Ended RunWithKafka(std::vector<std::string> args, const std::string& input = "") {
    args.insert(args.end(), {"--brokers", cluster_->brokers()});
    return Type(args, input);
  }

  // All records of a topic, by partition.
  std::map<int32_t, std::vector<OwnedRecord>> ReadTopic(const std::string& topic) {
    auto admin = kafka::KafkaLogAdmin::Create(config_);
    EXPECT_TRUE(admin.ok());
    std::vector<PartitionAt> from;
    for (int32_t p = 0; p < kPartitions; ++p) from.push_back({topic, p, 0});
    std::map<int32_t, std::vector<OwnedRecord>> records;
    const auto status = (*admin)->Read(
        from,
        [&](const PartitionAt& at, const OwnedRecord& record) {
          records[at.partition].push_back(record);
          return true;
        },
        kTimeout);
    EXPECT_TRUE(status.ok()) << status;
    return records;
  }

  std::vector<OwnedRecord> All(const std::string& topic) {
    std::vector<OwnedRecord> all;
    for (auto& [partition, records] : ReadTopic(topic)) {
      all.insert(all.end(), records.begin(), records.end());
    }
    return all;
  }

  std::unique_ptr<kafka::EmbeddedCluster> cluster_;
  kafka::ClientConfig config_;
};

std::string Line(const std::string& key, const std::string& value) {
  return absl::StrCat(R"({"topic":"sample.event.created","key":")", key, R"(","value":)", value,
                      "}\n");
}

TEST_F(CommandTest, LoadSampleSendsTheDataSet) {
  const Ended ended = RunWithKafka({"load-sample"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("sample.participant.registered      180\n"));
  EXPECT_THAT(ended.out, HasSubstr("total                              186\n"));
  EXPECT_EQ(All(kTopics[0]).size(), 3u);
  EXPECT_EQ(All(kTopics[2]).size(), 3u);

  std::map<std::string, std::vector<std::string>> sent;
  std::map<std::string, std::vector<std::string>> found;
  for (const OutgoingRecord& record : SampleData("sample.")) {
    if (record.topic == kTopics[1]) sent[*record.key].push_back(*record.value);
  }
  for (const OwnedRecord& record : All(kTopics[1])) {
    found[*record.key].push_back(*record.value);
    ASSERT_EQ(record.headers.size(), 1u);
    EXPECT_EQ(record.headers[0].first, "content-type");
    EXPECT_EQ(record.headers[0].second, "application/json");
  }
  EXPECT_EQ(found, sent);
}

TEST_F(CommandTest, ThePositionsSaidAreTheLogsEnds) {
  const Ended ended = RunWithKafka({"load-sample"});
  const size_t at = ended.out.find("Tally-Min-Position: ");
  ASSERT_NE(at, std::string::npos);
  std::string positions = ended.out.substr(at + 20);
  positions.pop_back();
  std::map<std::string, int64_t> said;
  for (const auto entry : absl::StrSplit(positions, ',')) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(entry, '@');
    said[parts.first] = std::stoll(parts.second);
  }
  std::map<std::string, int64_t> ends;
  for (const char* topic : kTopics) {
    for (const auto& [partition, records] : ReadTopic(topic)) {
      ends[absl::StrCat(topic, "/", partition)] = records.back().offset + 1;
    }
  }
  EXPECT_EQ(said, ends);
}

TEST_F(CommandTest, PlacesKeysAsTheDaemonExpects) {
  ASSERT_EQ(RunWithKafka({"load-sample"}).code, 0);
  for (const auto& [partition, records] : ReadTopic(kTopics[1])) {
    for (const OwnedRecord& record : records) {
      EXPECT_EQ(partition,
                domain::PartitionOf(domain::Partitioner::kMurmur2, *record.key, kPartitions));
    }
  }
}

TEST_F(CommandTest, LoadSendsLinesAsTheyStand) {
  const TemporaryFile file(Line("evt-1", R"({ "eventId" : "evt-1",  "n":1.50 })") + "\n" +
                           Line("evt-1", "\"plain\"") + Line("evt-1", "null") +
                           "{\"topic\":\"sample.event.created\",\"key\":\"evt-1\",\"value\":{},"
                           "\"timestamp\":1767193200000,"
                           "\"headers\":{\"a\":\"b\",\"n\":null}}\n");
  const Ended ended = RunWithKafka({"load", file.path()});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, Not(HasSubstr("\r")));
  const auto records = All(kTopics[0]);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].value, R"({ "eventId" : "evt-1",  "n":1.50 })");
  EXPECT_EQ(records[1].value, "plain");
  EXPECT_EQ(records[2].value, std::nullopt);
  EXPECT_EQ(records[3].timestamp_ms, 1'767'193'200'000);
  ASSERT_EQ(records[3].headers.size(), 2u);
  EXPECT_EQ(records[3].headers[1].second, std::nullopt);
}

TEST_F(CommandTest, ABadLineStopsTheLoad) {
  const std::string input = Line("a", "{}") + Line("b", "{}") + "oops\n" + Line("c", "{}");
  const Ended ended = RunWithKafka({"load", "-"}, input);
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("line 3: not JSON"));
  EXPECT_THAT(ended.err, HasSubstr("2 records had been sent before"));
  EXPECT_EQ(All(kTopics[0]).size(), 2u);
}

TEST_F(CommandTest, ALineThatCannotBeSentIsNamed) {
  struct Case {
    const char* line;
    const char* says;
  };
  constexpr Case kCases[] = {
      {R"({"topic":"sample.event.create","key":"k","value":{}})",
       "line 1: topic sample.event.create does not exist"},
      {R"({"topic":"sample.event.created","key":"k","value":{},"partition":3})",
       "line 1: partition 3: sample.event.created has 3"},
  };
  for (const Case& row : kCases) {
    const Ended ended = RunWithKafka({"load", "-"}, row.line);
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr(row.says));
    EXPECT_THAT(ended.err, HasSubstr("nothing had been sent"));
  }
}

TEST_F(CommandTest, TheEmbeddedBrokerTakesNoMoreThanFits) {
  const std::string value = absl::StrCat("{\"x\":\"", std::string(500'000, 'x'), "\"}");
  std::string lines;
  for (int i = 0; i < 9; ++i) lines += Line("evt-1", value);
  // A file is looked at before anything is sent.
  const TemporaryFile file(lines);
  const Ended refused = RunWithKafka({"load", file.path()});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("does not fit into the embedded broker"));
  EXPECT_TRUE(All(kTopics[0]).empty());
  // Standard input cannot be: it stops in time.
  const Ended stopped = RunWithKafka({"load", "-"}, lines);
  EXPECT_EQ(stopped.code, 1);
  EXPECT_THAT(stopped.err, HasSubstr("line 9: this does not fit into the embedded broker"));
  EXPECT_EQ(All(kTopics[0]).size(), 8u);
  // What stands there counts.
  const Ended again = RunWithKafka({"load", "-"}, Line("evt-1", value));
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("nothing had been sent"));
  EXPECT_EQ(RunWithKafka({"generate", "--participants", "200000"}).code, 1);
}

TEST_F(CommandTest, GenerateSendsWhatItWrites) {
  const std::vector<std::string> load = {
      "generate", "--events", "10",  "--participants", "200",      "--seed", "7", "--duplicates",
      "0.5",      "--resent", "0.5", "--format",       "protobuf", "--skew", "1"};
  std::vector<std::string> to_file = load;
  to_file.insert(to_file.end(), {"--output", "-"});
  const Ended written = Type(to_file);
  ASSERT_EQ(written.code, 0) << written.err;
  EXPECT_THAT(written.err, HasSubstr("330 records written"));
  ASSERT_EQ(RunWithKafka({"load", "-"}, written.out).code, 0);
  const auto loaded = ReadTopic(kTopics[1]);
  ASSERT_EQ(RunWithKafka(load).code, 0);
  for (const auto& [partition, records] : ReadTopic(kTopics[1])) {
    const size_t half = records.size() / 2;
    ASSERT_EQ(loaded.at(partition).size(), half);
    for (size_t i = 0; i < half; ++i) {
      EXPECT_EQ(records[i].value, records[half + i].value);
      EXPECT_EQ(records[i].timestamp_ms, records[half + i].timestamp_ms);
      EXPECT_EQ(records[i].headers, records[half + i].headers);
    }
  }
}

TEST_F(CommandTest, TopicsCreateLeavesTopicsAlone) {
  const Ended same = RunWithKafka({"topics", "create", "--partitions", "3"});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_THAT(same.out, HasSubstr("sample.event.created.dlq"));
  EXPECT_THAT(same.out, Not(HasSubstr("created\n\n")));
  const Ended other = RunWithKafka({"topics", "create"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("exists with 3 partitions, not 12"));
}

TEST_F(CommandTest, DlqListCountsByReason) {
  EXPECT_EQ(RunWithKafka({"dlq", "list"}).out, "no dead letters\n");
  auto producer = kafka::Producer::Create(config_, {});
  ASSERT_TRUE(producer.ok());
  const auto write = [&](const char* reason, const char* offset) {
    kafka::ProducerRecord letter;
    letter.topic = "sample.event.created.dlq";
    letter.partition = 1;
    letter.key = "k";
    letter.headers = {{"tally-reason", reason},
                      {"tally-detail", "because\x1b[2J"},
                      {"tally-topic", kTopics[0]},
                      {"tally-partition", "1"},
                      {"tally-offset", offset}};
    ASSERT_TRUE((*producer)->Send(letter).ok());
  };
  write("undecodable", "5");
  write("missing_field", "7");
  write("missing_field", "6");
  write("missing_field", "7");
  ASSERT_TRUE((*producer)->Flush(kTimeout).ok());

  const Ended table = RunWithKafka({"dlq", "list"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(table.out,
            "topic                 reason         letters  repeated\n"
            "sample.event.created  missing_field        2         1\n"
            "sample.event.created  undecodable          1         0\n");
  const Ended details = RunWithKafka({"dlq", "list", "--details", "--limit", "2"});
  EXPECT_THAT(details.out, HasSubstr("undecodable    because\xef\xbf\xbd[2J\n"));
  EXPECT_THAT(details.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(details.err, HasSubstr("only the first 2 of 3"));
  const Ended json = RunWithKafka({"dlq", "list", "--json"});
  EXPECT_EQ(json.out,
            "{\"deadLetters\":3,\"reasons\":[{\"topic\":\"sample.event.created\",\"reason\":"
            "\"missing_field\",\"letters\":2,\"repeated\":1},{\"topic\":\"sample.event.created\","
            "\"reason\":\"undecodable\",\"letters\":1,\"repeated\":0}]}\n");
}

TEST(CommandLine, MistakesAreUsageErrors) {
  const std::vector<std::vector<std::string>> kCases = {
      {},
      {"nonsense"},
      {"load"},
      {"load", "file"},
      {"load-sample", "--brokers"},
      {"load-sample", "--brokers", "b", "--partitioner", "random"},
      {"load-sample", "--brokers", "b", "--kafka-config", "novalue"},
      {"load-sample", "--brokers", "b", "--kafka-config", "sasl.password=hunter2"},
      {"load-sample", "--brokers", "b", "--kafka-config=a=b;ssl.key.password=hunter2"},
      {"load-sample", "--brokers", "b", "--kafka-config-file", "/does/not/exist"},
      {"load-sample", "--brokers", "b", "--unknown"},
      {"topics"},
      {"topics", "create", "--brokers", "b", "--partitions", "0"},
      {"topics", "create", "--brokers", "b", "--partitions", "many"},
      {"generate"},
      {"generate", "--output", "-", "--start", "yesterday"},
      {"generate", "--output", "-", "--events", "0"},
      {"generate", "--output", "-", "--format", "xml"},
      {"generate", "--output", "-", "--rate", "-1"},
      {"get"},
      {"get", "shop", "1"},
      {"get", "event"},
      {"get", "event", ""},
      {"get", "event", "e", "--page", "1"},
      {"get", "event", "e", "--start-date", "2026-01-01"},
      {"get", "event", "e", "--server", "nonsense"},
      {"inspect"},
      {"inspect", "--data-dir", "d", "--event", "e", "--scan"},
      {"dlq"},
      {"dlq", "list"},
  };
  for (const auto& args : kCases) {
    const Ended ended = Type(args);
    std::string typed = "tally";
    for (const std::string& arg : args) typed += " " + arg;
    EXPECT_EQ(ended.code, 2) << typed << "\n" << ended.err;
    EXPECT_THAT(ended.err, StartsWith("tally: ")) << typed;
    EXPECT_EQ(ended.out, "") << typed;
  }
}

TEST(CommandLine, HelpAndVersionAreData) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"--help"}, {"--version"}, {"load", "--help"}, {"dlq", "list", "--help"}}) {
    const Ended ended = Type(args);
    EXPECT_EQ(ended.code, 0);
    EXPECT_NE(ended.out, "");
    EXPECT_EQ(ended.err, "");
  }
  EXPECT_THAT(Type({"--version"}).out, StartsWith("tally 0."));
}

TEST(CommandLine, WhatIsNotThereIsSaid) {
  struct Case {
    std::vector<std::string> args;
    const char* says;
  };
  const std::string missing = ::testing::TempDir() + "tally_no_such_thing";
  const Case kCases[] = {
      {{"load", missing, "--brokers", "b"}, "cannot open"},
      {{"load", ::testing::TempDir(), "--brokers", "b"}, "is a directory"},
      {{"inspect", "--data-dir", missing}, "tally_no_such_thing"},
      {{"generate", "--output", missing + "/file"}, "cannot write"},
  };
  for (const Case& row : kCases) {
    const Ended ended = Type(row.args);
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace tally::cli
