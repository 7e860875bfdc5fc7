"""The contestant `tallyd`: the real daemon with default settings, from offset 0 to rest.

The clock starts when it says that it reads. Three moments end a part of the replay:
  caught up   /readyz says that every shard has reached the end that the log had at the start
  durable     everything that was read is committed, by its metrics (told once a second)
  drained     it has come to rest: nothing is left to compact (lib/activity.py)
The replay's time is the last of them.
"""

import contextlib
import http.client
import json
import re
import shutil
import time

from lib import answers, metrics, page_cache, processes
from lib.activity import Activity
from lib.contestants import RUN_SECONDS_MAX, Run, disk_bytes, fresh
from lib.failure import Failure, Mismatch
from lib.stats import rates_by_part

LOOK_SECONDS = 0.02         # between two looks at whether it has caught up
PROGRESS_SECONDS = 0.5      # between two looks at how far it is, for rates by tenths
SETTLED_LOOK_SECONDS = 0.05
DURABLE_LOOK_SECONDS = 0.2


class Tallyd:
    """One run is one daemon's life."""

    name = "tallyd"

    def __init__(self):
        self.scanned = set()    # prefixes for which a store's digest was computed anew

    def measure(self, prepared, around):
        state = fresh(around.folder / self.name)
        command = self._command(prepared, around, state)
        with processes.Child(command, follow_errors=True) as child:
            replay = Replay(child, prepared, around)
            limited = prepared.workload.limit_page_cache
            with page_cache.Dropped(state) if limited else contextlib.nullcontext():
                run = replay.watch()
            self._check(replay.address, prepared, around, state, run)
            if code := child.end():
                raise Failure(f"tallyd ended with {code}; it said:\n{child.said()}")
        shutil.rmtree(state)
        return run

    @staticmethod
    def _command(prepared, around, state):
        command = [around.programs.tallyd, "--data-dir", state,
                   "--brokers", around.kafka.brokers, "--topic-prefix", prepared.prefix,
                   "--http-listen", "127.0.0.1:0"]
        if prepared.workload.memory_budget:
            command += ["--memory-budget", prepared.workload.memory_budget]
        return command

    def _check(self, address, prepared, around, state, run):
        found = around.folder / f"{self.name}.answers"
        answers.fetch(address, answers.event_ids(prepared.answers), found)
        answers.compare(self.name, prepared.answers, found)
        run.state_bytes = disk_bytes(state)
        # All of a workload's digests are compared with each other: one is proved by its rows.
        scan = [] if prepared.prefix in self.scanned else ["--scan"]
        shards = json.loads(processes.run([around.programs.tally, "inspect", "--data-dir", state,
                                           "--json", *scan]))["shards"]
        if scan and not all(shard["scan"]["agrees"] for shard in shards):
            raise Mismatch("tallyd's rows do not add up to the digest that it stored")
        self.scanned.add(prepared.prefix)
        for what in ("events", "participants"):
            inside = sum(shard[what] for shard in shards)
            if inside != prepared.summary[what]:
                raise Mismatch(f"tallyd's store has {inside} {what}, must have "
                               f"{prepared.summary[what]}")
        run.details["digests"] = [shard["digest"] for shard in shards]


class Replay:
    """Watches a daemon that has just been started until it rests."""

    def __init__(self, child, prepared, around):
        self.child = child
        self.prepared = prepared
        self.kafka = around.kafka
        self.deadline = time.monotonic() + RUN_SECONDS_MAX
        _, served = child.wait_for(lambda line: re.search(r"serves http://(\S+) ", line),
                                   self.deadline)
        self.address = served[1]
        self.usage = processes.Usage(child.pid)
        self.progress = []      # (seconds, records)

    def watch(self):
        self.start, _ = self.child.wait_for(
            lambda line: re.search(r"reading \d+ of \d+ partitions", line), self.deadline)
        cpu, broker_cpu = self.usage.sample(), self.kafka.cpu_seconds()
        self.api = answers.Api(self.address)
        try:
            caught_up = self._until_caught_up()
            broker_cpu = self.kafka.cpu_seconds() - broker_cpu
            activity = Activity(time.monotonic(), self.usage.sample())
            durable = self._until_durable(activity)
            self._until_quiet(activity)
            samples = self._metrics()
        finally:
            self.api.close()
        drained = max(caught_up, activity.busy_until - self.start)
        details = {
            "caught_up_seconds": caught_up,
            "durable_seconds": min(durable, drained),
            "level0_files": metrics.total(samples, "tally_store_level0_files"),
            "checkpoints": metrics.total(samples, "tally_checkpoints_total"),
            "rejected": metrics.total(samples, "tally_records_total", outcome="rejected"),
        }
        if len(self.progress) > 10:
            details["rates_by_tenth"] = rates_by_part(self.progress, 10)
        return Run(contestant="tallyd", workload=self.prepared.workload.name,
                   records=self.prepared.records, seconds=drained,
                   engine_cpu_seconds=activity.cpu_then - cpu, broker_cpu_seconds=broker_cpu,
                   peak_rss_bytes=self.usage.rss, details=details)

    def _metrics(self):
        status, body = self.api.get("/metrics")
        if status != 200:
            raise Failure(f"/metrics: {status}")
        return metrics.parse(body.decode())

    def _wait(self, seconds):
        """Lets time pass, but not past the daemon's end or the deadline."""
        if not self.child.running() or time.monotonic() > self.deadline:
            raise Failure("tallyd has not caught up; it said:\n" + self.child.said())
        time.sleep(seconds)

    def _look_at_progress(self):
        now = time.monotonic() - self.start
        if self.prepared.workload.memory_budget and (
                not self.progress or now > self.progress[-1][0] + PROGRESS_SECONDS):
            self.progress.append((now, metrics.records_read(self._metrics())))

    def _until_caught_up(self):
        while True:
            with contextlib.suppress(http.client.HTTPException):
                status, body = self.api.get("/readyz")
                at = time.monotonic() - self.start
                if status == 200:
                    if self.progress:
                        self.progress.append((at, self.prepared.records))
                    return at
                if b'"failed"' in body:
                    raise Failure(f"a shard has stopped: {self.child.said()}")
            self._look_at_progress()
            self._wait(LOOK_SECONDS)

    def _until_durable(self, activity):
        looked = 0.0
        while True:
            activity.add(time.monotonic(), self.usage.sample())
            if time.monotonic() - looked > DURABLE_LOOK_SECONDS:
                looked = time.monotonic()
                if metrics.durable(self._metrics(), self.prepared.records):
                    return looked - self.start
            self._wait(SETTLED_LOOK_SECONDS)

    def _until_quiet(self, activity):
        while not activity.quiet():
            self._wait(SETTLED_LOOK_SECONDS)
            activity.add(time.monotonic(), self.usage.sample())
