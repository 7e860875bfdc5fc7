"""A tallyd that is started, timed, stopped and killed."""

import contextlib
import http.client
import pathlib
import signal
import socket
import time

from lib import processes
from lib.failure import Failure

READY_SECONDS_MAX = 3600
POLL_SECONDS = 0.002        # how exactly readiness is seen
LONG_SECONDS = 10           # what takes longer is seen less exactly, and asked for less
LONG_POLL_SECONDS = 0.1
REQUEST_SECONDS_MAX = 10


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def written_bytes(pid):
    """What the process has caused to be written to disk."""
    lines = pathlib.Path(f"/proc/{pid}/io").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))


def queued_seconds(pid):
    """How long its threads could have run and had no core (man 5 proc: schedstat)."""
    nanoseconds = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            nanoseconds += int((task / "schedstat").read_text("utf-8").split()[1])
    return nanoseconds / 1e9


class Tallyd:
    """One life of tallyd on a data directory; it is ended when the block ends."""

    def __init__(self, program, brokers, prefix, data_dir, flags=()):
        self.port = free_port()
        self.command = [
            program, "--brokers", brokers, "--topic-prefix", prefix, "--data-dir", data_dir,
            "--http-listen", f"127.0.0.1:{self.port}", "--log-level", "warn", *flags]
        self.started = time.monotonic()
        self.child = processes.Child(self.command)

    @property
    def server(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.end()

    def status(self, target):
        """The status of a GET, 0 while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=REQUEST_SECONDS_MAX)
        try:
            connection.request("GET", target)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def wait_until(self, target, accept, seconds_max=READY_SECONDS_MAX):
        """Seconds from its start until a GET of `target` has a status that is accepted."""
        deadline = time.monotonic() + seconds_max
        while not accept(self.status(target)):
            if not self.child.running():
                raise Failure(f"tallyd has ended; it said:\n{self.child.said()}")
            if time.monotonic() > deadline:
                raise Failure(f"tallyd: no {target} in {seconds_max} s")
            long = time.monotonic() - self.started > LONG_SECONDS
            self.pause(LONG_POLL_SECONDS if long else POLL_SECONDS)
        return time.monotonic() - self.started

    def wait_ready(self):
        """Seconds from its start until it is ready: everything read that was there then."""
        return self.wait_until("/readyz", lambda status: status == 200)

    def wait_listening(self):
        return self.wait_until("/livez", lambda status: status != 0)

    def pause(self, seconds):
        """Lets time pass, but not beyond the process's end."""
        end = time.monotonic() + seconds
        while self.child.running() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.5))

    def stop(self):
        """A clean stop; the seconds it took."""
        begin = time.monotonic()
        if code := self.child.end():
            raise Failure(f"tallyd ended with {code}; it said:\n{self.child.said()}")
        return time.monotonic() - begin

    def kill(self):
        self.child.end(signal.SIGKILL)
