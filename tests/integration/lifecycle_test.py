"""Running, being asked, and ending: signals, probes, metrics, positions, group offsets."""

import re
import signal
import subprocess
import threading

import harness
import pytest
from harness import NEVER_MS, event_created, event_path, participant


def fill(kafka, events=8):
    producer = kafka.producer()
    for number in range(events):
        producer.send("event.created", event_created(f"evt-{number}"))
        producer.send("participant.registered", participant(f"evt-{number}", "p0"))
    return producer.flush()


# --- Signals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_a_final_checkpoint(kafka, start, number):
    kafka.create_topics()
    position = fill(kafka)
    late = ("--checkpoint-interval-ms", NEVER_MS)
    tallyd = start(*late).wait_ready()
    body = tallyd.event("evt-1", position).body
    tallyd.signal(number)
    assert tallyd.exit_code(harness.STOP_SECONDS_MAX) == 0, tallyd.output()

    again = start(*late).wait_ready()
    assert again.event("evt-1", position).body == body
    assert not again.metric("tally_records_total"), "what was read is in the final checkpoint"


def test_a_signal_while_the_broker_is_awaited_ends_it_too(start):
    with harness.refusing_port() as port:
        tallyd = start(brokers=f"127.0.0.1:{port}").wait_listening()
        assert tallyd.stop() == 0, tallyd.output()


def test_a_signal_while_topics_are_awaited_ends_it_too(start):
    tallyd = start()
    tallyd.wait_for_output("--create-topics")
    assert tallyd.stop() == 0, tallyd.output()


def test_a_second_signal_ends_it_at_once(kafka, start):
    kafka.create_topics()
    fill(kafka)
    tallyd = start("--position-wait-ms", "60000").wait_ready()
    # A request that is in flight for a while gives the shutdown something to wait for.
    future = f"{kafka.topic('event.created')}/{kafka.partition_of('evt-1')}@1000000"
    waiting = threading.Thread(target=ask_in_vain, args=(tallyd, future), daemon=True)
    waiting.start()
    deadline = harness.Deadline()
    while not tallyd.metric("tally_http_requests_in_flight"):
        assert not deadline.passed(), "the request never arrived"
        tallyd.pause()
    tallyd.signal(signal.SIGTERM)
    tallyd.pause(0.05)
    if tallyd.running():
        tallyd.signal(signal.SIGTERM)
    tallyd.exit_code(harness.STOP_SECONDS_MAX)
    waiting.join(harness.WAIT_SECONDS_MAX)
    # Ended at once or not: nothing is lost.
    assert start().wait_ready().event("evt-1").json()["summary"]["participants"] == 1


def ask_in_vain(tallyd, position):
    try:
        tallyd.get(event_path("evt-1"), position)
    except OSError:
        pass    # cut off by the second signal
    except harness.http.client.HTTPException:
        pass


# --- Probes and metrics -------------------------------------------------------------------------


def test_probes_and_metrics(kafka, start):
    kafka.create_topics()
    position = fill(kafka)
    tallyd = start().wait_ready()
    tallyd.event("evt-1", position)
    assert harness.http_get(tallyd.admin, "/livez").status == 200
    ready = harness.http_get(tallyd.admin, "/readyz")
    assert ready.status == 200 and "ready" in ready.body
    series = tallyd.metrics()
    for name in ("tally_records_total", "tally_lag_records", "tally_checkpoint_age_seconds",
                 "tally_checkpoint_duration_seconds_count", "tally_batch_records_count",
                 "tally_http_request_duration_seconds_count"):
        assert any(found == name for found, _ in series), f"{name} is missing"
    assert tallyd.metric("tally_records_total", outcome="applied") == 16
    topics = {dict(labels)["topic"] for name, labels in series if name == "tally_records_total"}
    assert kafka.topic("event.created") in topics or "event.created" in topics
    partitions = {dict(labels)["partition"] for name, labels in series
                  if name == "tally_lag_records"}
    assert partitions == {str(number) for number in range(kafka.partitions)}
    for name, labels in series:
        for _, value in labels:
            assert not re.search("evt-|user-1|p0", value), (name, labels)


def test_probes_on_an_address_of_their_own(kafka, start):
    kafka.create_topics()
    tallyd = start("--admin-listen", "127.0.0.1:0").wait_ready()
    assert tallyd.admin != tallyd.http
    for path in ("/livez", "/readyz", "/metrics"):
        assert harness.http_get(tallyd.admin, path).status == 200
        assert harness.http_get(tallyd.http, path).status == 404
    assert harness.http_get(tallyd.admin, event_path("evt-1")).status == 404


# --- Positions ----------------------------------------------------------------------------------


