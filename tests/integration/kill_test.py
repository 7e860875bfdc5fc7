"""Killed with -9 at any time and restarted, tallyd continues with exact numbers."""

import collections
import json
import os
import random
import threading

import faults
from harness import Deadline, distribution, event_created, participant, tally

RECORDS = 300_000
KILLS = int(os.environ.get("TALLY_TEST_KILLS", "20"))
EVENTS = 400
CHANNELS = ("우리동네TV", "지니TV", "링고비즈", "SNS", "기타")


def make_load(seed):
    """Records in order: (topic suffix, value). Skewed, with repeats, replacements and moves."""
    dice = random.Random(seed)
    sent = collections.defaultdict(list)
    for number in range(RECORDS):
        event_id = f"evt-{int(EVENTS * dice.random() ** 3)}"
        what = dice.random()
        if number < EVENTS or what < 0.02:
            event_id = f"evt-{number}" if number < EVENTS else event_id
            yield "event.created", event_created(
                event_id, f"user-{dice.randrange(40)}", totalInvestment=dice.randrange(10_000),
                expectedRevenue=f"{dice.randrange(100_000)}.{dice.randrange(100):02}")
        elif what < 0.06:
            yield "distribution.completed", distribution(
                event_id, dice.choice(CHANNELS), dice.randrange(1000),
                distributionId=f"d{dice.randrange(3)}", distributionCost=dice.randrange(500),
                status=dice.choice(("SUCCESS", "SUCCESS", "FAILED")))
        else:
            if sent[event_id] and dice.random() < 0.15:
                who = dice.choice(sent[event_id])
            else:
                who = f"p{len(sent[event_id])}"
                sent[event_id].append(who)
            yield "participant.registered", participant(
                event_id, who, channel=dice.choice(CHANNELS),
                registeredAt=f"2026-01-{dice.randrange(1, 28):02}T{dice.randrange(24):02}:30:00Z",
                purchaseAmount=dice.choice((0, 0, 0, 30_000, "12.34")))


class Count:
    """An independent count, made from the topics as they are."""

    def __init__(self, kafka):
        found = kafka.consume(kafka.topics())
        self.records = sum(map(len, found.values()))
        self.next_offsets = {place: messages[-1].offset() + 1
                             for place, messages in found.items() if messages}
        self.owner, self.cost = {}, {}
        self.people = collections.defaultdict(dict)
        self.distributions = collections.defaultdict(dict)
        for (topic, _), messages in found.items():
            for message in messages:
                self.add(topic[len(kafka.prefix):], json.loads(message.value()))

    def add(self, suffix, value):
        event_id = value["eventId"]
        if suffix == "event.created":
            self.owner[event_id] = value["userId"]
            self.cost[event_id] = 100 * value["totalInvestment"]
        elif suffix == "participant.registered":
            self.people[event_id].setdefault(
                value["participantId"], (value["channel"], cents(value["purchaseAmount"])))
        else:
            self.distributions[event_id][value["channel"], value["distributionId"]] = value

    def event(self, event_id):
        """What the dashboard must show: {channel: (participants, purchases, views, cost)}."""
        channels = collections.defaultdict(lambda: [0, 0, 0, 0])
        for channel, amount in self.people[event_id].values():
            channels[channel][0] += 1
            channels[channel][1] += amount
        for (channel, _), value in self.distributions[event_id].items():
            channels[channel][2] += value["expectedViews"] if value["status"] == "SUCCESS" else 0
            channels[channel][3] += 100 * value["distributionCost"]
        return {name: tuple(sums) for name, sums in channels.items()}


def cents(amount):
    return round(float(amount) * 100)


def shown(dashboard):
    return {channel["channel"]: (channel["participants"], cents(channel["purchaseAmount"]),
                                 channel["impressions"], cents(channel["distributionCost"]))
            for channel in dashboard["channelPerformance"]}


def digests(data_dir):
    """What `tally inspect` tells of every shard that two equal stores have in common."""
    told = json.loads(tally("inspect", "--data-dir", data_dir, "--json").stdout)
    return {shard["shard"]: (shard["digest"], shard["nextOffsets"])
            for shard in told["shards"]}


