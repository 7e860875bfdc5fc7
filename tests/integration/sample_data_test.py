"""The sample data set gives domain.md's tables and api.md's examples."""

import re

import pytest
from harness import event_path, tally

CHANNELS = ("우리동네TV", "지니TV", "링고비즈", "SNS")
TABLE = {
    # event: user, title, participants, views per channel, investment, revenue, target, share
    "evt-1": ("user-1", "신년맞이 20% 할인 이벤트", 100, (5000, 10000, 3000, 2000),
              5_000_000, 15_000_000, "200.00", 1.0),
    "evt-2": ("user-1", "설날 특가 선물세트 이벤트", 50, (3500, 7000, 2000, 1500),
              3_500_000, 8_000_000, "150.00", 0.5),
    "evt-3": ("user-2", "겨울 신메뉴 런칭 이벤트", 30, (1500, 3000, 1000, 500),
              2_000_000, 3_000_000, "100.00", 0.2),
}
COSTS = (1_000_000, 1_500_000, 500_000, 0)
TYPES = ("TV", "TV", "CALL", "SNS")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?[+]0[09]:00"


@pytest.fixture
def tallyd(kafka, start):
    """A tallyd that has applied the sample data."""
    running = start("--create-topics", "--partitions", "12").wait_ready()
    tally("load-sample", "--brokers", kafka.brokers, "--topic-prefix", kafka.prefix)
    found = kafka.consume(kafka.topics())
    assert sum(map(len, found.values())) == 186
    running.position = ",".join(f"{topic}/{partition}@{messages[-1].offset() + 1}"
                                for (topic, partition), messages in found.items() if messages)
    return running


def exact(tallyd, path):
    """The answer with numbers as their text and without lastUpdatedAt, which must be a time."""
    body = tallyd.read(path, tallyd.position).exact()
    assert re.fullmatch(TIME, body.pop("lastUpdatedAt"))
    return body


def performance(channel, kind, impressions, participants, conversion, purchases, cost, each):
    return {"channel": channel, "channelType": kind, "status": "SUCCESS",
            "impressions": impressions, "participants": participants,
            "conversionRate": conversion, "purchaseAmount": purchases, "distributionCost": cost,
            "costPerAcquisition": each}


EVENT_1_CHANNELS = [
    performance("지니TV", "TV", "10000", "25", "0.25", "150000", "1500000", "60000.00"),
    performance("우리동네TV", "TV", "5000", "25", "0.50", "150000", "1000000", "40000.00"),
    performance("링고비즈", "CALL", "3000", "25", "0.83", "150000", "500000", "20000.00"),
    performance("SNS", "SNS", "2000", "25", "1.25", "150000", "0", "0.00"),
]
EVENT_1_ROI = {
    "totalCost": "8000000", "expectedRevenue": "15000000", "netProfit": "7000000", "roi": "87.50",
    "realizedRevenue": "600000", "realizedRoi": "-92.50", "targetRoi": "200.00",
    "roiAchievement": "43.75", "costPerAcquisition": "80000.00"}


def test_the_event_dashboard_is_the_example(tallyd):
    assert exact(tallyd, event_path("evt-1")) == {
        "eventId": "evt-1", "eventTitle": "신년맞이 20% 할인 이벤트", "userId": "user-1",
        "status": "ACTIVE", "period": None,
        "summary": {"participants": "100", "participantsDelta": "0", "totalViews": "20000",
                    "engagementRate": "0.50", "purchaseAmount": "600000", "targetRoi": "200.00"},
        "channelPerformance": EVENT_1_CHANNELS, "roi": EVENT_1_ROI, "currency": "KRW"}


