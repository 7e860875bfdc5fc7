// inspect on a real store, beside its writer.
#include "tools/tally/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "processor/domain/participant_hash.h"
#include "processor/domain/partitioner.h"
#include "processor/shard_store.h"
#include "store/rocks_store.h"
#include "store/shard_directory.h"

namespace tally::cli {
namespace {

using ::testing::HasSubstr;

constexpr int32_t kPartitionCount = 4;
constexpr char kEventId[] = "evt-1";

struct Ended {
  int code;
  std::string out;
  std::string err;
};

Ended Type(const InspectOptions& options) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err};
  const int code = RunInspect(options, console);
  return {code, out.str(), err.str()};
}

class MapRows final : public store::CommitRows {
 public:
  explicit MapRows(const std::map<std::string, std::string>& rows) : rows_(rows) {}
  std::optional<Row> Next() override {
    if (next_ == rows_.end()) return std::nullopt;
    const Row row{store::RowOp::kPut, next_->first, next_->second};
    ++next_;
    return row;
  }
  size_t SizeHint() const override { return rows_.size(); }

 private:
  const std::map<std::string, std::string>& rows_;
  std::map<std::string, std::string>::const_iterator next_ = rows_.begin();
};

class InspectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "tally_inspect_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(path_);
    auto directory = store::DataDir::Open(path_, store::DataDirMode::kReadWrite);
    ASSERT_TRUE(directory.ok()) << directory.status();
    directory_ = std::make_unique<store::DataDir>(*std::move(directory));
    partition_ = domain::PartitionOf(domain::Partitioner::kMurmur2, kEventId, kPartitionCount);
    auto shard = CreateShardStore(directory_->ShardPath(partition_), Lineage(), nullptr);
    ASSERT_TRUE(shard.ok()) << shard.status();
    shard_ = *std::move(shard);
    options_.data_dir = path_;
  }

  void TearDown() override {
    shard_.store.reset();
    directory_.reset();
    std::filesystem::remove_all(path_);
  }

  store::Lineage Lineage() const {
    store::Lineage lineage;
    lineage.cluster_id = "cluster-x";
    lineage.topic_prefix = "sample.";
    lineage.partition = partition_;
    lineage.partition_count = kPartitionCount;
    lineage.partitioner = "murmur2_random";
    lineage.hash_key_fingerprint = "abcd";
    lineage.input_utc_offset_minutes = 540;
    return lineage;
  }

  // One event with one channel, one distribution and one participant.
  void CommitEvent() {
    domain::EventAggregate aggregate;
    aggregate.event_id = kEventId;
    aggregate.description.emplace();
    aggregate.description->user_id = "user-1";
    aggregate.description->event_title = "신년";
    aggregate.marks[0] = {41, 1'767'193'200'000};
    domain::Channel& channel = aggregate.channels.emplace_back();
    channel.name = "지니TV";
    channel.participants = 1;
    channel.distributions = 1;
    channel.impressions = 10'000;
    channel.status = "SUCCESS";
    aggregate.participants = 1;
    domain::Distribution distribution;
    distribution.expected_views = 10'000;
    distribution.status = "SUCCESS";
    const std::vector<HourCell> cells = {{0, {1, 10'000, 30'000'00}}};
    const domain::Hour hour = domain::HourOf(1'767'193'200'000);

    std::map<std::string, std::string> rows;
    EncodeEvent(EventKey(kEventId), 7, aggregate, &rows[EventKey(kEventId)]);
    EncodeEventNumber(7, &rows[UserKey("user-1", kEventId)]);
    const std::string distribution_key = DistributionKey(7, "지니TV", "");
    EncodeDistribution(distribution_key, distribution, &rows[distribution_key]);
    EncodeHour(HourKey(7, hour), cells, &rows[HourKey(7, hour)]);
    const ParticipantHashBytes hash{1, 2, 3};
    EncodeParticipant({0, hour, 30'000'00}, &rows[ParticipantKey(7, hash)]);
    CheckpointRow checkpoint;
    checkpoint.next_offsets = {42, 1'001, 3};
    checkpoint.next_event_number = 8;
    checkpoint.events = 1;
    checkpoint.participants = 1;
    checkpoint.distributions = 1;
    EncodeCheckpoint(checkpoint, &rows[std::string(kCheckpointKey)]);
    MapRows commit(rows);
    ASSERT_TRUE(shard_.store->Commit(commit).ok());
  }

  std::string path_;
  int32_t partition_ = 0;
  std::unique_ptr<store::DataDir> directory_;
  OpenedShard shard_;
  InspectOptions options_;
};

TEST_F(InspectTest, ShowsShardsBesideTheirWriter) {
  CommitEvent();
  const Ended ended = Type(options_);
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("cluster               cluster-x\n"));
  EXPECT_THAT(ended.out, HasSubstr("input UTC offset      +09:00\n"));
  EXPECT_THAT(ended.out, HasSubstr("1,001"));
  EXPECT_THAT(ended.out, HasSubstr("0/0/0"));
  options_.json = true;
  const Ended json = Type(options_);
  EXPECT_THAT(json.out,
              HasSubstr(R"("nextOffsets":{"event.created":42,"participant.registered":1001,)"
                        R"("distribution.completed":3})"));
  EXPECT_THAT(json.out, HasSubstr(R"("clusterId":"cluster-x")"));
}

TEST_F(InspectTest, ShowsAnEventsRows) {
  CommitEvent();
  options_.event_id = kEventId;
  const Ended ended = Type(options_);
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("title             신년\n"));
  EXPECT_THAT(ended.out, HasSubstr("total views       10,000\n"));
  EXPECT_THAT(ended.out,
              HasSubstr("010203000000000000000000  지니TV   2025-12-31T15:00:00Z    30,000\n"));
  options_.json = true;
  EXPECT_THAT(Type(options_).out,
              HasSubstr(R"("rows":{"distributions":1,"hourCells":1,"participants":1})"));
  options_.event_id = "evt-unknown";
  const Ended unknown = Type(options_);
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.out, "");
}

TEST_F(InspectTest, AScanNoticesWhatDoesNotAgree) {
  options_.scan = true;
  EXPECT_EQ(Type(options_).code, 0);
  CommitEvent();  // with the digest of an empty store
  const Ended ended = Type(options_);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("NO"));
  EXPECT_THAT(ended.err, HasSubstr("do not agree"));
}

}  // namespace
}  // namespace tally::cli
