"""Faults of the process and its machine, on a real Kafka: standing still, clocks that jump, others
beside it. Nothing is lost, nothing counted twice."""

import email.utils
import os
import pathlib
import signal
import struct
import subprocess
import time

import harness
import pytest
import tokens
from faults import EVENTS, LONG, Load, check_equal, participants, send, stop_and_check

HOUR = 3600


# --- Standing still -----------------------------------------------------------------------------


@pytest.fixture
def impatient_kafka(own_kafka):
    """A broker that forgets connections and producers of whom it has not heard for a moment."""
    address, _ = own_kafka(settings=[
        "connections.max.idle.ms=1000", "producer.id.expiration.ms=1000",
        "producer.id.expiration.check.interval.ms=500"])
    kafka = harness.Kafka(address, harness.unique_prefix("impatient"))
    return kafka.create_topics()


IMPATIENT = ("--kafka-config", "socket.timeout.ms=1000;request.timeout.ms=1000;"
                               "metadata.max.age.ms=1000;topic.metadata.refresh.interval.ms=500")


def stand_still(tallyd, kafka, seconds):
    """In the middle of reading, and of writing dead letters."""
    with Load(kafka) as load:
        load.wait_for_portions(20)
        tallyd.signal(signal.SIGSTOP)
        load.wait_for_portions(20)
        load.interval = 0.1     # not all that it may send
        tallyd.pause(seconds)
        tallyd.signal(signal.SIGCONT)
        load.wait_for_portions(20)
    return load


def test_a_process_that_stood_still_longer_than_every_timeout_goes_on(impatient_kafka, start):
    tallyd = start(*IMPATIENT, brokers=impatient_kafka.brokers,
                   prefix=impatient_kafka.prefix).wait_ready()
    load = stand_still(tallyd, impatient_kafka, 4)
    # A broker that has forgotten a producer does not know what it has from it.
    load.check(impatient_kafka, tallyd, once=False)


@pytest.mark.skipif(not LONG, reason="takes eleven minutes: TALLY_TEST_LONG=1, or tools/test --nightly")
def test_a_process_that_stood_still_longer_than_every_default_timeout_goes_on(kafka, start):
    """The longest: connections.max.idle.ms of a broker, ten minutes."""
    kafka.create_topics()
    tallyd = start().wait_ready()
    load = stand_still(tallyd, kafka, 660)
    load.check(kafka, tallyd)


# --- Clocks -------------------------------------------------------------------------------------


class Clocks:
    """Of tallyds that are started with env=clocks.env; moved while they run."""

    def __init__(self, file):
        file.write_bytes(bytes(16))
        self.file = file
        self.wall = self.monotonic = 0
        self.env = {"LD_PRELOAD": harness.MOVING_CLOCK, "TALLY_TEST_CLOCK": str(file)}

    def move(self, wall, monotonic=0):
        """To so many seconds ahead."""
        with self.file.open("r+b", buffering=0) as file:
            file.write(struct.pack("qq", wall * 10**9, monotonic * 10**9))
        self.wall, self.monotonic = wall, monotonic

    def check_moved(self, tallyd):
        """Until tallyd sees its clocks where they are now: the wall clock in what it answers (Abseil
        looks at it anew every two seconds), the monotonic one as every process does that has the
        library, as tallyd has."""
        deadline = harness.Deadline()
        while abs((told := date_of(tallyd)) - time.time() - self.wall) > HOUR / 10:
            assert not deadline.passed(), f"its clock says {told}, {self.wall} s ahead of {time.time()}"
            tallyd.pause()
        maps = pathlib.Path(f"/proc/{tallyd.popen.pid}/maps").read_text("utf-8")
        assert harness.MOVING_CLOCK in maps and str(self.file) in maps, maps
        seen = subprocess.run(["/usr/bin/python3", "-c", "import time; print(time.monotonic())"],
                              env={**os.environ, **self.env}, check=True, capture_output=True,
                              timeout=harness.WAIT_SECONDS_MAX).stdout
        assert abs(float(seen) - time.monotonic() - self.monotonic) < HOUR / 10, self.monotonic


@pytest.fixture
def clocks(tmp_path):
    return Clocks(tmp_path / "clocks")


def date_of(tallyd):
    return email.utils.parsedate_to_datetime(tallyd.get("/").headers["Date"]).timestamp()


def check_jumps(kafka, tallyd, clocks, jumps, bad):
    """After each, what is read is soon shown, and durable."""
    with Load(kafka, bad=bad) as load:
        for jump in jumps:
            load.wait_for_portions(5)
            clocks.move(*jump)
            clocks.check_moved(tallyd)
            load.wait_for_portions(5)
            acknowledged, position = load.portions, load.producer.position()
            assert participants(tallyd, EVENTS[0], position) >= 2 * acknowledged
            wait_until_stored(tallyd)
    load.check(kafka, tallyd)