def test_the_user_dashboard_is_recomputed_from_sums(tallyd):
    body = exact(tallyd, "/api/v1/users/user-1/analytics")
    assert body["userId"] == "user-1"
    assert (body["totalEvents"], body["activeEvents"]) == ("2", "2")
    assert body["summary"] == {
        "participants": "150", "participantsDelta": "0", "totalViews": "34000",
        "engagementRate": "0.44", "purchaseAmount": "900000", "targetRoi": "180.77"}
    assert body["roi"] == {
        "totalCost": "13000000", "expectedRevenue": "23000000", "netProfit": "10000000",
        "roi": "76.92", "realizedRevenue": "900000", "realizedRoi": "-93.08",
        "targetRoi": "180.77", "roiAchievement": "42.55", "costPerAcquisition": "86666.67"}
    assert body["eventPerformances"] == {
        "page": "0", "size": "20", "totalElements": "2", "totalPages": "1", "items": [
            {"eventId": "evt-1", "eventTitle": "신년맞이 20% 할인 이벤트", "status": "ACTIVE",
             "participants": "100", "totalViews": "20000", "engagementRate": "0.50",
             "totalCost": "8000000", "roi": "87.50"},
            {"eventId": "evt-2", "eventTitle": "설날 특가 선물세트 이벤트", "status": "ACTIVE",
             "participants": "50", "totalViews": "14000", "engagementRate": "0.36",
             "totalCost": "5000000", "roi": "60.00"}]}
    channels = {channel["channel"]: channel for channel in body["channelPerformance"]}
    assert list(channels) == ["지니TV", "우리동네TV", "링고비즈", "SNS"]
    assert channels["지니TV"]["impressions"] == "17000"
    assert channels["지니TV"]["distributionCost"] == "2250000"
    assert {channel["status"] for channel in channels.values()} == {None}
    assert [channel["channelType"] for channel in channels.values()] == ["TV", "TV", "CALL", "SNS"]


@pytest.mark.parametrize("event_id", TABLE)
def test_every_event_is_as_in_the_table(tallyd, event_id):
    user, title, people, views, investment, revenue, target, share = TABLE[event_id]
    body = exact(tallyd, event_path(event_id))
    assert (body["userId"], body["eventTitle"], body["status"]) == (user, title, "ACTIVE")
    assert body["summary"]["participants"] == str(people)
    assert body["summary"]["totalViews"] == str(sum(views))
    assert body["roi"]["totalCost"] == str(investment + int(sum(COSTS) * share))
    assert body["roi"]["expectedRevenue"] == str(revenue)
    assert body["roi"]["targetRoi"] == target
    shown = {channel["channel"]: channel for channel in body["channelPerformance"]}
    assert set(shown) == set(CHANNELS)
    for index, name in enumerate(CHANNELS):
        assert shown[name]["impressions"] == str(views[index])
        assert shown[name]["channelType"] == TYPES[index]
        assert shown[name]["distributionCost"] == str(int(COSTS[index] * share))
        assert shown[name]["participants"] == str(len(range(index, people, 4)))


@pytest.mark.parametrize("query, participants, delta, views, purchases, rate", [
    ("startDate=2026-01-01&endDate=2026-02-01", "100", "100", "20000", "600000", "0.50"),
    ("startDate=2026-01-01&endDate=2026-01-02", "29", "29", "20000", "150000", "0.15"),
    ("startDate=2026-01-02&endDate=2026-01-03", "48", "19", "0", "300000", "0.00"),
    ("startDate=2026-01-01T09:00:00%2B09:00&endDate=2026-01-01T10:00:00%2B09:00",
     "1", "1", "0", "0", "0.00"),
    ("startDate=2026-01-01T09:00:00+09:00&endDate=2026-01-01T10:00:00+09:00",
     "1", "1", "0", "0", "0.00"),
    ("startDate=2026-01-01&endDate=2026-01-02&timezone=UTC", "47", "47", "0", "270000", "0.00"),
])
def test_a_period_limits_what_happened_in_it(tallyd, query, participants, delta, views, purchases,
                                             rate):
    body = exact(tallyd, event_path("evt-1") + "?" + query)
    assert body["period"]["timezone"] == ("UTC" if "UTC" in query else "Asia/Seoul")
    assert body["summary"] == {
        "participants": participants, "participantsDelta": delta, "totalViews": views,
        "engagementRate": rate, "purchaseAmount": purchases, "targetRoi": "200.00"}
    assert body["roi"] == EVENT_1_ROI, "lifetime"


