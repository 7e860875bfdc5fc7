"""Every route against a second opinion (view_model.py) over random data: exact to the last digit."""

import json
import os
import random
import time
import unicodedata
import urllib.parse

import harness
import pytest
import view_model as model

SEED = int(os.environ.get("TALLY_TEST_SEED", "20261122"))
REQUESTS = 600
TAG_STEPS = 40
ZONES = ["Asia/Seoul", "UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo",
         "Pacific/Kiritimati", "Atlantic/Azores"]
CHANNELS = ["SNS", "지니TV", "우리동네TV", "a b+c&d", "Ünïcode", "기타", "zz/top", "%41"]
STATUSES = ["SUCCESS", "SUCCESS", "FAILED", "PENDING"]
# Hours around which things happen: midnights of zones, changes of clocks, years' and months' ends.
PLACES = [model.hour_of(*place) for place in (
    (2026, 1, 1, "Asia/Seoul"), (2026, 2, 1, "Asia/Seoul"), (2026, 3, 29, "Europe/Berlin"),
    (2025, 10, 26, "Europe/Berlin"), (2024, 12, 30, "UTC"), (2024, 2, 29, "UTC"),
    (2026, 4, 24, "Africa/Cairo"), (2025, 11, 2, "America/New_York"))]


class World:
    """The records sent, and what they should make."""

    def __init__(self, rng, producer, now_hour, users=("u1", "u2", "u/3")):
        self.rng, self.producer, self.now_hour, self.users = rng, producer, now_hour, users
        self.now_ms = now_hour * 3_600_000
        self.events = {f"e{number}/{'한글' if number % 3 else 'x y'}": model.Event()
                       for number in range(9)}
        self.sent = {event_id: [] for event_id in self.events}   # (topic, record, its effect)

    def hour(self):
        place = self.rng.choice([*PLACES, self.now_hour - 24, self.now_hour - 1])
        return min(place + self.rng.randint(-30, 30), self.now_hour)

    def moment(self, hour):
        """A time within the hour, at any offset."""
        seconds = hour * 3600 + self.rng.choice([0, 1, 1800, 3599])
        zone = self.rng.choice(ZONES)
        local = model.local(0, "UTC") + model.datetime.timedelta(seconds=seconds)
        return local.astimezone(model.zoneinfo.ZoneInfo(zone)).isoformat()

    def amount(self):
        hundredths = self.rng.choice([0, 0, 1, 5, 99, 100, 30_000_00, 10**15,
                                      self.rng.randint(0, 10**9)])
        text = model.money(hundredths)
        return hundredths, self.rng.choice([text, float(text) if hundredths < 10**12 else text])

    def send(self, topic, record, effect, content):
        timestamp = self.now_ms - self.rng.randint(0, 10**7)
        self.producer.send(topic, record, timestamp=timestamp)
        effect(content, timestamp)
        self.sent[record["eventId"]].append((topic, record, effect, content))

    def repeat(self, event_id):
        """Once more, at another offset and time: what stands already changes nothing."""
        if self.sent[event_id]:
            self.send(*self.rng.choice(self.sent[event_id][-4:]))

    def create(self, event_id):
        investment, investment_text = self.amount()
        revenue, revenue_text = self.amount()
        target = self.rng.choice([0, 1, 10_000, 20_050, 10**8])
        description = {"eventTitle": self.rng.choice(["", "신년 \"할인\"", "a\\b"]),
                       "userId": self.rng.choice(self.users),
                       "status": self.rng.choice(["ACTIVE", "ACTIVE", "ENDED", "active"])}
        record = {"eventId": event_id, **description, "createdAt": self.moment(PLACES[0]),
                  "totalInvestment": investment_text, "expectedRevenue": revenue_text,
                  "targetRoi": model.money(target)}
        self.send("event.created", record, self.events[event_id].create,
                  {**description, "investment": investment, "revenue": revenue, "target": target,
                   "at": model.datetime.datetime.fromisoformat(record["createdAt"])})

    def register(self, event_id):
        hour, (amount, text) = self.hour(), self.amount()
        channel = self.rng.choice(CHANNELS)
        record = {"eventId": event_id, "participantId": f"p{self.rng.randint(1, 60)}",
                  "registeredAt": self.moment(hour), "purchaseAmount": text}
        if channel != "기타" or self.rng.random() < 0.5:
            record["channel"] = unicodedata.normalize(self.rng.choice(["NFC", "NFD"]), channel)
        self.send("participant.registered", record, self.events[event_id].register,
                  {"participantId": record["participantId"], "channel": channel, "hour": hour,
                   "amount": amount})

    def distribute(self, event_id):
        hour = self.hour()
        elements, sent = [], []
        for channel in self.rng.sample(CHANNELS, self.rng.randint(1, 3)):
            cost, text = self.amount()
            views = self.rng.choice([0, 1, 3, 7, 8000, 10**12, self.rng.randint(0, 99_999)])
            more = {"type": self.rng.choice(["TV", "TV", "CALL", ""]),
                    "status": self.rng.choice(STATUSES)}
            number = self.rng.choice(["", "d1", "d2"])
            elements.append({"channel": channel, "id": number, "hour": hour, "views": views,
                             "cost": cost, **more})
            sent.append({"channel": unicodedata.normalize("NFD", channel), "distributionId": number,
                         "expectedViews": views, "distributionCost": text,
                         "channelType": more["type"], "status": more["status"]})
        when = {"eventId": event_id, "completedAt": self.moment(hour)}
        record = {**when, "distributedChannels": sent}
        if len(sent) == 1 and self.rng.random() < 0.5:
            record = {**when, **sent[0]}
        for each in elements:
            each["at"] = model.datetime.datetime.fromisoformat(record["completedAt"])
        self.send("distribution.completed", record, self.events[event_id].distribute, elements)

    def fill(self):
        for event_id in self.events:
            if event_id != "e0/x y":                # never described: participants of nobody
                self.create(event_id)
            for _ in range(self.rng.choice([0, 5, 120])):
                step = self.rng.choice([self.register] * 6 + [self.distribute] * 2
                                       + [self.repeat] * 2)
                step(event_id)
            if event_id != "e0/x y" and self.rng.random() < 0.3:
                self.create(event_id)               # described anew, perhaps another's now
        return self.producer.flush()

    def described(self):
        return {name: event for name, event in self.events.items() if event.described}

    def of_user(self, user_id):
        return {name: event for name, event in self.described().items()
                if event.described["userId"] == user_id}