def test_an_answer_reflects_at_least_the_position_asked_for(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    producer = kafka.producer()
    producer.send("event.created", event_created("evt-1"))
    producer.flush()
    for number in range(200):
        producer.send("participant.registered", participant("evt-1", f"p{number}"))
        answer = tallyd.get(event_path("evt-1"), producer.flush())
        assert answer.status == 200, answer
        assert answer.json()["summary"]["participants"] == number + 1


def test_a_position_in_the_future_is_a_503_with_the_position_reached(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4", "--position-wait-ms", "50").wait_ready()
    now = tallyd.event("evt-1", fill(kafka))
    shard = kafka.partition_of("evt-1")
    future = f"{kafka.topic('participant.registered')}/{shard}@1000000"
    answer = tallyd.get(event_path("evt-1"), future)
    assert answer.status == 503
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.headers["Retry-After"]
    assert answer.headers["Tally-Position"] == now.headers["Tally-Position"]
    assert answer.json()["status"] == 503 and answer.json()["code"]
    # Of another shard: it does not matter to this answer.
    other = f"{kafka.topic('participant.registered')}/{(shard + 1) % 4}@1000000"
    assert tallyd.get(event_path("evt-1"), other).status == 200
    assert tallyd.get("/api/v1/users/user-1/analytics", other).status == 503


def test_tokens_of_several_answers_are_a_position(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    position = fill(kafka)
    tokens = [tallyd.event(f"evt-{number}", position).headers["Tally-Position"]
              for number in range(8)]
    assert tallyd.user("user-1", ",".join(tokens)).json()["totalEvents"] == 8
    assert tallyd.event("evt-1", ", ".join(tokens)).status == 200


@pytest.mark.parametrize("position", [
    "nonsense", "@", "/0@1", "unknown.topic/0@1", "{topic}/0", "{topic}/0@", "{topic}/0@x",
    "{topic}/0@-1", "{topic}/x@1", "{topic}/-1@1", "{topic}/4@1", "{topic}/0@99999999999999999999",
])
def test_a_position_that_is_none_is_a_400(kafka, start, position):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    tallyd.event("evt-1", fill(kafka))
    answer = tallyd.get(event_path("evt-1"),
                        position.format(topic=kafka.topic("event.created")))
    assert answer.status == 400, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_reading_beside_a_replay_is_right_for_its_position(kafka, start):
    kafka.create_topics()
    producer = kafka.producer()
    producer.send("event.created", event_created("evt-1"))
    for number in range(150_000):
        producer.send("participant.registered",
                      participant(f"evt-{number % 50}", f"p{number // 50}"))
    position = producer.flush()

    tallyd = start().wait_listening()
    seen, catching_up, ready = [], 0, False
    deadline = harness.Deadline()
    while not ready:
        answer = tallyd.get(event_path("evt-1"))
        assert answer.status in (200, 503), f"never a 404 while catching up: {answer!r}"
        if answer.status == 503:
            assert answer.headers["Retry-After"], answer
        else:
            seen.append(answer.json()["summary"]["participants"])
            assert answer.headers["Tally-Position"]
            catching_up += answer.headers["Tally-Catching-Up"] == "true"
            ready = "Tally-Catching-Up" not in answer.headers
        assert not deadline.passed(), f"never caught up: {answer!r}"
    assert seen == sorted(seen), "an answer is never older than one before"
    assert seen[-1] == 3000
    print(f"{catching_up} answers while catching up")
    tallyd.wait_ready()
    last = tallyd.event("evt-1", position)
    assert last.json()["summary"]["participants"] == 3000
    assert "Tally-Catching-Up" not in last.headers


# --- Group offsets ------------------------------------------------------------------------------


def test_group_offsets_are_there_for_lag_tools(kafka, start):
    kafka.create_topics()
    position = fill(kafka, 40)
    group = kafka.prefix + "lag"
    tallyd = start("--group", group).wait_ready()
    tallyd.read("/api/v1/users/user-1/analytics", position)
    assert tallyd.stop() == 0
    told = subprocess.run(
        [str(harness.ROOT / "tools/kafka"), "run-tool", "consumer-groups", "--bootstrap-server",
         kafka.brokers, "--describe", "--group", group, "--offsets"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True,
        timeout=120).stdout
    rows = {(topic, int(partition)): (int(current), int(end), int(lag))
            for topic, partition, current, end, lag in re.findall(
                rf"^{re.escape(group)}\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s", told, re.M)}
    for place in position.split(","):
        topic, partition, offset = re.fullmatch(r"(.*)/(\d+)@(\d+)", place).groups()
        assert rows[topic, int(partition)] == (int(offset), int(offset), 0), told


def test_group_offsets_are_never_where_it_starts_from(kafka, start):
    kafka.create_topics()
    position = fill(kafka)
    group = ("--group", kafka.prefix + "lag")
    first = start(*group).wait_ready()
    body = first.event("evt-1", position).body
    assert first.stop() == 0
    # The group is at the end; a new store begins at the log's start all the same.
    second = start(*group, name="new").wait_ready()
    assert second.event("evt-1", position).body == body
