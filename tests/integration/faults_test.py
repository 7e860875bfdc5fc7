"""A full disk, on a real Kafka: nothing is lost, nothing counted twice, reads go on."""

import contextlib
import os
import subprocess

import harness
import pytest
from faults import EVENTS, LONG, check_equal, participants, send
from harness import WAIT_SECONDS_MAX

def shards(tallyd):
    answer = harness.http_get(tallyd.admin, "/readyz")
    return answer.status, {shard["partition"]: shard for shard in answer.json()["shards"]}


# --- A full disk --------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of a few MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)],
                             check=False, capture_output=True, timeout=WAIT_SECONDS_MAX)
    if mounted.returncode != 0:
        # The nightly workflow's container may mount; others may not.
        if LONG and os.environ.get("CI") == "true":
            pytest.fail("a night on CI skips nothing: " + mounted.stderr.decode())
        pytest.skip("only root can make a small file system to fill up")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, timeout=WAIT_SECONDS_MAX)


def fill_up(folder):
    """Takes all the space there is; the file to remove."""
    ballast = folder / "ballast"
    with open(ballast, "ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return ballast


def fill_disk_of(kafka, tallyd, folder):
    """Until no shard that gets records can commit; (what gives the space back, the next person)."""
    ballast = fill_up(folder)
    send(kafka, 100, 3000, EVENTS[:2])
    tallyd.wait_for_output("reads no further until its store can be written")
    fill_up(folder)     # what a failed write has given back
    assert shards(tallyd)[0] == 200
    return ballast


def check_blocked(tallyd):
    """The shard says so, soon after its log line, and nothing worse; probes go on."""
    blocked, deadline = [], harness.Deadline()
    while not blocked or not tallyd.metric("tally_shard_write_blocked"):
        assert not deadline.passed(), tallyd.output()
        status, states = shards(tallyd)
        assert status == 200, states
        blocked = [shard for shard in states.values() if shard["state"] == "write_blocked"]
    assert all("No space left" in shard["failure"] for shard in blocked), states
    assert all(shard["state"] in ("live", "write_blocked") for shard in states.values()), states
    assert tallyd.metric("tally_shard_failed") == 0


def test_a_full_disk_stops_the_fold_and_nothing_else_until_there_is_room(kafka, start, small_disk):
    kafka.create_topics()
    tallyd = start(name="disk/data").wait_ready()
    position = send(kafka, 0, 100)
    for event_id in EVENTS:
        assert participants(tallyd, event_id, position) == 100
    ballast = fill_disk_of(kafka, tallyd, small_disk)
    position = send(kafka, 3100, 50, EVENTS[:2])

    for event_id in EVENTS:
        assert participants(tallyd, event_id) >= 100
    check_blocked(tallyd)

    ballast.unlink()
    for event_id in EVENTS[:2]:
        assert participants(tallyd, event_id, position) == 3150
    tallyd.wait_for_output("goes on: its store can be written again")
    assert tallyd.stop() == 0
    check_equal(kafka, tallyd.data_dir)


def test_a_full_disk_that_the_log_of_a_store_meets_is_waited_out_too(kafka, start, small_disk):
    """RocksDB takes no more writes then: the store is opened again beneath its shard."""
    kafka.create_topics()
    almost_all = small_disk / "almost-all"
    free = os.statvfs(small_disk)
    almost_all.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - 3_000_000))
    tallyd = start("--checkpoint-interval-ms", "50", name="disk/data").wait_ready()
    position = send(kafka, 0, 100)
    for event_id in EVENTS:
        assert participants(tallyd, event_id, position) == 100
    ballast = fill_up(small_disk)
    send(kafka, 100, 30)
    tallyd.wait_for_output(r"reads no further until its store can be written .* appending to file: \S+\.log")
    check_blocked(tallyd)
    for event_id in EVENTS:
        assert participants(tallyd, event_id) >= 100
    position = send(kafka, 130, 20)

    ballast.unlink()
    almost_all.unlink()
    for event_id in EVENTS:
        assert participants(tallyd, event_id, position) == 150
    tallyd.wait_for_output("goes on: its store can be written again")
    assert tallyd.metric("tally_shard_failed") == 0
    assert tallyd.stop() == 0
    check_equal(kafka, tallyd.data_dir)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_an_end_while_the_disk_is_full_loses_nothing(kafka, start, small_disk, end):
    kafka.create_topics()
    tallyd = start(name="disk/data").wait_ready()
    participants(tallyd, "evt-0", send(kafka, 0, 100))
    ballast = fill_disk_of(kafka, tallyd, small_disk)
    getattr(tallyd, end)()
    ballast.unlink()
    again = start(name="disk/data").wait_ready()
    position = send(kafka, 3100, 50, EVENTS[:2])
    assert participants(again, "evt-0", position) == 3150
    assert again.stop() == 0
    check_equal(kafka, again.data_dir)