# --- Questions ----------------------------------------------------------------------------------


def edge_text(rng, hour, zone):
    """An end of a period as one may write it."""
    local = model.local(hour, zone)
    if local.hour == 0 and model.hour_of(local.year, local.month, local.day, zone) == hour:
        if rng.random() < 0.7:
            return local.date().isoformat()
    if local.fold == 0 and model.hour_of(local.year, local.month, local.day, zone,
                                         local.hour) == hour and rng.random() < 0.3:
        return local.replace(tzinfo=None).isoformat(timespec=rng.choice(["minutes", "seconds"]))
    other = model.local(hour, rng.choice(ZONES))
    return other.isoformat()


def period(rng):
    begin = rng.choice(PLACES) + rng.choice([0, 0, 0, rng.randint(-100, 100)])
    return model.Hours(begin, begin + rng.choice([1, 2, 23, 24, 25, 7 * 24, 31 * 24,
                                                   rng.randint(1, 2000)]))


def question(rng):
    """(view, parameters as sent, what the model is asked)."""
    zone = rng.choice(ZONES)
    view = rng.choice(["", "/channels", "/roi", "/timeline"])
    sent, more, hours = [], {}, model.ALL
    if zone != "Asia/Seoul" or rng.random() < 0.5:
        sent.append(("timezone", zone))
    if view != "/roi" and rng.random() < 0.6:
        hours = period(rng)
        sent += [("startDate", edge_text(rng, hours.begin, zone)),
                 ("endDate", edge_text(rng, hours.end, zone))]
    if view in ("/channels", "/timeline") and rng.random() < 0.4:
        more["channel"] = set(rng.sample([*CHANNELS, "nope"], rng.randint(1, 3)))
        sent += [("channel", name) for name in more["channel"]]
    if view == "/timeline":
        more["interval"] = rng.choice(["hourly", "daily", "weekly", "monthly"])
        sent.append(("interval", more["interval"]))
    if view == "/channels":
        sorting(rng, [*model.CHANNEL_KEYS, "channel"], more, sent)
    return view, sent, zone, hours, more


def sorting(rng, keys, more, sent):
    for name, choices in (("sortBy", keys), ("order", ["asc", "desc"])):
        if rng.random() < 0.7:
            more[name] = rng.choice(choices)
            sent.append((name, more[name]))


def paging(rng, more, sent):
    sorting(rng, ["participants", "totalViews", "engagementRate", "roi", "eventId"], more, sent)
    for name, choices in (("page", [0, 1, 2]), ("size", [1, 2, 3, 100])):
        if rng.random() < 0.6:
            more[name] = rng.choice(choices)
            sent.append((name, more[name]))


