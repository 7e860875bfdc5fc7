// LogAdmin on the embedded cluster.
#include <set>

#include "processor/kafka/client.h"
#include "tests/processor/kafka/embedded_fixture.h"

namespace tally::kafka {
namespace {

using domain::Topic;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LogAdminTest : public EmbeddedTest {
 protected:
  void SetUp() override {
    EmbeddedTest::SetUp();
    auto admin = KafkaLogAdmin::Create(Config());
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
  }
  std::unique_ptr<KafkaLogAdmin> admin_;
};

TEST_F(LogAdminTest, TellsTheClusterId) {
  auto id = admin_->ClusterId(kPatience);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_FALSE(id->empty());
  EXPECT_EQ(*admin_->ClusterId(kPatience), *id);
}

TEST_F(LogAdminTest, DescribesInTheOrderAskedAndCreatesNothing) {
  const std::string created = TopicName(Topic::kEventCreated);
  for (int i = 0; i < 2; ++i) {
    auto infos = admin_->DescribeTopics({"t.missing", created}, kPatience);
    ASSERT_TRUE(infos.ok()) << infos.status();
    ASSERT_EQ(infos->size(), 2);
    EXPECT_EQ((*infos)[0].name, "t.missing");
    EXPECT_EQ((*infos)[0].partitions, 0);
    EXPECT_EQ((*infos)[1].partitions, kPartitions);
    EXPECT_EQ((*infos)[1].cleanup_policy, std::nullopt);
  }
}

TEST_F(LogAdminTest, RangesOfAllPartitions) {
  const std::string topic = TopicName(Topic::kEventCreated);
  for (int i = 0; i < 4; ++i) Send(topic, 1, "k", "v");
  Flush();
  auto ranges = admin_->Ranges(topic, kPartitions, kPatience);
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  ASSERT_EQ(ranges->size(), 3);
  EXPECT_EQ((*ranges)[0].end, 0);
  EXPECT_EQ((*ranges)[1].begin, 0);
  EXPECT_EQ((*ranges)[1].end, 4);
}

TEST_F(LogAdminTest, RangesOfAPartitionThatIsNotThereAreNotFound) {
  auto ranges = admin_->Ranges(TopicName(Topic::kEventCreated), kPartitions + 1, kPatience);
  EXPECT_TRUE(absl::IsNotFound(ranges.status())) << ranges.status();
}

TEST_F(LogAdminTest, ReadsFromGivenPlacesToTheEnds) {
  const std::string a = TopicName(Topic::kEventCreated);
  const std::string b = TopicName(Topic::kParticipantRegistered);
  for (int i = 0; i < 1'200; ++i) Send(a, 0, "k", absl::StrCat("a", i));
  for (int i = 0; i < 3; ++i) Send(b, 2, "k", absl::StrCat("b", i));
  Flush();
  size_t from_a = 0;
  std::vector<std::string> from_b;
  // An empty partition and places at and beyond the end have nothing to read.
  const absl::Status status = admin_->Read(
      {{a, 0, 0}, {b, 2, 1}, {b, 0, 0}, {b, 1, 9}, {a, 1, 0}},
      [&](const PartitionAt& from, const OwnedRecord& record) {
        if (from.topic == a) ++from_a;
        if (from.topic == b) from_b.push_back(*record.value);
        return true;
      },
      kPatience);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(from_a, 1'200);
  EXPECT_THAT(from_b, ElementsAre("b1", "b2"));
}

TEST_F(LogAdminTest, ReadStopsWhenTold) {
  const std::string topic = TopicName(Topic::kEventCreated);
  for (int i = 0; i < 10; ++i) Send(topic, 0, "k", "v");
  Flush();
  int seen = 0;
  ASSERT_TRUE(admin_
                  ->Read(
                      {{topic, 0, 2}},
                      [&](const PartitionAt&, const OwnedRecord& record) {
                        EXPECT_EQ(record.offset, 2 + seen);
                        return ++seen < 3;
                      },
                      kPatience)
                  .ok());
  EXPECT_EQ(seen, 3);
}

TEST_F(LogAdminTest, ReadFromNowhereReadsNothing) {
  EXPECT_TRUE(admin_
                  ->Read(
                      {}, [](const auto&, const auto&) { return true; }, kPatience)
                  .ok());
}

TEST_F(LogAdminTest, ReadKeepsNullsAndHeaders) {
  const std::string topic = TopicName(Topic::kEventCreated);
  ProducerRecord record{.topic = topic, .partition = 0};
  record.headers = {{"a", "1"}, {"b", std::nullopt}};
  record.timestamp_ms = 42;
  ASSERT_TRUE(producer_->Send(record).ok());
  Flush();
  std::vector<OwnedRecord> read;
  ASSERT_TRUE(admin_
                  ->Read(
                      {{TopicName(Topic::kEventCreated), 0, 0}},
                      [&](const PartitionAt&, const OwnedRecord& r) {
                        read.push_back(r);
                        return true;
                      },
                      kPatience)
                  .ok());
  ASSERT_EQ(read.size(), 1);
  EXPECT_EQ(read[0].key, std::nullopt);
  EXPECT_EQ(read[0].value, std::nullopt);
  EXPECT_EQ(read[0].timestamp_ms, 42);
  ASSERT_EQ(read[0].headers.size(), 2);
  EXPECT_EQ(read[0].headers[0].second, "1");
  EXPECT_EQ(read[0].headers[1].second, std::nullopt);
}

TEST_F(LogAdminTest, ReadAtSaysWhatThereIsAtEachPlace) {
  const std::string a = TopicName(Topic::kEventCreated);
  const std::string b = TopicName(Topic::kParticipantRegistered);
  for (int i = 0; i < 1'200; ++i) Send(a, 0, "k", absl::StrCat("a", i));
  for (int i = 0; i < 3; ++i) Send(b, 2, "k", absl::StrCat("b", i));
  Flush();
  const auto found =
      admin_->ReadAt({{b, 2, 1}, {a, 0, 700}, {b, 0, 0}, {a, 2, 9}, {b, 1, 0}}, kPatience);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 5u);
  EXPECT_EQ((*found)[0].record->value, "b1");
  EXPECT_EQ((*found)[0].range.end, 3);
  EXPECT_EQ((*found)[1].record->offset, 700);
  EXPECT_EQ((*found)[1].record->value, "a700");
  EXPECT_EQ((*found)[1].range.end, 1'200);
  for (int i = 2; i < 5; ++i) EXPECT_FALSE((*found)[static_cast<size_t>(i)].record) << i;
  EXPECT_TRUE(admin_->ReadAt({}, kPatience)->empty());
  EXPECT_TRUE(absl::IsNotFound(admin_->ReadAt({{a, 99, 0}}, kPatience).status()));
}

TEST_F(LogAdminTest, CreateTopicsIsNotForTheEmbeddedCluster) {
  EXPECT_TRUE(absl::IsUnimplemented(admin_->CreateTopics({"t.x"}, 1, -1, kPatience)));
}

TEST_F(LogAdminTest, ABrokerThatGoesAndComesBack) {
  ASSERT_TRUE(admin_->ClusterId(kPatience).ok());
  cluster_->SetDown();
  auto infos = admin_->DescribeTopics({"t.x"}, absl::Seconds(5));
  EXPECT_TRUE(absl::IsUnavailable(infos.status())) << infos.status();
  cluster_->SetUp();
  // Each call probes anew; the client reconnects with back-off meanwhile.
  const absl::Time deadline = absl::Now() + kPatience;
  do {
    infos = admin_->DescribeTopics({"t.x"}, absl::Seconds(5));
  } while (!infos.ok() && absl::Now() < deadline);
  EXPECT_TRUE(infos.ok()) << infos.status();
}

struct Call {
  const char* name;
  std::function<absl::Status(LogAdmin&)> run;
};

TEST(LogAdminWithoutBrokerTest, EveryCallIsUnavailableAndNamesTheAddress) {
  const std::vector<Call> calls = {
      {"ClusterId", [](LogAdmin& a) { return a.ClusterId(kPatience).status(); }},
      {"DescribeTopics", [](LogAdmin& a) { return a.DescribeTopics({"x"}, kPatience).status(); }},
      {"CreateTopics", [](LogAdmin& a) { return a.CreateTopics({"x"}, 1, -1, kPatience); }},
      {"Ranges", [](LogAdmin& a) { return a.Ranges("x", 1, kPatience).status(); }},
      {"Read",
       [](LogAdmin& a) {
         return a.Read(
             {{"x", 0, 0}}, [](const auto&, const auto&) { return true; }, kPatience);
       }},
  };
  for (const Call& call : calls) {
    SCOPED_TRACE(call.name);
    auto admin = KafkaLogAdmin::Create({.brokers = kNobody});
    ASSERT_TRUE(admin.ok());
    const absl::Status status = call.run(**admin);
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(kNobody), HasSubstr("refused")));
  }
}

TEST(ClientConfigTest, RefusesWhatCannotWorkOrMustNotBeChanged) {
  using Extra = std::vector<std::pair<std::string, std::string>>;
  const std::vector<std::pair<Extra, std::string>> rows = {
      {{{"no.such.property", "1"}}, "no.such.property"},
      {{{"fetch.wait.max.ms", "soon"}}, "fetch.wait.max.ms"},
      {{{"security.protocol", "magic"}}, "security.protocol"},
      {{{"enable.auto.commit", "true"}}, "enable.auto.commit"},
      {{{"auto.offset.reset", "latest"}}, "auto.offset.reset"},
      {{{"isolation.level", "read_uncommitted"}}, "isolation.level"},
      {{{"group.id", "x"}}, "group.id"},
      {{{"statistics.interval.ms", "0"}}, "statistics.interval.ms"},
      {{{"allow.auto.create.topics", "true"}}, "allow.auto.create.topics"},
      {{{"bootstrap.servers", "x:1"}}, "bootstrap.servers"},
  };
  for (const auto& [extra, named] : rows) {
    const absl::Status status = Validate({.brokers = kNobody, .extra = extra});
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << named;
    EXPECT_THAT(std::string(status.message()), HasSubstr(named));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Validate({.brokers = ""})));
  EXPECT_TRUE(Validate({.brokers = kNobody, .extra = {{"socket.keepalive.enable", "true"}}}).ok());
}

TEST(ClientConfigTest, TheUsersPropertiesHoldOverTallysOwn) {
  const ClientConfig config = {.brokers = kNobody, .extra = {{"fetch.wait.max.ms", "7"}}};
  const auto client = Client::Create(RD_KAFKA_CONSUMER, config, ConsumerSettings(config), {});
  ASSERT_TRUE(client.ok()) << client.status();
  char value[32];
  size_t size = sizeof value;
  ASSERT_EQ(rd_kafka_conf_get(rd_kafka_conf((*client)->get()), "fetch.wait.max.ms", value, &size),
            RD_KAFKA_CONF_OK);
  EXPECT_STREQ(value, "7");
}

}  // namespace
}  // namespace tally::kafka