def wait_until_stored(tallyd):
    """Until another checkpoint has been made of what is there now."""
    made = tallyd.metric("tally_checkpoints_total", result="ok") or 0
    deadline = harness.Deadline()
    while (tallyd.metric("tally_checkpoints_total", result="ok") or 0) < made + 2:
        assert not deadline.passed(), "no checkpoint after the clock jumped\n" + tallyd.output()
        tallyd.pause()


@pytest.mark.parametrize("jumps", [
    [(HOUR,), (0,), (-HOUR,), (HOUR,), (-HOUR,), (0,)],
    [(HOUR, HOUR), (2 * HOUR, 2 * HOUR), (-HOUR, 3 * HOUR), (0, 4 * HOUR)],
], ids=["wall", "wall and monotonic"])
def test_clocks_that_jump_by_an_hour_change_nothing(kafka, start, clocks, jumps):
    """The wall clock as when somebody sets it; both as no kernel does it, and without dead letters:
    one that was under way would have waited for an hour, and its shard stops."""
    kafka.create_topics()
    tallyd = start("--audit-interval", "1s", env=clocks.env).wait_ready()
    participants(tallyd, EVENTS[0], send(kafka, 0, 1))
    check_jumps(kafka, tallyd, clocks, jumps, bad=len(jumps[0]) == 1)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_it_starts_with_a_clock_that_is_wrong(kafka, start, clocks, jump):
    kafka.create_topics()
    position = send(kafka, 0, 20)
    tallyd = start().wait_ready()
    assert participants(tallyd, EVENTS[0], position) == 20
    assert tallyd.stop() == 0
    clocks.move(jump)
    tallyd = start(env=clocks.env).wait_ready()
    clocks.check_moved(tallyd)
    assert participants(tallyd, EVENTS[0], send(kafka, 20, 20)) == 40
    stop_and_check(kafka, tallyd)


def test_new_token_keys_are_read_though_the_clock_was_set_back(kafka, start, clocks, tmp_path):
    """Looked at every second, by a clock that nobody sets."""
    kafka.create_topics()
    old, new = tokens.RsaKey("old"), tokens.RsaKey("new")
    keys = tmp_path / "jwks.json"
    keys.write_text(tokens.jwks(old), "utf-8")
    tallyd = start("--auth", "jwt", "--auth-jwks", keys, "--auth-issuer", tokens.ISSUER,
                   "--auth-audience", tokens.AUDIENCE, env=clocks.env).wait_ready()

    def status(key):
        good = tokens.token(key, iat=None)
        return harness.http_get(tallyd.http, harness.event_path(EVENTS[0]),
                                tokens.bearer(good)).status

    assert (status(old), status(new)) == (404, 401)
    clocks.move(-HOUR)
    clocks.check_moved(tallyd)
    keys.write_text(tokens.jwks(old, new), "utf-8")
    deadline = harness.Deadline(30)
    while status(new) != 404:
        assert not deadline.passed(), "the new key is not read\n" + tallyd.output()
        tallyd.pause()
    assert status(old) == 404


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_audits_go_on_when_the_clock_was_set(kafka, start, clocks, jump):
    kafka.create_topics()
    tallyd = start("--audit-interval", "1s", env=clocks.env).wait_ready()
    participants(tallyd, EVENTS[0], send(kafka, 0, 10))
    clocks.move(jump)
    clocks.check_moved(tallyd)
    for _ in range(2):
        done = tallyd.metric("tally_audit_runs_total", result="equal") or 0
        deadline = harness.Deadline(30)
        while (tallyd.metric("tally_audit_runs_total", result="equal") or 0) < done + kafka.partitions:
            assert not deadline.passed(), "no audit\n" + tallyd.output()
            tallyd.pause()
    stop_and_check(kafka, tallyd)


# --- Others beside it ---------------------------------------------------------------------------


def test_two_of_the_same_ordinal_on_different_disks_are_both_right(kafka, start):
    kafka.create_topics()
    both = [start(name=name).wait_ready() for name in ("one", "two")]
    with Load(kafka) as load:
        load.wait_for_portions(20)
        both[1].kill()
        load.wait_for_portions(20)
        both[1] = start(name="two")
        load.wait_for_portions(20)
    # Each writes the dead letters that it does not find yet: at least once.
    load.check(kafka, *both, once=False)


def test_a_second_process_on_a_data_directory_is_refused(kafka, start):
    kafka.create_topics()
    first = start().wait_ready()
    with Load(kafka) as load:
        second = start()
        assert second.exit_code() == 1
        assert "in use" in second.output()
    assert harness.http_get(first.admin, "/readyz").status == 200
    load.check(kafka, first)


def test_a_second_process_is_let_in_when_the_first_was_killed(kafka, start):
    kafka.create_topics()
    first = start().wait_ready()
    position = send(kafka, 0, 10)
    assert participants(first, EVENTS[0], position) == 10
    first.kill()
    second = start().wait_ready()
    assert participants(second, EVENTS[0], position) == 10
    assert second.stop() == 0
    check_equal(kafka, second.data_dir)