def expected(view, level, name, found, asked):
    events = list(found.values())
    if view == "":
        if level == "events":
            return model.event_dashboard(name, events[0], asked)
        return model.user_dashboard(name, found, asked)
    make = {"/channels": model.channels_view, "/roi": model.roi_view,
            "/timeline": model.timeline_view}[view]
    return make({"eventId" if level == "events" else "userId": name}, events, asked)


def this_hour():
    return int(time.time()) // 3600


def ask(tallyd, path, position=None):
    """An answer, and the hour in which it was given: asked again when the hour changes."""
    while True:
        before = this_hour()
        answer = tallyd.get(path, position)
        if this_hour() == before:
            return answer, before


@pytest.fixture(name="tallyd", scope="module")
def _tallyd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("views")
    with harness.Tallyd("--embedded", data_dir=folder / "data",
                        ready_file=folder / "ready.json") as running:
        running.wait_ready()
        yield running


def test_every_route_agrees_with_a_second_opinion(tallyd):
    rng = random.Random(SEED)
    kafka = harness.Kafka(tallyd.listening["brokers"], "sample.")
    world = World(rng, kafka.producer(), this_hour())
    position = world.fill()
    users = sorted({event.described["userId"] for event in world.described().values()})
    tallyd.user(users[0], position)      # every shard has read it all
    assert tallyd.metric("tally_dead_letters_total") in (None, 0), "the test sent bad input"
    assert tallyd.get(harness.event_path("e0/x y")).status == 404
    for number in range(REQUESTS):
        view, sent, zone, hours, more = question(rng)
        level = rng.choice(["events", "users"])
        if level == "events":
            name = rng.choice(list(world.described()))
            found = {name: world.events[name]}
        else:
            name = rng.choice(users)
            found = world.of_user(name)
            if view == "":
                paging(rng, more, sent)
        path = (f"/api/v1/{level}/{urllib.parse.quote(name, safe='')}/analytics{view}?"
                + urllib.parse.urlencode(sent))
        answer, hour = ask(tallyd, path)
        assert answer.status == 200, f"seed {SEED}, request {number}: {path}: {answer!r}"
        want = expected(view, level, name, found, model.Asked(zone, hours, hour, **more))
        assert answer.exact() == want, f"seed {SEED}, request {number}: {path}"


def test_tags_change_exactly_when_what_is_shown_does(tallyd):
    """After every record: a tag is another one exactly where the record changed what is shown."""
    rng = random.Random(SEED)
    kafka = harness.Kafka(tallyd.listening["brokers"], "sample.")
    world = World(rng, kafka.producer(), this_hour(), ("t1", "t2"))
    world.events = {f"tag-{number}": model.Event() for number in range(4)}
    world.sent = {event_id: [] for event_id in world.events}
    for event_id in world.events:
        world.create(event_id)
    paths = [(level, name, view) for level, names in (("events", list(world.events)),
                                                      ("users", world.users))
             for name in names for view in ("", "/channels", "/roi", "/timeline?interval=weekly")]
    before = {}
    for number in range(TAG_STEPS):
        event_id = rng.choice(list(world.events))
        rng.choice([world.create, world.register, world.distribute, world.repeat,
                    world.repeat])(event_id)
        position = world.producer.flush()
        for level, name, view in paths:
            shown = [world.events[name]] if level == "events" else world.of_user(name).values()
            path = f"/api/v1/{level}/{urllib.parse.quote(name, safe='')}/analytics{view}"
            answer, hour = ask(tallyd, path, position)
            if not shown:
                assert answer.status == 404, answer
                continue
            state, tag = [(id(event), event.changes) for event in shown], answer.headers["ETag"]
            old_hour, old_state, old_tag = before.get(path, (None, None, None))
            if old_hour == hour:      # the clock changes some of them too
                assert (state == old_state) == (tag == old_tag), (
                    f"seed {SEED}, record {number}: {path}: {old_state} {old_tag} {answer!r}")
            before[path] = (hour, state, tag)
            assert tallyd.get(path, If_None_Match=tag).status == 304 or this_hour() != hour