def load_and_kill(kafka, start, load, dice):
    """Sends the load in portions, and kills tallyd once in each while it reads them. How many of
    the kills met it between its first record and storing the last that had been sent."""
    producer, portion, hits = kafka.producer(), RECORDS // KILLS, 0
    for kill in range(KILLS):
        # Many small checkpoints, so that a good part of the moments are in one.
        tallyd = start("--checkpoint-interval-ms", dice.choice((10, 50, 200, 1000)))
        sender = threading.Thread(target=lambda: send(producer, load, portion))
        sender.start()
        how = kill % 5
        if how == 0:            # at some moment of its start
            tallyd.pause(dice.uniform(0, 0.5))
        elif how == 1:          # as soon as it listens
            tallyd.wait_listening()
        elif how == 2:          # while it replays or reads, at a chosen count of records
            wait_for_records(tallyd, dice.randrange(1, portion))
        elif how == 3:          # when all is sent, with reading and checkpoints under way
            sender.join()
            tallyd.wait_listening()
        else:                   # after it was ready and read on
            tallyd.wait_ready()
            wait_for_records(tallyd, dice.randrange(1, portion))
        tallyd.kill()
        sender.join()
        if how in (2, 4):
            hits += stored(tallyd.data_dir) < sum(producer.next_offsets.values())
    producer.flush()
    return hits


def send(producer, load, count):
    for _ in range(count):
        producer.send(*next(load))
    producer.flush()


def wait_for_records(tallyd, count):
    """Until this process has read so many records; there are more, as a portion is sent to each."""
    deadline = Deadline()
    while (read := tallyd.metric("tally_records_total") or 0) < count:
        assert tallyd.running(), tallyd.output()
        assert not deadline.passed(), f"{read} of {count} records were read\n{tallyd.output()}"
        tallyd.pause(0.01)


def stored(data_dir):
    """How many records the store includes."""
    return sum(sum(shard.get("nextOffsets", {}).values()) for shard in json.loads(
        tally("inspect", "--data-dir", data_dir, "--json").stdout)["shards"])


def test_killed_again_and_again_during_a_load_every_count_is_exact(kafka, start, tmp_path):
    seed = int(os.environ.get("TALLY_TEST_SEED", random.SystemRandom().randrange(2**32)))
    print(f"replay with TALLY_TEST_SEED={seed}")
    kafka.create_topics()
    hits = load_and_kill(kafka, start, make_load(seed), random.Random(seed + 1))
    at_load = sum(kill % 5 in (2, 4) for kill in range(KILLS))
    print(f"{hits} of {at_load} kills at load came before all that was sent had been stored")
    assert hits >= at_load // 2

    count = Count(kafka)
    assert count.records == RECORDS
    position = ",".join(f"{topic}/{partition}@{offset}"
                        for (topic, partition), offset in count.next_offsets.items())
    tallyd = start().wait_ready(300)
    undisturbed = start("--group", kafka.prefix + "other", name="undisturbed").wait_ready(300)
    assert len(count.owner) == EVENTS
    for event_id, owner in count.owner.items():
        answer = tallyd.event(event_id, position)
        dashboard = answer.json()
        assert shown(dashboard) == count.event(event_id), event_id
        assert dashboard["userId"] == owner
        assert dashboard["summary"]["participants"] == len(count.people[event_id])
        assert answer.body == undisturbed.event(event_id, position).body
    for user_id in set(count.owner.values()):
        events = [event for event, owner in count.owner.items() if owner == user_id]
        dashboard = tallyd.user(user_id, position).json()
        assert dashboard["totalEvents"] == len(events)
        assert dashboard["summary"]["participants"] == sum(len(count.people[event])
                                                           for event in events)
    assert not tallyd.metric("tally_dead_letters_total")

    assert tallyd.stop() == 0
    assert undisturbed.stop() == 0
    disturbed = digests(tmp_path / "data")
    assert len(disturbed) == kafka.partitions
    assert disturbed == digests(tmp_path / "undisturbed")
    faults.check_equal(kafka, tmp_path / "data")
