"""What is in the topics: made once, kept between runs, and what must be counted from it."""

import dataclasses
import hashlib
import json
import pathlib

from lib import processes
from lib.workloads import Workload


# Another one whenever lines of answers say something else.
ANSWERS_FORMAT = "channels of four numbers, hours weighted"


@dataclasses.dataclass
class Prepared:
    """A workload whose records are in Kafka."""
    workload: Workload
    prefix: str
    answers: pathlib.Path   # the expected ones
    summary: dict           # of tally_bench_expectation: records, bytes, events, participants …
    generate_seconds: float = 0.0

    @property
    def records(self):
        return self.summary["records"]


def fingerprint(programs):
    """Of the generator, another one makes other records of the same parameters; and of the answers."""
    digest = hashlib.sha256(ANSWERS_FORMAT.encode())
    for form in ("json", "protobuf"):
        digest.update(processes.run([
            programs.tally, "generate", "--output", "-", "--format", form, "--events", 20,
            "--participants", 500, "--skew", 1, "--distributions", 2, "--duplicates", 0.1,
            "--resent", 0.1, "--start", "2026-01-01"]).encode())
    return digest.hexdigest()[:16]


class Data:
    """The workloads of one Kafka. What it holds is written down beside it."""

    def __init__(self, kafka, programs, folder, say):
        self.kafka = kafka
        self.programs = programs
        self.folder = pathlib.Path(folder)
        self.say = say
        self.fingerprint = fingerprint(programs)
        self.folder.mkdir(parents=True, exist_ok=True)
        for note in self.folder.glob("*.json"):
            self._drop_if_stale(note)

    def prepare(self, workload):
        """The workload's records, made unless they are there."""
        prefix = workload.topic_prefix(self.fingerprint)
        note = self.folder / f"{prefix}json"
        if not note.exists():
            self._make(workload, prefix, note)
        return Prepared(workload, prefix, self._answers(prefix),
                        **json.loads(note.read_text("utf-8"))["data"])

    def drop(self, prepared):
        """Removes the records; the next run makes them again."""
        (self.folder / f"{prepared.prefix}json").unlink(missing_ok=True)
        prepared.answers.unlink(missing_ok=True)
        self.kafka.delete_topics(prepared.prefix)

    def _answers(self, prefix):
        return self.folder / f"{prefix}answers"

    def _drop_if_stale(self, note):
        kept = json.loads(note.read_text("utf-8"))
        if kept["cluster"] == self.kafka.cluster and kept["fingerprint"] == self.fingerprint:
            return
        note.unlink()
        self._answers(kept["prefix"]).unlink(missing_ok=True)
        if kept["cluster"] == self.kafka.cluster:
            self.kafka.delete_topics(kept["prefix"])

    def _make(self, workload, prefix, note):
        self.say(f"{workload.name}: making {workload.participants:,} participants")
        self.kafka.delete_topics(prefix)    # what an interrupted run may have left
        where = ["--brokers", self.kafka.brokers, "--topic-prefix", prefix]
        processes.run([self.programs.tally, "topics", "create", *where,
                       "--partitions", workload.partitions])
        watch = processes.Stopwatch()
        processes.run([self.programs.tally, "generate", *where, *workload.generate_flags()])
        generate_seconds = watch.seconds()
        self.say(f"{workload.name}: computing what must be counted")
        summary = json.loads(processes.run([self.programs.expectation, *where, "--answers",
                                            self._answers(prefix)]))
        partial = note.with_suffix(".partial")
        partial.write_text(json.dumps({
            "cluster": self.kafka.cluster, "fingerprint": self.fingerprint, "prefix": prefix,
            "data": {"summary": summary, "generate_seconds": generate_seconds}}), "utf-8")
        partial.replace(note)