def test_the_thousand_and_first_channel_is_counted_under_others(tallyd):
    kafka = harness.Kafka(tallyd.listening["brokers"], "sample.")
    producer = kafka.producer()
    producer.send("event.created", harness.event_created("e", "u"))
    producer.send("distribution.completed", {
        "eventId": "e", "completedAt": "2026-01-01T08:00:00+09:00", "distributedChannels": [
            {"channel": f"c{number:04}", "channelType": "TV", "expectedViews": 2,
             "distributionCost": 1} for number in range(1_005)]})
    for number in range(1_005):
        producer.send("participant.registered",
                      harness.participant("e", f"p{number}", channel=f"c{number % 7:04}"))
    answer = tallyd.read(harness.event_path("e", "/channels?sortBy=channel"), producer.flush())
    view = answer.exact()
    assert [row["channel"] for row in view["channels"]] == [
        *(f"c{number:04}" for number in range(1_000)), "기타"]
    others = view["channels"][-1]
    assert (others["impressions"], others["distributionCost"], others["channelType"]) == (
        "10", "5", "TV")
    assert view["channels"][3]["participants"] == "144"     # 3, 10, … 1004
    assert view["channels"][4]["participants"] == "143"
    # 1,005 participants and 2,010 views over 1,001 channels.
    assert view["comparison"]["average"] == {
        "impressions": "2.01", "participants": "1.00", "conversionRate": "50.00",
        "distributionCost": "1.00"}
    assert view["comparison"]["best"]["participants"] == "c0000"


@pytest.mark.parametrize("query, parameters", [
    # One request, everything wrong with it: named one by one.
    ("?timezone=Asia/Kolkata&startDate=2026-02-01T00:30&endDate=2026-01-01&page=1&channel=a",
     ["page", "channel", "timezone", "startDate", "endDate"]),
    ("?startDate=2026-01-01", ["endDate"]),
    ("?timezone=Asia/Kathmandu", ["timezone"]),
    # Half an hour in 2016 only, and only in summer.
    ("?timezone=Asia/Pyongyang&startDate=2016-01-01&endDate=2016-01-02", ["timezone"]),
    ("?timezone=Australia/Lord_Howe&startDate=2026-01-01&endDate=2026-06-01", ["timezone"]),
    ("?startDate=2026-02-30&endDate=2026-03-01", ["startDate"]),
    ("?startDate=2026-01-01&startDate=2026-01-02&endDate=2026-02-01", ["startDate"]),
])
def test_bad_parameters_are_all_named(tallyd, query, parameters):
    answer = tallyd.get(harness.event_path("e", query), position="sample.unknown/0@1")
    problem = answer.json()
    assert (answer.status, problem["code"]) == (400, "invalid_parameter"), answer
    assert [error["parameter"] for error in problem["errors"]] == [*parameters,
                                                                   "Tally-Min-Position"], problem
    assert all(error["allowed"] for error in problem["errors"]), problem


def test_ten_thousand_events_of_one_user(tallyd):
    """Paged through while records come in: every page at one position, none missing, and an event
    that is registered for meanwhile is not held up."""
    brokers = tallyd.listening["brokers"]
    report = harness.tally("generate", "--brokers", brokers, "--seed", "7", "--users", "1",
                           "--events", "10000", "--participants", "20000", "--skew", "1", "--json")
    tallyd.user("g7-user-1", json.loads(report.stdout)["position"])
    producer = harness.Kafka(brokers, "sample.").producer()
    producer.send("event.created", harness.event_created("beside", "u-beside"))
    rows = []
    for page in range(100):
        view = tallyd.user("g7-user-1", query=f"?sortBy=eventId&size=100&page={page}").json()
        assert (view["totalEvents"], view["summary"]["participants"]) == (10_000, 20_000)
        assert view["eventPerformances"]["totalPages"] == 100
        items = view["eventPerformances"]["items"]
        rows += items
        producer.send("participant.registered", harness.participant("beside", f"p{page}"))
        beside = tallyd.event("beside", producer.flush()).json()
        assert beside["summary"]["participants"] == page + 1
    names = [row["eventId"] for row in rows]
    assert names == sorted(names) and len(set(names)) == 10_000
    assert sum(row["participants"] for row in rows) == 20_000
    for key in ("participants", "totalViews", "engagementRate", "roi"):
        for order, sign in (("asc", 1), ("desc", -1)):
            rows.sort(key=lambda row: (row[key] is None, sign * (row[key] or 0), row["eventId"]))  # pylint: disable=cell-var-from-loop
            for page in (0, 57, 99):
                view = tallyd.user("g7-user-1",
                                   query=f"?sortBy={key}&order={order}&size=100&page={page}")
                assert (view.json()["eventPerformances"]["items"]
                        == rows[100 * page:100 * page + 100]), (key, order, page)
    channels = tallyd.read("/api/v1/users/g7-user-1/analytics/channels").json()["channels"]
    assert sum(channel["participants"] for channel in channels) == 20_000
    assert (sum(channel["impressions"] for channel in channels)
            == sum(row["totalViews"] for row in rows))
    timeline = tallyd.read("/api/v1/users/g7-user-1/analytics/timeline?interval=monthly").json()
    assert timeline["dataPoints"][-1]["cumulativeParticipants"] == 20_000
