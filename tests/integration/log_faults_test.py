"""Faults of the broker and of what is in the topics: killed brokers, hanging transactions, nothing but
bad records, history that is gone. Nothing is lost, nothing counted twice, nothing skipped."""

import signal
import subprocess

import harness
import pytest
from faults import (EVENTS, LONG, Load, bad_record, check_letters, participants, send,
                    stop_and_check)
from harness import WAIT_SECONDS_MAX, participant, tally

POISON = 1_000_000 if LONG else 30_000
BROKER_KILLS = 25 if LONG else 5
UNCHECKED = 3   # what tally verify ends with when the topics lack the history


# --- Nothing but bad records ----------------------------------------------------------------------


def poison(kafka, first, count):
    producer = kafka.producer()
    for number in range(first, first + count):
        producer.send(harness.INPUT_TOPICS[number % 3], bad_record(number), key=f"k{number % 97}")
    producer.flush()


def test_nothing_but_bad_records_is_survived(kafka, start):
    kafka.create_topics()
    poison(kafka, 0, POISON // 2)   # waits already
    tallyd = start().wait_ready(300)
    poison(kafka, POISON // 2, POISON - POISON // 2)
    position = send(kafka, 0, 10)
    for event_id in EVENTS:
        assert participants(tallyd, event_id, position) == 10
    stop_and_check(kafka, tallyd)
    check_letters(kafka, at_least=POISON)


def test_killed_while_nothing_but_bad_records_comes_each_has_one_letter(kafka, start):
    kafka.create_topics()
    portion, kills = POISON // 10, 10
    for kill in range(kills):
        tallyd = start()
        if kill % 2:
            tallyd.wait_ready()
        poison(kafka, kill * portion, portion)
        deadline = harness.Deadline()
        while not tallyd.metric("tally_dead_letters_total"):
            assert not deadline.passed(), tallyd.output()
            tallyd.pause(0.005)
        tallyd.kill()
    tallyd = start().wait_ready(300)
    position = send(kafka, 0, 10)
    for event_id in EVENTS:
        assert participants(tallyd, event_id, position) == 10
    stop_and_check(kafka, tallyd)
    check_letters(kafka, at_least=kills * portion)


# --- Transactions ---------------------------------------------------------------------------------


def open_transaction(kafka, **config):
    """With a record of EVENTS[0] that must not count."""
    producer = kafka.producer(**{"transactional.id": kafka.prefix + "hanging"}, **config)
    producer.client.init_transactions(WAIT_SECONDS_MAX)
    producer.client.begin_transaction()
    producer.send("participant.registered", participant(EVENTS[0], "never"))
    producer.flush()
    return producer


def wait_shown(tallyd, event_id, count):
    deadline = harness.Deadline()
    while (shown := participants(tallyd, event_id)) != count:
        assert shown < count
        assert not deadline.passed(), f"{shown} instead of {count}\n{tallyd.output()}"
        tallyd.pause()


@pytest.mark.parametrize("end", ["abort", "timeout"])
def test_a_hanging_transaction_holds_readers_back_and_then_does_not(kafka, start, end):
    kafka.create_topics()
    tallyd = start("--position-wait-ms", "300").wait_ready()
    position = send(kafka, 0, 10)
    assert participants(tallyd, EVENTS[0], position) == 10
    hanging = open_transaction(
        kafka, **({"transaction.timeout.ms": 6000} if end == "timeout" else {}))
    behind = send(kafka, 10, 10)
    others = [event_id for event_id in EVENTS
              if kafka.partition_of(event_id) != kafka.partition_of(EVENTS[0])]
    assert participants(tallyd, others[0], behind) == 20
    # Nothing behind it is shown, and who insists on it is told how far it is.
    refused = tallyd.get(harness.event_path(EVENTS[0]), behind)
    assert refused.status == 503 and refused.headers["Tally-Position"], refused
    assert participants(tallyd, EVENTS[0], position) == 10
    assert harness.http_get(tallyd.admin, "/readyz").status == 200
    if end == "abort":
        hanging.client.abort_transaction(WAIT_SECONDS_MAX)
    assert participants(tallyd, EVENTS[0], behind) == 20
    stop_and_check(kafka, tallyd)


def test_who_starts_while_a_transaction_hangs_is_ready_at_the_last_stable_offset(kafka, start):
    kafka.create_topics()
    position = send(kafka, 0, 10)
    hanging = open_transaction(kafka)
    behind = send(kafka, 10, 10)
    tallyd = start().wait_ready()
    assert participants(tallyd, EVENTS[0], position) == 10
    tallyd.kill()
    tallyd = start().wait_ready()
    assert participants(tallyd, EVENTS[0], position) == 10
    hanging.client.abort_transaction(WAIT_SECONDS_MAX)
    assert participants(tallyd, EVENTS[0], behind) == 20
    stop_and_check(kafka, tallyd)


# --- Brokers and their history ----------------------------------------------------------------------


def test_a_broker_that_is_killed_again_and_again_costs_nothing(own_kafka, start):
    # A broker that went without a word is fenced for a session: a short one.
    session = ("broker.session.timeout.ms=1000", "broker.heartbeat.interval.ms=200")
    address, folder = own_kafka(settings=session)
    port = address.rpartition(":")[2]
    kafka = harness.Kafka(address, harness.unique_prefix("killed-broker"))
    kafka.create_topics()
    tallyd = start("--kafka-config", "reconnect.backoff.max.ms=500", brokers=address,
                   prefix=kafka.prefix).wait_ready()
    participants(tallyd, EVENTS[0], send(kafka, 0, 1))
    command = [str(harness.ROOT / "tools/kafka")]
    with Load(kafka, **{"reconnect.backoff.max.ms": 500, "acks": "all"}) as load:
        for _ in range(BROKER_KILLS):
            load.wait_for_portions(20)
            subprocess.run([*command, "stop", "--dir", folder, "--now", "--keep"], check=True,
                           timeout=WAIT_SECONDS_MAX)
            assert tallyd.get(harness.event_path(EVENTS[0])).status == 200
            subprocess.run([*command, "start", "--dir", folder, "--port", port, "--resume",
                            *(f"--set={setting}" for setting in session)], check=True,
                           stdout=subprocess.DEVNULL, timeout=3 * WAIT_SECONDS_MAX)
        load.wait_for_portions(20)
    load.check(kafka, tallyd)


def check_gap_is_named(tallyd, size):
    deadline = harness.Deadline()
    while "no shard is open yet" in (answer := tallyd.get(harness.event_path("evt-0"))).body:
        assert not deadline.passed(), tallyd.output()
        tallyd.pause()
    assert answer.status == 503, answer
    assert f"{size} offsets were deleted before they were read" in answer.json()["detail"], answer
    assert "tally restore" in answer.json()["detail"], answer


def test_history_that_is_deleted_before_it_was_read_is_named_and_sized(kafka, start, tmp_path):
    kafka.create_topics()
    tallyd = start().wait_ready()
    participants(tallyd, "evt-0", send(kafka, 0, 5))
    tallyd.signal(signal.SIGSTOP)
    send(kafka, 5, 1)   # answers the requests that wait at the broker
    send(kafka, 6, 94)
    kafka.delete_records(tmp_path, kafka.topic("participant.registered"), 80)
    tallyd.signal(signal.SIGCONT)
    shard = kafka.partition_of("evt-0")
    stopped = tallyd.wait_for_output(
        rf"shard {shard} has stopped: \S*participant\.registered/{shard}: offset (\d+) was to be "
        r"read next, but the log has offsets 80 to \d+: (\d+) offsets were deleted")
    read = int(stopped[1])
    # Five, or six where what waited was answered, of each event of the partition.
    assert 0 < read < 80 and int(stopped[2]) == 80 - read, stopped[0]
    check_gap_is_named(tallyd, 80 - read)
    tallyd.stop()
    again = start()
    again.wait_for_output(rf"the store is at offset {read} but the log starts at 80: {80 - read} offsets")
    check_gap_is_named(again, 80 - read)


def test_after_a_backup_is_restored_deleted_history_is_no_loss(kafka, start, tmp_path):
    """The remedy that the message names."""
    kafka.create_topics()
    tallyd = start().wait_ready()
    position = send(kafka, 0, 5)
    participants(tallyd, "evt-0", position)
    assert tallyd.stop() == 0
    behind = tmp_path / "behind"
    harness.tally("backup", "--data-dir", tallyd.data_dir, "--to", behind)
    tallyd = start().wait_ready()
    position = send(kafka, 5, 95)
    for event_id in EVENTS:
        assert participants(tallyd, event_id, position) == 100
    assert tallyd.stop() == 0
    harness.tally("backup", "--data-dir", tallyd.data_dir, "--to", tmp_path / "backup")
    kafka.delete_records(tmp_path, kafka.topic("participant.registered"), 80)
    harness.tally("restore", "--from", behind, "--data-dir", tmp_path / "one")
    start(name="one").wait_for_output("offsets were deleted before they were read")
    harness.tally("restore", "--from", tmp_path / "backup", "--data-dir", tmp_path / "two")
    restored = start(name="two").wait_ready()
    position = send(kafka, 100, 10)
    for event_id in EVENTS:
        assert participants(restored, event_id, position) == 110
    assert restored.stop() == 0
    # The topics no longer have what would prove it whole; that is said, and nothing differs.
    log = tally("verify", "--data-dir", restored.data_dir, "--against-log", "--brokers", kafka.brokers,
                "--json", check=False)
    assert log.returncode == UNCHECKED and "deleted" in log.stdout, log.stdout + log.stderr
    assert tally("verify", "--data-dir", restored.data_dir).returncode == 0
