"""Stored bytes that change by themselves: never a wrong answer. A shard that meets one is
quarantined, names the remedy, and is right again after it; the others go on."""

import json
import random
import shutil
import subprocess

import harness
import pytest
from faults import EVENTS, LONG, Load, check_equal, participants, send
from harness import WAIT_SECONDS_MAX, event_created, participant, tally

EVENT = EVENTS[0]
FLIPS = 150 if LONG else 6
VIEWS = ("", "/channels", "/roi", "/timeline?interval=hourly",
         "?startDate=2026-01-01&endDate=2026-01-02")


@pytest.fixture
def filled(kafka, start):
    """A tallyd with table files and a log, stopped; what it answered, by path."""
    kafka.create_topics()
    tallyd = start(name="filled").wait_ready()
    tally("generate", "--brokers", kafka.brokers, "--topic-prefix", kafka.prefix, "--events", 40,
          "--participants", 60_000)
    with Load(kafka) as load:
        load.wait_for_portions(10)
    participants(tallyd, EVENT, load.producer.position())
    position = send(kafka, 0, 5)
    answers = {path: tallyd.read(path, position).body
               for path in (harness.event_path(event, view) for event in EVENTS for view in VIEWS)}
    assert tallyd.stop() == 0
    return tallyd.data_dir, position, answers


def shard_of(kafka, data_dir):
    return sorted(data_dir.glob("shard-*[0-9]"))[kafka.partition_of(EVENT)]


def flip_bit(file, dice):
    place = dice.randrange(file.stat().st_size)
    with file.open("r+b") as opened:
        opened.seek(place)
        byte = opened.read(1)[0]
        opened.seek(place)
        opened.write(bytes([byte ^ 1 << dice.randrange(8)]))
    return f"{file.name} at {place}"


def quarantined(answer):
    return answer.status == 503 and "tally rebuild" in answer.body


def settled(tallyd, path, position=None):
    """The first answer that is not for want of time."""
    deadline = harness.Deadline()
    while True:
        answer = tallyd.get(path, position)
        if answer.status != 503 or quarantined(answer):
            return answer
        assert tallyd.running(), tallyd.output()
        assert not deadline.passed(), answer
        tallyd.pause()


def wrong_answers(tallyd, position, answers):
    """Of all paths: how many are refused, and those that are answered, but not as before."""
    refused, wrong = 0, []
    for path, body in answers.items():
        answer = settled(tallyd, path, position)
        refused += quarantined(answer)
        if not quarantined(answer) and answer.body != body:
            wrong.append((path, answer))
    return refused, wrong


def found_by_verify(data_dir):
    """Whether the offline look at all rows finds something wrong."""
    done = tally("verify", "--data-dir", data_dir, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode == 1


def wait_for_mark(tallyd, shard):
    """What holds over restarts."""
    deadline = harness.Deadline()
    while not (shard / "QUARANTINED").exists():
        assert not deadline.passed(), tallyd.output()
        tallyd.pause()


@pytest.mark.parametrize("files", ["*.sst", "MANIFEST-*", "*.log"])
def test_a_flipped_bit_is_never_answered_from(kafka, start, filled, tmp_path, files):
    data_dir, position, answers = filled
    seed = random.SystemRandom().randrange(2**32)
    dice, refused, noticed = random.Random(seed), 0, 0
    for number in range(FLIPS):
        copy = tmp_path / "flipped"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(data_dir, copy)
        found = [file for file in shard_of(kafka, copy).glob(files) if file.stat().st_size > 0]
        assert found, list(shard_of(kafka, copy).iterdir())
        where = flip_bit(dice.choice(sorted(found)), dice)
        found_offline = found_by_verify(copy)
        tallyd = start("--audit-interval", "0", "--group", kafka.prefix + "other", name="flipped")
        refusals, wrong = wrong_answers(tallyd, position, answers)
        assert not wrong, f"seed {seed}, flip {number}, {where}: {wrong[0]}"
        if refusals > 0:
            assert quarantined(settled(tallyd, harness.event_path(EVENT))), where
        refused += refusals > 0
        noticed += refusals > 0 or found_offline
        tallyd.kill()
    told = f"seed {seed}: of {FLIPS} flips {noticed} were noticed, {refused} by reads"
    print(told)
    # Most of a table is rows that no dashboard reads; a manifest is read whole at each start. A log
    # whose end is damaged is what a crash leaves: what it had is read again from the topics.
    assert noticed > 0 or files == "*.log", told
    assert refused > 0 or files != "MANIFEST-*", told


@pytest.mark.parametrize("row", ["event", "distribution", "hour", "checkpoint"])
def test_a_flipped_bit_of_a_row_under_a_valid_checksum_is_never_answered_from(
        kafka, start, filled, row):
    data_dir, position, answers = filled
    subprocess.run([harness.ALTER_STORE, str(shard_of(kafka, data_dir)), EVENT, f"flip-{row}"],
                   check=True, timeout=WAIT_SECONDS_MAX)
    verified = tally("verify", "--data-dir", data_dir, check=False)
    assert verified.returncode == 1, verified.stdout
    tallyd = start("--audit-interval", "0", name="filled")
    refused, wrong = wrong_answers(tallyd, position, answers)
    assert not wrong, wrong[0]
    if row == "distribution":   # which no read needs: a record that replaces it does
        producer = kafka.producer()
        producer.send("distribution.completed", harness.distribution(EVENT, views=5))
        producer.flush()
        tallyd.wait_for_output(f"shard {kafka.partition_of(EVENT)}.*tally rebuild")
    else:
        assert refused > 0
    assert quarantined(settled(tallyd, harness.event_path(EVENT)))
    assert tallyd.metric("tally_shard_quarantined") == 1
    if row != "checkpoint":   # without which the store is not opened, this time nor the next
        wait_for_mark(tallyd, shard_of(kafka, data_dir))
    tallyd.kill()

    # A rebuild makes it right.
    again = start("--audit-interval", "0", name="filled")
    assert quarantined(settled(again, harness.event_path(EVENT)))
    again.stop()
    tally("rebuild", "--data-dir", data_dir, "--brokers", kafka.brokers,
          "--shard", kafka.partition_of(EVENT))
    right = start(name="filled").wait_ready()
    assert participants(right, EVENT, send(kafka, 0, 5)) > 0
    assert right.stop() == 0
    check_equal(kafka, data_dir)


@pytest.mark.parametrize("send_one", [
    lambda producer: producer.send("participant.registered", participant(EVENT, "new")),
    lambda producer: producer.send("event.created", event_created(EVENT, "somebody-else")),
], ids=["registration", "description"])
def test_a_record_that_meets_a_flipped_bit_changes_nothing(kafka, start, filled, send_one):
    data_dir, _, _ = filled
    subprocess.run([harness.ALTER_STORE, str(shard_of(kafka, data_dir)), EVENT, "flip-event"],
                   check=True, timeout=WAIT_SECONDS_MAX)
    before = json.loads(tally("inspect", "--data-dir", data_dir, "--json").stdout)["shards"]
    tallyd = start("--audit-interval", "0", name="filled").wait_listening()
    producer = kafka.producer()
    send_one(producer)
    producer.flush()
    tallyd.wait_for_output(f"shard {kafka.partition_of(EVENT)}.*tally rebuild")
    assert quarantined(settled(tallyd, harness.event_path(EVENT)))
    tallyd.stop()
    after = json.loads(tally("inspect", "--data-dir", data_dir, "--json").stdout)["shards"]
    number = kafka.partition_of(EVENT)
    assert after[number]["nextOffsets"] == before[number]["nextOffsets"]
