"""Child processes: what they say, what they cost, and that each of them ends."""

import contextlib
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time

from lib.failure import Failure

END_SECONDS_MAX = 30
MEANWHILE_SECONDS = 0.1


def cpu_seconds(pid):
    """User and system time of a process of ours, with all its threads."""
    # The kernel's clock of another process (man 3 clock_getcpuclockid): nanoseconds, not ticks.
    return time.clock_gettime((~pid << 3) | 2)


def peak_rss_bytes(pid):
    """The most memory that the process ever had resident."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self):
        self.start = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.start


class Usage:
    """CPU time and peak memory of a process that may be gone at any moment."""

    def __init__(self, pid):
        self.pid = pid
        self.cpu = 0.0
        self.rss = 0

    def sample(self):
        """The CPU time by now; what was seen last when there is no more process."""
        with contextlib.suppress(OSError, StopIteration):
            self.cpu = cpu_seconds(self.pid)
            self.rss = peak_rss_bytes(self.pid)
        return self.cpu


def run(command, seconds_max=3600, **more):
    """A command to its good end; its standard output. Failure with what it said otherwise."""
    with Child(command, **more) as child:
        return child.finish(seconds_max)


class Child:
    """A child process, ended by its id when the block ends, whatever happens in it.

    Its standard output is read line by line, each with the moment at which it came; its standard
    error is kept, and read the same way with `follow_errors`.
    """

    def __init__(self, command, *, cwd=None, follow_errors=False):
        self.command = [str(part) for part in command]
        self.lines = queue.Queue()      # (monotonic seconds, text); None: the end
        self.kept = []
        self.errors = []
        env = {name: value for name, value in os.environ.items() if not name.startswith("TALLY_")}
        # A Ctrl-C in the terminal is for bench/run, which ends its children itself, and theirs.
        self.popen = subprocess.Popen(  # pylint: disable=consider-using-with
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**env, "NO_COLOR": "1"}, cwd=cwd, text=True,
            encoding="utf-8", errors="replace", start_new_session=True)
        self.pid = self.popen.pid
        self.readers = [
            threading.Thread(target=self._read, args=(self.popen.stdout, self.kept,
                                                      not follow_errors), daemon=True),
            threading.Thread(target=self._read, args=(self.popen.stderr, self.errors,
                                                      follow_errors), daemon=True)]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, kept, followed):
        for line in stream:
            if followed:
                self.lines.put((time.monotonic(), line.rstrip("\n")))
            kept.append(line)
        if followed:
            self.lines.put(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def running(self):
        return self.popen.poll() is None

    def said(self):
        """The end of what it wrote, for a message."""
        return "".join(self.kept[-20:] + self.errors[-20:]).rstrip()

    def next_line(self, deadline, meanwhile=None):
        """The next line and when it came; Failure at the process's end or at the deadline.

        `meanwhile` is called every now and then.
        """
        while True:
            if meanwhile:
                meanwhile()
            left = deadline - time.monotonic()
            try:
                line = self.lines.get(timeout=max(0.0, min(left, MEANWHILE_SECONDS)))
                break
            except queue.Empty:
                if left <= 0:
                    raise Failure(f"{self.command[0]} is too slow; it said:\n"
                                  + self.said()) from None
        if line is None:
            self.popen.wait()
            raise Failure(f"{self.command[0]} ended with {self.popen.returncode}; it said:\n"
                          + self.said())
        return line

    def wait_for(self, wanted, deadline, meanwhile=None):
        """The first line for which wanted(text) is true, as (monotonic seconds, its value)."""
        while True:
            at, text = self.next_line(deadline, meanwhile)
            if found := wanted(text):
                return at, found

    def wait_for_phase(self, phase, deadline, meanwhile=None):
        """The JSON line of that phase, as (monotonic seconds, the object)."""
        def wanted(text):
            with contextlib.suppress(ValueError):
                value = json.loads(text)
                if isinstance(value, dict) and value.get("phase") == phase:
                    return value
            return None
        return self.wait_for(wanted, deadline, meanwhile)

    def finish(self, seconds_max):
        """Waits for a good end; the standard output."""
        try:
            code = self.popen.wait(timeout=seconds_max)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.command[0]} did not end in {seconds_max} s") from None
        for reader in self.readers:
            reader.join()
        if code != 0:
            raise Failure(f"{' '.join(self.command[:3])} ended with {code}; it said:\n"
                          + self.said())
        return "".join(self.kept)

    def end(self, number=signal.SIGTERM):
        """Asks it to end, and makes it. The exit code."""
        if self.running():
            os.killpg(self.pid, number)
            try:
                self.popen.wait(timeout=END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
        code = self.popen.wait()
        for reader in self.readers:
            reader.join(END_SECONDS_MAX)
        for stream in (self.popen.stdout, self.popen.stderr):
            stream.close()
        return code
