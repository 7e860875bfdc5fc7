"""Another log under a store, on a real Kafka: topics made again, cut off, or with more partitions.

Nothing of the two is ever mixed: the shard answers no more, and says what to type.
"""

import json

import harness
import pytest
from harness import distribution, event_created, participant, tally

EVENTS = [f"evt-{number}" for number in range(8)]
REGISTERED = "participant.registered"
BEFORE = 50  # participants of each event


def send(kafka, who, count, timestamp=None):
    producer = kafka.producer()
    for event_id in EVENTS:
        producer.send("event.created", event_created(event_id))
        for person in range(count):
            more = {} if timestamp is None else {"timestamp": timestamp + person}
            producer.send(REGISTERED, participant(event_id, f"{who}-{person}"), **more)
    return producer.flush()


def participants(tallyd, event_id, position=None):
    return tallyd.event(event_id, position).json()["summary"]["participants"]


def fill(kafka, tallyd):
    """All shards have read all of it."""
    position = send(kafka, "old", BEFORE)
    for event_id in EVENTS:
        assert participants(tallyd, event_id, position) == BEFORE


def remake(kafka, suffix=REGISTERED):
    """Deletes the topic and makes it again, empty."""
    kafka.delete_topics([kafka.topic(suffix)])
    kafka.create_topics(suffixes=[suffix], dead=False)


