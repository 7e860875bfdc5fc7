"""What the tests of faults share: load in the background, and what must be true afterwards.

What the state is after a fault is compared with the topics by `tally verify --against-log`, with
what was sent by the numbers on dashboards, and dead letters with the bad records of the topics.
"""

import collections
import json
import os
import threading

import harness
from harness import WAIT_SECONDS_MAX, distribution, event_created, participant, tally

EQUAL = 0
EVENTS = tuple(f"evt-{number}" for number in range(8))
LONG = "TALLY_TEST_LONG" in os.environ   # tools/test --nightly: faults that last, and more of them
PORTIONS_MAX = 20_000


def send(kafka, first, count, events=EVENTS):
    """Participants first … first + count - 1 of every event; the position after them."""
    producer = kafka.producer()
    for event_id in events:
        producer.send("event.created", event_created(event_id))
        producer.send("distribution.completed", distribution(event_id))
        for person in range(first, first + count):
            producer.send("participant.registered", participant(
                event_id, f"p{person}", purchaseAmount=10,
                registeredAt=f"2026-01-01T{person % 24:02}:00:00+09:00"))
    return producer.flush()


def participants(tallyd, event_id, position=None):
    return tallyd.event(event_id, position).json()["summary"]["participants"]


def check_equal(kafka, data_dir):
    done = tally("verify", "--data-dir", data_dir, "--against-log", "--brokers", kafka.brokers,
                 "--json", check=False)
    assert done.returncode == EQUAL, done.stdout + done.stderr
    assert json.loads(done.stdout)["result"] == "equal"


def stop_and_check(kafka, tallyd):
    code = tallyd.stop()
    assert code == 0, f"tallyd ended with {code}\n" + tallyd.output()
    check_equal(kafka, tallyd.data_dir)


def bad_record(number):
    return b"{" + str(number).encode()


def check_letters(kafka, at_least=0, once=True):
    """Every bad record of the topics has its dead letter, as it came and (`once`) one only."""
    bad = {(topic, partition, message.offset()): message.value()
           for (topic, partition), messages in kafka.consume(kafka.topics()).items()
           for message in messages if not message.value().endswith(b"}")}
    assert len(bad) >= at_least
    letters = collections.defaultdict(list)
    for messages in kafka.consume([topic + ".dlq" for topic in kafka.topics()]).values():
        for message in messages:
            headers = {name: value.decode() for name, value in message.headers()}
            place = (headers["tally-topic"], int(headers["tally-partition"]),
                     int(headers["tally-offset"]))
            assert message.partition() == place[1]
            letters[place].append(message.value())
    assert letters.keys() == bad.keys(), (
        f"{len(bad)} bad records, {len(letters)} with dead letters; without: "
        f"{sorted(bad.keys() - letters.keys())[:10]}, of none: "
        f"{sorted(letters.keys() - bad.keys())[:10]}")
    for place, values in letters.items():
        assert set(values) == {bad[place]}, place
        assert len(values) == 1 or not once, f"{len(values)} dead letters of {place}"


class Load(threading.Thread):
    """Sends records of all kinds until the block ends: registrations with repeats, descriptions,
    distributions that replace, bad records. In portions, each of which is acknowledged."""

    def __init__(self, kafka, bad=True, **producer):
        super().__init__(daemon=True)
        self.kafka = kafka
        self.producer = kafka.producer(**producer)
        self.bad = bad
        self.ended = threading.Event()
        self.portions = 0
        self.interval = 0.005   # seconds between portions
        self.error = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()

    def run(self):
        try:
            while not self.ended.wait(self.interval) and self.portions < PORTIONS_MAX:
                self.send_portion(self.portions)
                self.portions += 1
        except BaseException as error:  # pylint: disable=broad-exception-caught
            self.error = error

    def send_portion(self, number):
        for event_id in EVENTS:
            self.producer.send("event.created", event_created(event_id, totalInvestment=number))
            self.producer.send("distribution.completed", distribution(event_id, views=number))
            for person in (2 * number, 2 * number + 1, number):
                self.producer.send("participant.registered", participant(
                    event_id, f"p{person}", purchaseAmount=10,
                    registeredAt=f"2026-01-01T{person % 24:02}:00:00+09:00"))
            if self.bad:
                self.producer.send("participant.registered", bad_record(number), event_id)
        self.producer.flush()

    def wait_for_portions(self, more):
        """Until so many more have been acknowledged."""
        deadline = harness.Deadline(2 * WAIT_SECONDS_MAX)
        target = self.portions + more
        while self.portions < target:
            assert self.error is None, self.error
            assert not deadline.passed(), f"{self.portions} of {target} portions"
            self.ended.wait(0.005)

    def check(self, kafka, *tallyds, once=True):
        """After the block: all that was sent counts, once, and all that was bad has its letter."""
        assert self.error is None, self.error
        position = self.producer.position()
        for tallyd in tallyds:
            for event_id in EVENTS:
                summary = tallyd.event(event_id, position).json()["summary"]
                assert (summary["participants"], summary["totalViews"]) == (
                    2 * self.portions, self.portions - 1), event_id
        for tallyd in tallyds:
            stop_and_check(kafka, tallyd)
        if self.bad:
            check_letters(kafka, at_least=len(EVENTS) * self.portions, once=once)
