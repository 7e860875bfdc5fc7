"""Positions, as a dashboard relies on them: time never goes backwards, waits are bounded, and what is
unchanged costs nothing."""

import http.client
import os
import random
import resource
import select
import signal
import socket
import threading

import harness
from harness import event_created, event_path, participant

SEED = int(os.environ.get("TALLY_TEST_SEED", "20261122"))
EVENTS = [f"evt-{number}" for number in range(6)]
USERS = ["user-1", "user-2"]
READERS = 4
RESTARTS = 6
ANSWERS_BETWEEN_RESTARTS = 150
BURST = 50
WAITERS_MAX = 1_000            # reads that wait for one shard


def user_path(number):
    return f"/api/v1/users/{USERS[number]}/analytics"


# --- Never backwards ----------------------------------------------------------------------------


class Reader(threading.Thread):
    """A dashboard: looks at events and users in turn and remembers what it saw. Every request says
    how far the answers so far had got; an answer that shows less is what must not happen."""

    def __init__(self, seed, service):
        super().__init__(daemon=True)
        self.rng = random.Random(seed)
        self.service = service
        self.tokens = {}          # path -> of its last answer
        self.seen = {}            # path -> participants
        self.answers = 0
        self.refused = 0
        self.failure = None

    def least(self, path):
        """What it has seen already: of a user, also of its events one by one."""
        events = [event_path(event) for number, event in enumerate(EVENTS)
                  if path == user_path(number % 2)]
        return max(self.seen.get(path, 0), sum(self.seen.get(event, 0) for event in events))

    def run(self):
        try:
            while not self.service.ended.is_set():
                self.look()
        except Exception as error:  # pylint: disable=broad-except
            self.failure = self.failure or repr(error)

    def look(self):
        path = self.rng.choice([event_path(event) for event in EVENTS]
                               + [user_path(number) for number in range(len(USERS))])
        seen = ", ".join(self.tokens.values())
        try:
            answer = harness.http_get(self.service.address(), path,
                                      {"Tally-Min-Position": seen} if seen else {})
        except (OSError, http.client.HTTPException):
            return                # it is being restarted
        if answer.status == 503:
            self.refused += 1
            return
        if answer.status != 200:
            self.failure = self.failure or f"{path}: {answer!r}"
            return
        count = answer.json()["summary"]["participants"]
        if count < self.least(path):
            self.failure = self.failure or f"{path}: {count} < {self.least(path)}: {answer!r}"
        self.seen[path] = count
        self.tokens[path] = answer.headers["Tally-Position"]
        self.answers += 1


class Service:
    """What readers and writer share: where tallyd listens at the moment, and whether it is over."""

    def __init__(self):
        self.tallyd = None
        self.ended = threading.Event()

    def address(self):
        return self.tallyd.listening["http"]


class Writer(threading.Thread):
    """Registers without end, each burst acknowledged before the next; of some, the position."""

    def __init__(self, seed, kafka, service):
        super().__init__(daemon=True)
        self.rng, self.service, self.producer = random.Random(seed), service, kafka.producer()
        self.sent = {event: 0 for event in EVENTS}
        self.failure = None
        for number, event in enumerate(EVENTS):
            self.producer.send("event.created", event_created(event, USERS[number % 2]))
        self.position = self.producer.flush()

    def run(self):
        try:
            while not self.service.ended.is_set():
                for _ in range(self.rng.randint(1, BURST)):
                    event = self.rng.choice(EVENTS)
                    self.sent[event] += 1
                    self.producer.send("participant.registered",
                                       participant(event, f"p{self.sent[event]}"))
                self.position = self.producer.flush()
        except Exception as error:  # pylint: disable=broad-except
            self.failure = repr(error)


def await_answers(readers, count):
    deadline = harness.Deadline(2 * harness.WAIT_SECONDS_MAX)
    target = [reader.answers + count for reader in readers]
    while any(reader.answers < each for reader, each in zip(readers, target)):
        failures = [reader.failure for reader in readers if reader.failure]
        assert not failures, f"seed {SEED}: {failures}"
        assert not deadline.passed(), [reader.answers for reader in readers]
        readers[0].join(0.01)