def test_the_period_is_shown_in_the_answers_zone(tallyd):
    body = exact(tallyd, event_path("evt-1") + "?startDate=2026-01-01&endDate=2026-02-01")
    assert body["period"] == {"startDate": "2026-01-01T00:00:00+09:00",
                              "endDate": "2026-02-01T00:00:00+09:00", "timezone": "Asia/Seoul"}


def test_paging_and_sorting_of_a_users_events(tallyd):
    def items(query):
        body = tallyd.read("/api/v1/users/user-1/analytics?" + query, tallyd.position).json()
        return body["eventPerformances"]["totalPages"], [
            item["eventId"] for item in body["eventPerformances"]["items"]]

    assert items("size=1") == (2, ["evt-1"])
    assert items("size=1&page=1") == (2, ["evt-2"])
    assert items("size=1&page=2") == (2, [])
    assert items("sortBy=participants&order=asc") == (1, ["evt-2", "evt-1"])
    assert items("sortBy=eventId") == (1, ["evt-1", "evt-2"])
    assert items("sortBy=eventId&order=desc") == (1, ["evt-2", "evt-1"])
    assert items("sortBy=roi") == (1, ["evt-1", "evt-2"])


@pytest.mark.parametrize("path, parameters", [
    ("/api/v1/events/evt-1/analytics?startDate=2026-01-01", ["endDate"]),
    ("/api/v1/events/evt-1/analytics?startDate=2026-01-02&endDate=2026-01-01", ["endDate"]),
    ("/api/v1/events/evt-1/analytics?startDate=x&endDate=y&timezone=z",
     ["startDate", "endDate", "timezone"]),
    ("/api/v1/events/evt-1/analytics?startDate=2026-01-01T00:30:00&endDate=2026-01-02",
     ["startDate"]),
    ("/api/v1/events/evt-1/analytics?timezone=Asia/Kolkata", ["timezone"]),
    ("/api/v1/users/user-1/analytics?page=-1&size=101&sortBy=title&order=up",
     ["page", "size", "sortBy", "order"]),
])
def test_bad_parameters_are_named_all_at_once(tallyd, path, parameters):
    answer = tallyd.get(path, tallyd.position)
    assert answer.status == 400, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    body = answer.json()
    assert set(body) >= {"type", "title", "status", "detail", "code", "errors"}
    assert {error["parameter"] for error in body["errors"]} >= set(parameters)
    for error in body["errors"]:
        assert set(error) == {"parameter", "value", "allowed"}


def test_unknown_ids_and_routes(tallyd):
    tallyd.event("evt-1", tallyd.position)
    for path in (event_path("evt-9"), event_path(""), "/api/v1/users/user-9/analytics",
                 "/api/v1/shops/1/analytics", "/"):
        answer = tallyd.get(path)
        assert answer.status == 404, (path, answer)
        assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_an_etag_that_stands_is_a_304(tallyd):
    first = tallyd.event("evt-1", tallyd.position)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = tallyd.get(event_path("evt-1"), If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, "")
    assert tallyd.event("evt-2", tallyd.position).headers["ETag"] != first.headers["ETag"]
    other = tallyd.get(event_path("evt-1") + "?startDate=2026-01-01&endDate=2026-01-02",
                       If_None_Match=first.headers["ETag"])
    assert other.status == 200


def test_loading_it_again_changes_nothing(kafka, tallyd):
    first = tallyd.event("evt-1", tallyd.position)
    tally("load-sample", "--brokers", kafka.brokers, "--topic-prefix", kafka.prefix)
    found = kafka.consume(kafka.topics())
    position = ",".join(f"{topic}/{partition}@{messages[-1].offset() + 1}"
                        for (topic, partition), messages in found.items() if messages)
    assert tallyd.event("evt-1", position).body == first.body