def check_equal(kafka, data_dir):
    done = tally("verify", "--data-dir", data_dir, "--against-log", "--brokers", kafka.brokers,
                 "--json", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["result"] == "equal"


def check_verify_says_so(kafka, data_dir, suffix=REGISTERED):
    """That the log is another one, instead of what it would make of every row."""
    done = tally("verify", "--data-dir", data_dir, "--against-log", "--brokers", kafka.brokers,
                 "--json", check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    for shard in json.loads(done.stdout)["shards"]:
        assert shard["result"] == "differs", shard
        assert f"{kafka.topic(suffix)}/{shard['shard']} has another record at offset" in (
            shard["reason"]), shard
        assert "tally rebuild" in shard["reason"]
        assert shard["differences"] == 0, shard


def check_another_log(tallyd, says):
    """Every shard that has participants has stopped, and every answer says why."""
    for event_id in EVENTS:
        deadline = harness.Deadline()
        while (answer := tallyd.get(harness.event_path(event_id))).status == 200 or (
                "no shard is open yet" in answer.body):
            if answer.status == 200:
                assert answer.json()["summary"]["participants"] == BEFORE, answer
            assert not deadline.passed(), tallyd.output()
            tallyd.pause()
        assert answer.status == 503
        assert says in answer.json()["detail"], answer
        assert "tally rebuild" in answer.json()["detail"], answer


def rebuild(kafka, tallyd, start, count):
    """As the message says; what the topic has now is what is counted."""
    tally("rebuild", "--data-dir", tallyd.data_dir, "--brokers", kafka.brokers)
    again = start().wait_ready()
    for event_id in EVENTS:
        assert participants(again, event_id, kafka.ends) == count
    assert again.stop() == 0
    check_equal(kafka, again.data_dir)


LONGER = (3 * BEFORE, "has another record at offset")
SHORTER = (3, "the log ends at")


@pytest.mark.parametrize("count, says", [LONGER, SHORTER], ids=["longer", "shorter"])
def test_a_topic_made_again_while_tallyd_was_down(kafka, start, count, says):
    kafka.create_topics()
    tallyd = start().wait_ready()
    fill(kafka, tallyd)
    assert tallyd.stop() == 0
    remake(kafka)
    kafka.ends = send(kafka, "new", count)
    again = start()
    check_another_log(again, says)
    again.stop()
    once_more = start()
    check_another_log(once_more, says)
    once_more.stop()
    rebuild(kafka, tallyd, start, count)


@pytest.mark.parametrize("count, says", [LONGER, SHORTER], ids=["longer", "shorter"])
def test_a_topic_made_again_while_tallyd_runs(kafka, start, count, says):
    kafka.create_topics()
    tallyd = start().wait_ready()
    fill(kafka, tallyd)
    assert tallyd.stop() == 0   # what is not stored yet may be lost with the topic
    tallyd = start().wait_ready()
    for event_id in EVENTS:
        assert participants(tallyd, event_id) == BEFORE
    remake(kafka)
    kafka.ends = send(kafka, "new", count)
    # Whether it looks before the new one is longer than the old one was is chance.
    check_another_log(tallyd, "")
    tallyd.stop()
    again = start()
    check_another_log(again, says)
    again.stop()
    rebuild(kafka, tallyd, start, count)


@pytest.mark.parametrize("while_it_runs", [False, True], ids=["down", "running"])
@pytest.mark.parametrize("suffix", ["event.created", "distribution.completed"])
def test_each_of_the_topics_is_looked_at(kafka, start, suffix, while_it_runs):
    """One of the three is made again, longer than it was, of other records."""
    kafka.create_topics()
    tallyd = start().wait_ready()
    fill(kafka, tallyd)
    position = send_other(kafka, suffix, "old", BEFORE)
    for event_id in EVENTS:
        participants(tallyd, event_id, position)
    assert tallyd.stop() == 0
    if while_it_runs:
        tallyd = start("--metadata-interval", "1s").wait_ready()
    remake(kafka, suffix)
    kafka.ends = send_other(kafka, suffix, "new", 2 * BEFORE)
    if not while_it_runs:
        check_verify_says_so(kafka, tallyd.data_dir, suffix)
        tallyd = start()
    # While it runs it may look before the new one is as long as the old one was.
    check_another_log(tallyd, "" if while_it_runs else f"{kafka.topic(suffix)}/")
    tallyd.stop()
    again = start()
    check_another_log(again, "has another record at offset")
    assert again.metric("tally_shard_quarantined") == kafka.partitions
    again.stop()
    check_verify_says_so(kafka, tallyd.data_dir, suffix)
    rebuild(kafka, tallyd, start, BEFORE)


def send_other(kafka, suffix, what, count):
    """So many records of every event, to that topic only; the position after them."""
    producer = kafka.producer()
    for event_id in EVENTS:
        for number in range(count):
            producer.send(suffix, event_created(event_id, eventTitle=f"{what} {number}")
                          if suffix == "event.created" else
                          distribution(event_id, views=number, distributionId=what))
    return producer.flush()


def test_a_topic_that_was_cut_off_and_written_anew(kafka, start):
    """As after an unclean election: the beginning is the same."""
    timestamp = 1_780_000_000_000
    kafka.create_topics()
    tallyd = start().wait_ready()
    send(kafka, "same", BEFORE // 2, timestamp)
    position = send(kafka, "old", BEFORE // 2)
    for event_id in EVENTS:
        assert participants(tallyd, event_id, position) == BEFORE
    assert tallyd.stop() == 0
    remake(kafka)
    send(kafka, "same", BEFORE // 2, timestamp)
    kafka.ends = send(kafka, "new", BEFORE)
    check_verify_says_so(kafka, tallyd.data_dir)
    again = start()
    check_another_log(again, "has another record at offset")
    again.stop()
    rebuild(kafka, tallyd, start, BEFORE // 2 + BEFORE)


def test_what_retention_has_deleted_is_not_another_log(kafka, start, tmp_path):
    kafka.create_topics()
    tallyd = start().wait_ready()
    fill(kafka, tallyd)
    assert tallyd.stop() == 0
    kafka.delete_records(tmp_path, kafka.topic(REGISTERED), -1)
    again = start().wait_ready()
    assert participants(again, "evt-0", send(kafka, "new", BEFORE)) == 2 * BEFORE
    assert again.metric("tally_log_checks_total", result="gone") > 0
    assert again.metric("tally_shard_failed") == 0
    assert again.stop() == 0


def test_partitions_that_are_added_stop_the_reading_and_nothing_else(kafka, start):
    kafka.create_topics()
    tallyd = start("--metadata-interval", "1s").wait_ready()
    fill(kafka, tallyd)
    kafka.add_partitions(kafka.partitions + 2)
    tallyd.wait_for_output(r"shard \d+ reads no further, and answers as of its position: "
                           "partitions were added")
    deadline = harness.Deadline()
    while tallyd.metric("tally_shard_halted") != kafka.partitions:
        assert not deadline.passed(), tallyd.output()
        tallyd.pause()
    assert tallyd.metric("tally_topic_partitions", topic=kafka.topic(REGISTERED)) == (
        kafka.partitions + 2)
    send(kafka, "new", BEFORE)
    for event_id in EVENTS:
        assert participants(tallyd, event_id) == BEFORE
    answer = harness.http_get(tallyd.admin, "/readyz")
    assert answer.status == 200
    for shard in answer.json()["shards"]:
        assert shard["state"] == "halted"
        assert "--topic-prefix" in shard["failure"]
    assert tallyd.stop() == 0
    again = start()
    assert again.exit_code() == 1
    assert "now they have 6" in again.output()