def test_time_never_goes_backwards_across_restarts(kafka, start):
    kafka.create_topics()
    service, rng = Service(), random.Random(SEED)
    flags = ("--position-wait-ms", "500", "--checkpoint-interval-ms", "300")
    writer = Writer(SEED, kafka, service)
    service.tallyd = start(*flags).wait_ready()
    service.tallyd.user(USERS[0], writer.position)
    service.tallyd.user(USERS[1], writer.position)
    readers = [Reader(SEED + number, service) for number in range(READERS)]
    for thread in (writer, *readers):
        thread.start()
    try:
        for number in range(RESTARTS):
            await_answers(readers, rng.randint(1, ANSWERS_BETWEEN_RESTARTS))
            service.tallyd.signal(rng.choice([signal.SIGKILL, signal.SIGTERM]))
            service.tallyd.exit_code()
            again = start(*flags)
            again.wait_listening()      # not ready: readers meet it while it catches up
            service.tallyd = again
            assert service.tallyd.running(), f"restart {number}"
        await_answers(readers, ANSWERS_BETWEEN_RESTARTS)
    finally:
        service.ended.set()
        for thread in (writer, *readers):
            thread.join(harness.WAIT_SECONDS_MAX)
    assert not writer.failure, writer.failure
    assert not any(reader.failure for reader in readers), [reader.failure for reader in readers]
    for event in EVENTS:
        answer = service.tallyd.event(event, writer.position).json()
        assert answer["summary"]["participants"] == writer.sent[event], event


# --- Bounded ------------------------------------------------------------------------------------


def ask_without_waiting(tallyd, path, position):
    """A connection on which the request has been sent."""
    host, _, port = tallyd.http.rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=harness.WAIT_SECONDS_MAX)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: tally\r\nTally-Min-Position: {position}\r\n"
                       "Connection: close\r\n\r\n".encode())
    return connection


def status_of(connection):
    with connection, connection.makefile("rb") as stream:
        return int(stream.readline().split()[1])


def test_the_number_of_reads_that_wait_is_bounded(kafka, start):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    kafka.create_topics()
    tallyd = start("--position-wait-ms", "60000", "--admin-listen", "127.0.0.1:0").wait_ready()
    producer = kafka.producer()
    producer.send("event.created", event_created("evt-1"))
    producer.send("participant.registered", participant("evt-1", "p0"))
    now = tallyd.event("evt-1", producer.flush()).headers["Tally-Position"]
    shard = kafka.partition_of("evt-1")
    next_one = f"{kafka.topic('participant.registered')}/{shard}@2"
    waiting = [ask_without_waiting(tallyd, event_path("evt-1"), next_one)
               for _ in range(WAITERS_MAX)]
    deadline = harness.Deadline()
    while tallyd.metric("tally_http_requests_in_flight") < WAITERS_MAX:
        assert not deadline.passed(), tallyd.output()
        tallyd.pause()

    one_more = tallyd.get(event_path("evt-1"), next_one)
    assert (one_more.status, one_more.json()["code"]) == (503, "overloaded"), one_more
    assert one_more.headers["Retry-After"]
    assert one_more.headers["Tally-Position"] == now, "the position reached"
    # Nobody else is held up, and those that wait are still there.
    assert tallyd.get(event_path("evt-1")).status == 200
    answered = select.poll()
    for connection in waiting:
        answered.register(connection, select.POLLIN)
    assert not answered.poll(0)
    producer.send("participant.registered", participant("evt-1", "p1"))
    producer.flush()
    assert {status_of(connection) for connection in waiting} == {200}


def test_only_what_matters_to_the_answer_is_waited_for(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4", "--position-wait-ms", "50").wait_ready()
    producer = kafka.producer()
    producer.send("event.created", event_created("evt-1"))
    token = tallyd.event("evt-1", producer.flush()).headers["Tally-Position"]
    shard = kafka.partition_of("evt-1")
    elsewhere = [partition for partition in range(4) if partition != shard]
    topics = kafka.topics()
    reached = [f"{topic}/{shard}@{offset}" for topic, offset in zip(topics, (1, 0, 0))]
    late = [f"{topic}/{shard}@{offset}" for topic, offset in zip(topics, (2, 1, 1))]
    other = [f"{topic}/{partition}@9999" for topic in topics for partition in elsewhere]
    rows = [(reached, 200, 200), ([*reached, token], 200, 200), (other, 200, 503),
            *(([each], 503, 503) for each in late),
            ([*reached, *other, token], 200, 503), ([reached[0], late[0]], 503, 503),
            ([late[0], reached[0]], 503, 503), (["", token, " ", ""], 200, 200),
            ([token, token], 200, 200)]
    for entries, of_event, of_user in rows:
        for path, status in ((event_path("evt-1"), of_event),
                             ("/api/v1/users/user-1/analytics", of_user)):
            answer = tallyd.get(path, ",".join(entries))
            assert answer.status == status, (path, entries, answer)
            if status == 503:
                assert answer.json()["code"] == "position_not_reached"
                assert answer.json()["position"] == answer.headers["Tally-Position"]
