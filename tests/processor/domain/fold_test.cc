// The fold as a table: what stands, one record, and the exact lines of state that it removes and
// adds. Most rows say what must not happen.
#include "processor/domain/fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "processor/domain/digest.h"
#include "tests/fakes/input_record.h"
#include "tests/fakes/map_fold_state.h"

namespace tally::domain {
namespace {

using ::testing::ElementsAreArray;
using Text = std::string_view;

constexpr Millis kHourMs = 3'600'000;

InputRecord Created(RecordMark mark, EventCreated event) { return {mark, event}; }
InputRecord Registered(RecordMark mark, ParticipantRegistered event) { return {mark, event}; }
InputRecord Completed(RecordMark mark, DistributionCompleted event) { return {mark, event}; }

EventCreated Described() {
  return {.event_id = "e",
          .user_id = "u1",
          .event_title = "T",
          .status = "ACTIVE",
          .created_at = 5,
          .total_investment = 100,
          .expected_revenue = 200,
          .target_roi = 300};
}
template <typename Change>
EventCreated Described(Change change) {
  EventCreated event = Described();
  change(event);
  return event;
}
ParticipantRegistered Person(Text id, Text channel, Millis at, Hundredths amount) {
  return {.event_id = "e",
          .participant_id = id,
          .channel = channel,
          .registered_at = at,
          .purchase_amount = amount};
}
ChannelDistribution On(Text channel, Text id, int64_t views, Hundredths cost,
                       Text status = kSuccessStatus, Text type = "TV") {
  return {.channel = channel,
          .channel_type = type,
          .status = status,
          .distribution_id = id,
          .expected_views = views,
          .distribution_cost = cost};
}
DistributionCompleted Went(Millis at, std::vector<ChannelDistribution> channels) {
  return {.event_id = "e", .completed_at = at, .channels = std::move(channels)};
}

struct Row {
  const char* what;
  History before;
  InputRecord record;
  std::vector<std::string> removed;  // no removed and no added lines: kUnchanged
  std::vector<std::string> added;
};

std::vector<std::string> SortedLines(MapFoldState& state) {
  std::vector<std::string> lines = Lines(state.Logical());
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> Without(const std::vector<std::string>& lines,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> rest;
  std::set_difference(lines.begin(), lines.end(), others.begin(), others.end(),
                      std::back_inserter(rest));
  return rest;
}

void FoldAll(const History& history, MapFoldState& state) {
  for (const InputRecord& record : history) ASSERT_TRUE(FoldAny(record, state).ok());
}

void Check(const Row& row) {
  SCOPED_TRACE(row.what);
  MapFoldState state;
  FoldAll(row.before, state);
  const std::vector<std::string> before = SortedLines(state);
  const absl::StatusOr<Outcome> outcome = FoldAny(row.record, state);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const std::vector<std::string> after = SortedLines(state);

  std::vector<std::string> removed = row.removed;
  std::vector<std::string> added = row.added;
  std::sort(removed.begin(), removed.end());
  std::sort(added.begin(), added.end());
  EXPECT_THAT(Without(before, after), ElementsAreArray(removed));
  EXPECT_THAT(Without(after, before), ElementsAreArray(added));
  const bool changes = !removed.empty() || !added.empty();
  EXPECT_EQ(*outcome, changes ? Outcome::kApplied : Outcome::kUnchanged);
  EXPECT_EQ(state.digest_of_hour_changes(), state.DigestOfHours());
}

TEST(FoldEventCreated, Table) {
  const InputRecord stands = Created({10, 1000}, Described());
  const std::string line =
      "e description user=u1 title=T status=ACTIVE start=none end=none created=5 investment=100 "
      "revenue=200 target=300";
  const std::string mark = "e mark event.created offset=10 timestamp=1000";
  const Row rows[] = {
      {"the first describes the event and gives it to its user",
       {},
       stands,
       {},
       {line, mark, "user u1 e"}},
      {"an equal one changes nothing, mark included",
       {stands},
       Created({11, 2000}, Described()),
       {},
       {}},
      {"an equal one changes nothing after many others",
       {Created({8, 1}, Described([](auto& e) { e.event_title = "old"; })), stands},
       Created({12, 3000}, Described()),
       {},
       {}},
      {"going back to an earlier description is a change",
       {stands, Created({11, 2000}, Described([](auto& e) { e.status = "ENDED"; }))},
       Created({12, 3000}, Described()),
       {"e description user=u1 title=T status=ENDED start=none end=none created=5 investment=100 "
        "revenue=200 target=300",
        "e mark event.created offset=11 timestamp=2000"},
       {line, "e mark event.created offset=12 timestamp=3000"}},
      {"the whole description is replaced: what is absent now is gone",
       {Created({10, 1000}, Described([](auto& e) { e.start = 7, e.end = 8; }))},
       Created({11, 1500}, {.event_id = "e", .user_id = "u1", .status = "ACTIVE", .created_at = 6}),
       {"e description user=u1 title=T status=ACTIVE start=7 end=8 created=5 investment=100 "
        "revenue=200 target=300",
        mark},
       {"e description user=u1 title= status=ACTIVE start=none end=none created=6 investment=0 "
        "revenue=0 target=0",
        "e mark event.created offset=11 timestamp=1500"}},
      {"an older timestamp does not turn the mark's timestamp back",
       {stands},
       Created({11, 400}, Described([](auto& e) { e.created_at = 6; })),
       {line, mark},
       {"e description user=u1 title=T status=ACTIVE start=none end=none created=6 investment=100 "
        "revenue=200 target=300",
        "e mark event.created offset=11 timestamp=1000"}},
      {"a record without timestamp leaves the mark's timestamp",
       {stands},
       Created({11, kNoTimestamp}, Described([](auto& e) { e.created_at = 6; })),
       {line, mark},
       {"e description user=u1 title=T status=ACTIVE start=none end=none created=6 investment=100 "
        "revenue=200 target=300",
        "e mark event.created offset=11 timestamp=1000"}},
      {"a changed user moves the event",
       {stands},
       Created({11, 2000}, Described([](auto& e) { e.user_id = "u2"; })),
       {line, mark, "user u1 e"},
       {"e description user=u2 title=T status=ACTIVE start=none end=none created=5 investment=100 "
        "revenue=200 target=300",
        "e mark event.created offset=11 timestamp=2000", "user u2 e"}},
      {"a user's other events stay",
       {stands, Created({11, 1}, Described([](auto& e) { e.event_id = "f"; }))},
       Created({12, 2000}, Described([](auto& e) { e.user_id = "u2"; })),
       {line, mark, "user u1 e"},
       {"e description user=u2 title=T status=ACTIVE start=none end=none created=5 investment=100 "
        "revenue=200 target=300",
        "e mark event.created offset=12 timestamp=2000", "user u2 e"}},
      {"what participants and distributions brought stays",
       {Registered({3, 30}, Person("p", "SNS", 0, 50)),
        Completed({4, 40}, Went(0, {On("SNS", "", 9, 8)}))},
       stands,
       {},
       {line, mark, "user u1 e"}},
  };
  for (const Row& row : rows) Check(row);
}

TEST(FoldParticipantRegistered, Table) {
  const InputRecord stands = Registered({10, 1000}, Person("p1", "SNS", kHourMs, 50));
  const std::string channel = "e channel SNS participants=1 purchases=50 named=P";
  const std::string mark = "e mark participant.registered offset=10 timestamp=1000";
  const std::string hour = "e hour 1 SNS participants=1 views=0 purchases=50";
  const Row rows[] = {
      {"the first is counted before its event exists",
       {},
       stands,
       {},
       {channel, mark, hour, "e participant p1 channel=SNS hour=1 purchase=50"}},
      {"the same again changes nothing",
       {stands},
       Registered({11, 2000}, Person("p1", "SNS", kHourMs, 50)),
       {},
       {}},
      {"the first one wins: another amount changes nothing",
       {stands},
       Registered({11, 2000}, Person("p1", "SNS", kHourMs, 60)),
       {},
       {}},
      {"the first one wins: another time changes nothing",
       {stands},
       Registered({11, 2000}, Person("p1", "SNS", 9 * kHourMs, 50)),
       {},
       {}},
      {"the first one wins: another channel changes nothing and names none",
       {stands},
       Registered({11, 2000}, Person("p1", "TV", kHourMs, 50)),
       {},
       {}},
      {"a duplicate of an earlier one changes nothing",
       {stands, Registered({11, 2000}, Person("p2", "TV", 0, 0))},
       Registered({12, 3000}, Person("p1", "TV", 0, 70)),
       {},
       {}},
      {"a duplicate changes nothing once the event is described",
       {stands, Created({1, 1}, Described())},
       Registered({12, 3000}, Person("p1", "TV", 0, 70)),
       {},
       {}},
      {"ids are compared byte by byte",
       {stands},
       Registered({11, 900}, Person("P1", "SNS", kHourMs, 0)),
       {channel, mark, hour},
       {"e channel SNS participants=2 purchases=50 named=P",
        "e mark participant.registered offset=11 timestamp=1000",
        "e hour 1 SNS participants=2 views=0 purchases=50",
        "e participant P1 channel=SNS hour=1 purchase=0"}},
      {"the same id under another event is another participant",
       {stands},
       Registered({11, 2000},
                  {.event_id = "f", .participant_id = "p1", .channel = "SNS", .registered_at = 0}),
       {},
       {"f channel SNS participants=1 purchases=0 named=P",
        "f mark participant.registered offset=11 timestamp=2000",
        "f hour 0 SNS participants=1 views=0 purchases=0",
        "f participant p1 channel=SNS hour=0 purchase=0"}},
      {"the last millisecond of an hour belongs to it; another channel is another row",
       {stands},
       Registered({11, 2000}, Person("p2", "TV", 2 * kHourMs - 1, 25)),
       {mark},
       {"e channel TV participants=1 purchases=25 named=P",
        "e mark participant.registered offset=11 timestamp=2000",
        "e hour 1 TV participants=1 views=0 purchases=25",
        "e participant p2 channel=TV hour=1 purchase=25"}},
      {"a channel that only distributions named is named by this topic now",
       {Completed({3, 30}, Went(0, {On("SNS", "", 9, 8)}))},
       stands,
       {"e channel SNS distributions=1 impressions=9 cost=8 type=TV status=SUCCESS named=D"},
       {"e channel SNS participants=1 purchases=50 distributions=1 impressions=9 cost=8 type=TV "
        "status=SUCCESS named=PD",
        mark, hour, "e participant p1 channel=SNS hour=1 purchase=50"}},
  };
  for (const Row& row : rows) Check(row);
}

TEST(FoldDistributionCompleted, Table) {
  const InputRecord stands = Completed({10, 1000}, Went(kHourMs, {On("TV", "d1", 100, 7)}));
  const std::string channel =
      "e channel TV distributions=1 impressions=100 cost=7 type=TV status=SUCCESS named=D";
  const std::string mark = "e mark distribution.completed offset=10 timestamp=1000";
  const std::string mark11 = "e mark distribution.completed offset=11 timestamp=2000";
  const std::string hour = "e hour 1 TV participants=0 views=100 purchases=0";
  const std::string row =
      "e distribution TV/d1 channel=TV type=TV status=SUCCESS completed=3600000 views=100 cost=7";
  const InputRecord two = Completed(
      {10, 1000}, Went(kHourMs, {On("TV", "d1", 100, 7), On("TV", "d2", 5, 1, "FAILED", "CALL")}));
  const Row rows[] = {
      {"the first is listed", {}, stands, {}, {channel, mark, hour, row}},
      {"an equal record changes nothing, mark included",
       {stands},
       Completed({11, 2000}, Went(kHourMs, {On("TV", "d1", 100, 7)})),
       {},
       {}},
      {"an equal record in another order of elements changes nothing",
       {two},
       Completed({11, 2000},
                 Went(kHourMs, {On("TV", "d2", 5, 1, "FAILED", "CALL"), On("TV", "d1", 100, 7)})),
       {},
       {}},
      {"a part of what stands changes nothing, type and status included",
       {two},
       Completed({11, 2000}, Went(kHourMs, {On("TV", "d1", 100, 7)})),
       {},
       {}},
      {"an element that a later one of the record overrules does not count",
       {stands},
       Completed({11, 2000}, Went(kHourMs, {On("TV", "d1", 999, 999, "FAILED", "SNS"),
                                            On("TV", "d1", 100, 7)})),
       {},
       {}},
      {"the same content three times in one record is one",
       {stands},
       Completed({11, 2000}, Went(kHourMs, {On("TV", "d1", 100, 7), On("TV", "d1", 100, 7),
                                            On("TV", "d1", 100, 7)})),
       {},
       {}},
      {"delivered again with other content it replaces, nothing is counted twice",
       {stands},
       Completed({11, 2000}, Went(kHourMs, {On("TV", "d1", 40, 3)})),
       {channel, mark, hour, row},
       {"e channel TV distributions=1 impressions=40 cost=3 type=TV status=SUCCESS named=D", mark11,
        "e hour 1 TV participants=0 views=40 purchases=0",
        "e distribution TV/d1 channel=TV type=TV status=SUCCESS completed=3600000 views=40 "
        "cost=3"}},
      {"its views move from the old hour to the new one",
       {stands},
       Completed({11, 2000}, Went(5 * kHourMs, {On("TV", "d1", 100, 7)})),
       {mark, hour, row},
       {mark11, "e hour 5 TV participants=0 views=100 purchases=0",
        "e distribution TV/d1 channel=TV type=TV status=SUCCESS completed=18000000 views=100 "
        "cost=7"}},
      {"another minute of the same hour is a change",
       {stands},
       Completed({11, 2000}, Went(kHourMs + 60'000, {On("TV", "d1", 100, 7)})),
       {mark, row},
       {mark11,
        "e distribution TV/d1 channel=TV type=TV status=SUCCESS completed=3660000 views=100 "
        "cost=7"}},
      {"failed at last: no impressions, no views, its cost counts",
       {stands},
       Completed({11, 2000}, Went(kHourMs, {On("TV", "d1", 100, 7, "FAILED")})),
       {channel, mark, hour, row},
       {"e channel TV distributions=1 impressions=0 cost=7 type=TV status=FAILED named=D", mark11,
        "e distribution TV/d1 channel=TV type=TV status=FAILED completed=3600000 views=100 "
        "cost=7"}},
      {"failed at first and then sent: impressions from now on",
       {Completed({10, 1000}, Went(kHourMs, {On("TV", "d1", 100, 7, "FAILED")}))},
       Completed({11, 2000}, Went(kHourMs, {On("TV", "d1", 100, 7)})),
       {"e channel TV distributions=1 impressions=0 cost=7 type=TV status=FAILED named=D", mark,
        "e distribution TV/d1 channel=TV type=TV status=FAILED completed=3600000 views=100 "
        "cost=7"},
       {channel, mark11, hour, row}},
      {"success is exactly SUCCESS",
       {},
       Completed({10, 1000}, Went(kHourMs, {On("TV", "d1", 100, 7, "success")})),
       {},
       {"e channel TV distributions=1 impressions=0 cost=7 type=TV status=success named=D", mark,
        "e distribution TV/d1 channel=TV type=TV status=success completed=3600000 views=100 "
        "cost=7"}},
      {"a SUCCESS without views is listed and has no hour",
       {},
       Completed({10, 1000}, Went(kHourMs, {On("TV", "d1", 0, 0)})),
       {},
       {"e channel TV distributions=1 impressions=0 cost=0 type=TV status=SUCCESS named=D", mark,
        "e distribution TV/d1 channel=TV type=TV status=SUCCESS completed=3600000 views=0 "
        "cost=0"}},
      {"another distribution id adds, and gives type and status",
       {stands},
       Completed({11, 2000}, Went(kHourMs, {On("TV", "", 20, 2, "SENDING", "CABLE")})),
       {channel, mark},
       {"e channel TV distributions=2 impressions=100 cost=9 type=CABLE status=SENDING named=D",
        mark11,
        "e distribution TV/ channel=TV type=CABLE status=SENDING completed=3600000 views=20 "
        "cost=2"}},
      {"the same id on another channel is another identity",
       {stands},
       Completed({11, 2000}, Went(kHourMs, {On("SNS", "d1", 20, 2)})),
       {mark},
       {"e channel SNS distributions=1 impressions=20 cost=2 type=TV status=SUCCESS named=D",
        mark11, "e hour 1 SNS participants=0 views=20 purchases=0",
        "e distribution SNS/d1 channel=SNS type=TV status=SUCCESS completed=3600000 views=20 "
        "cost=2"}},
      {"the same identity of another event is another one",
       {stands},
       Completed({11, 2000},
                 {.event_id = "f", .completed_at = 0, .channels = {On("TV", "d1", 1, 2)}}),
       {},
       {"f channel TV distributions=1 impressions=1 cost=2 type=TV status=SUCCESS named=D",
        "f mark distribution.completed offset=11 timestamp=2000",
        "f hour 0 TV participants=0 views=1 purchases=0",
        "f distribution TV/d1 channel=TV type=TV status=SUCCESS completed=0 views=1 cost=2"}},
      {"one changed element applies the whole record: type and status are its last element's",
       {stands},
       Completed({11, 2000},
                 Went(kHourMs, {On("TV", "d2", 5, 1, "FAILED", "CALL"), On("TV", "d1", 100, 7)})),
       {channel, mark},
       {"e channel TV distributions=2 impressions=100 cost=8 type=TV status=SUCCESS named=D",
        mark11,
        "e distribution TV/d2 channel=TV type=CALL status=FAILED completed=3600000 views=5 "
        "cost=1"}},
      {"an overruled element moves its identity to the end, for type and status",
       {},
       Completed({10, 1000}, Went(kHourMs, {On("TV", "d1", 1, 1, "FAILED", "A"),
                                            On("TV", "d2", 0, 0, "FAILED", "B"),
                                            On("TV", "d1", 100, 7, "SUCCESS", "C")})),
       {},
       {"e channel TV distributions=2 impressions=100 cost=7 type=C status=SUCCESS named=D", mark,
        hour,
        "e distribution TV/d1 channel=TV type=C status=SUCCESS completed=3600000 views=100 cost=7",
        "e distribution TV/d2 channel=TV type=B status=FAILED completed=3600000 views=0 cost=0"}},
      {"a channel that only participants named is named by this topic now",
       {Registered({3, 30}, Person("p", "TV", kHourMs, 50))},
       stands,
       {"e channel TV participants=1 purchases=50 named=P",
        "e hour 1 TV participants=1 views=0 purchases=50"},
       {"e channel TV participants=1 purchases=50 distributions=1 impressions=100 cost=7 type=TV "
        "status=SUCCESS named=PD",
        mark, row, "e hour 1 TV participants=1 views=100 purchases=50"}},
  };
  for (const Row& one : rows) Check(one);
}

// Text of generated names, kept for as long as the views into it.
class ChannelLimit : public ::testing::Test {
 protected:
  ChannelLimit() {
    for (int i = 0; i < 1005; ++i) names_.push_back("c" + std::to_string(i));
  }
  void NameByParticipants(int begin, int end, MapFoldState& state) {
    for (int i = begin; i < end; ++i) {
      ASSERT_TRUE(FoldAny(Registered({i, 0}, Person(names_[i], names_[i], 0, 0)), state).ok());
    }
  }
  void NameByDistributions(int begin, int end, MapFoldState& state) {
    DistributionCompleted record = Went(0, {});
    for (int i = begin; i < end; ++i) record.channels.push_back(On(names_[i], "", 1, 1));
    ASSERT_TRUE(FoldAny(Completed({begin, 0}, record), state).ok());
  }
  static Channel At(MapFoldState& state, Text name) {
    const auto event = state.Logical().events.at("e");
    const auto at = event.channels.find(std::string(name));
    return at == event.channels.end() ? Channel{} : at->second;
  }

  std::vector<std::string> names_;
};

TEST_F(ChannelLimit, ParticipantsBeyondTheFirstThousandCountUnderTheDefault) {
  MapFoldState state;
  NameByParticipants(0, 1003, state);
  EXPECT_EQ(At(state, "c999").participants, 1u);
  EXPECT_EQ(At(state, "c1000").name, "");
  EXPECT_EQ(At(state, kDefaultChannel).participants, 3u);
  EXPECT_FALSE(At(state, kDefaultChannel).named_by_participants);
  ASSERT_TRUE(FoldAny(Registered({2000, 0}, Person("p", "c7", 0, 0)), state).ok());
  EXPECT_EQ(At(state, "c7").participants, 2u);
  EXPECT_EQ((*state.OpenEvent("e"))->channels.size(), 1001u);
  EXPECT_EQ((*state.OpenEvent("e"))->participants, 1004u);
}

TEST_F(ChannelLimit, TheDefaultChannelByNameIsOneOfTheThousand) {
  MapFoldState state;
  NameByParticipants(0, 999, state);
  ASSERT_TRUE(FoldAny(Registered({1500, 0}, Person("p", kDefaultChannel, 0, 0)), state).ok());
  NameByParticipants(999, 1000, state);
  EXPECT_EQ(At(state, "c999").name, "");
  EXPECT_EQ(At(state, kDefaultChannel).participants, 2u);
}

TEST_F(ChannelLimit, DuplicatesUseNoneOfIt) {
  MapFoldState state;
  NameByParticipants(0, 999, state);
  for (int i = 1000; i < 1005; ++i) {
    ASSERT_EQ(*FoldAny(Registered({2000 + i, 0}, Person("c0", names_[i], 0, 0)), state),
              Outcome::kUnchanged);
  }
  NameByParticipants(999, 1000, state);
  EXPECT_EQ(At(state, "c999").participants, 1u);
}

TEST_F(ChannelLimit, EachTopicHasItsOwn) {
  MapFoldState state;
  NameByDistributions(0, 1000, state);
  NameByParticipants(2, 1004, state);  // c1002 and c1003 are beyond
  EXPECT_EQ(At(state, "c1001").participants, 1u);
  EXPECT_EQ(At(state, "c1002").name, "");
  EXPECT_EQ(At(state, kDefaultChannel).participants, 2u);
  EXPECT_EQ(At(state, kDefaultChannel).distributions, 0u);
  NameByDistributions(1000, 1005, state);
  EXPECT_EQ(At(state, "c1001").distributions, 0u)
      << "there, but only participants named it in time";
  EXPECT_EQ(At(state, kDefaultChannel).distributions, 5u);
  EXPECT_EQ(At(state, kDefaultChannel).impressions, 5);
  EXPECT_EQ((*state.OpenEvent("e"))->TotalViews(), 1005);
}

TEST_F(ChannelLimit, IdentitiesBeyondKeepTheNameAsSent) {
  MapFoldState state;
  NameByDistributions(0, 1003, state);
  ASSERT_EQ(*FoldAny(Completed({2000, 0}, Went(0, {On("c1001", "", 1, 1)})), state),
            Outcome::kUnchanged);
  ASSERT_EQ(*FoldAny(Completed({2001, 0}, Went(0, {On("c1001", "", 10, 10)})), state),
            Outcome::kApplied);
  EXPECT_EQ(At(state, kDefaultChannel).distributions, 3u);
  EXPECT_EQ(At(state, kDefaultChannel).impressions, 12);
  EXPECT_EQ(At(state, kDefaultChannel).distribution_cost, 12);
  const LogicalEvent event = state.Logical().events.at("e");
  EXPECT_EQ(event.distributions.at({"c1001", ""}).channel, kDefaultChannel);
  EXPECT_EQ(event.timeline.at({0, std::string(kDefaultChannel)}).views, 12);
}

TEST(Fold, PassesStorageErrorsOnAndChangesNothing) {
  const InputRecord records[] = {
      Created({20, 1}, Described([](auto& e) { e.user_id = "u2"; })),
      Registered({20, 1}, Person("new", "new", 0, 1)),
      Completed({20, 1}, Went(0, {On("TV", "d1", 5, 5), On("new", "d1", 5, 5)})),
  };
  const int calls_that_can_fail[] = {1, 2, 3};
  for (int i = 0; i < kTopicCount; ++i) {
    for (int calls = 0; calls < calls_that_can_fail[i]; ++calls) {
      MapFoldState state;
      FoldAll({Created({1, 1}, Described()), Registered({1, 1}, Person("p", "TV", 0, 1)),
               Completed({1, 1}, Went(0, {On("TV", "d1", 100, 7)}))},
              state);
      const std::vector<std::string> before = SortedLines(state);
      state.FailAfter(calls);
      EXPECT_EQ(FoldAny(records[i], state).status().code(), absl::StatusCode::kInternal)
          << "topic " << i << " call " << calls;
      EXPECT_EQ(SortedLines(state), before);
    }
  }
}

TEST(Fold, SumsGoBeyond64Bits) {
  constexpr int64_t kViewsMax = 1'000'000'000'000;
  constexpr Hundredths kMoneyMax = 1'000'000'000'000'000;
  MapFoldState state;
  std::vector<std::string> ids(20'000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = std::to_string(i);
  DistributionCompleted record = Went(0, {});
  for (const std::string& id : ids) record.channels.push_back(On("TV", id, kViewsMax, kMoneyMax));
  ASSERT_TRUE(FoldAny(Completed({0, 0}, record), state).ok());
  const Channel channel = state.Logical().events.at("e").channels.at("TV");
  EXPECT_EQ(channel.distribution_cost, Int128{20'000} * kMoneyMax);
  EXPECT_EQ(channel.impressions, Int128{20'000} * kViewsMax);
}

}  // namespace
}  // namespace tally::domain
