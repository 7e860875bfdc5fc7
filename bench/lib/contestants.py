"""Who is measured: each run is a process of its own on an empty state directory."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import time

from lib import answers, processes
from lib.failure import Mismatch

RUN_SECONDS_MAX = 3 * 3600


@dataclasses.dataclass
class Run:
    """What one run of one contestant showed."""
    contestant: str
    workload: str
    records: int
    seconds: float              # from the first poll to the end of everything
    engine_cpu_seconds: float
    broker_cpu_seconds: float
    peak_rss_bytes: int
    state_bytes: int = 0
    details: dict = dataclasses.field(default_factory=dict)

    @property
    def rate(self):
        return self.records / self.seconds

    def as_json(self):
        return {**dataclasses.asdict(self), "records_per_second": round(self.rate)}


@dataclasses.dataclass
class Surroundings:
    """What every contestant is given."""
    kafka: object
    programs: object
    folder: pathlib.Path        # for state and answers
    threads: int


def fresh(folder):
    """An empty directory."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def disk_bytes(folder):
    """What the files below take on disk."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):    # compacted away meanwhile
                total += os.lstat(os.path.join(where, name)).st_blocks * 512
    return total


class Program:
    """A contestant that speaks for itself: a line when it begins to read, a line when all is done.

    Its command is completed with --brokers and --topic-prefix and, unless it only reads, with
    --state-dir, --threads and --answers.
    """

    def __init__(self, name, command, only_reads=False):
        self.name = name
        self.command = command
        self.only_reads = only_reads

    def measure(self, prepared, around):
        state = fresh(around.folder / self.name)
        found = around.folder / f"{self.name}.answers"
        found.unlink(missing_ok=True)
        command = [*self.command, "--brokers", around.kafka.brokers,
                   "--topic-prefix", prepared.prefix]
        if not self.only_reads:
            command += ["--state-dir", state, "--threads", around.threads, "--answers", found]
        run = self._run(command, state, prepared, around)
        if run.records != prepared.records:
            raise Mismatch(f"{self.name} read {run.records} records of {prepared.records}")
        if not self.only_reads:
            answers.compare(self.name, prepared.answers, found)
        shutil.rmtree(state)
        return run

    def _run(self, command, state, prepared, around):
        deadline = time.monotonic() + RUN_SECONDS_MAX
        with processes.Child(command) as child:
            usage = processes.Usage(child.pid)
            child.wait_for_phase("ready", deadline)
            cpu, broker_cpu = usage.sample(), around.kafka.cpu_seconds()
            _, done = child.wait_for_phase("done", deadline, usage.sample)
            cpu, broker_cpu = usage.sample() - cpu, around.kafka.cpu_seconds() - broker_cpu
            state_bytes = disk_bytes(state)
            child.finish(RUN_SECONDS_MAX)
        return Run(contestant=self.name, workload=prepared.workload.name,
                   records=done.pop("records"), seconds=done.pop("seconds"),
                   engine_cpu_seconds=cpu, broker_cpu_seconds=broker_cpu,
                   peak_rss_bytes=usage.rss, state_bytes=state_bytes,
                   details={name: value for name, value in done.items() if name != "phase"})
