"""The records that tallyd replays, and those that come while it lives."""

import pathlib
import re

from lib import processes

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAKE_SECONDS_MAX = 3600
GROWN_TOO_FAR = 1.5     # times the participants asked for: then the topics are made anew


class Load:
    """Topics of a prefix with at least so many participants, made unless they are there.

    What is sent to them later has another seed each time: they only grow by new participants.
    """

    def __init__(self, options, say):
        self.options = options
        self.say = say
        self.where = ["--brokers", options.brokers, "--topic-prefix", options.prefix]

    def prepare(self):
        self._create()
        there = self.records()
        if self.options.participants <= there <= GROWN_TOO_FAR * self.options.participants:
            return
        if there:
            self.delete()
            self._create()
        self.say(f"making {self.options.participants:,} participants")
        self._generate(self.options.seed, self.options.events, self.options.participants, [])

    def send(self, participants, rate):
        """New participants at a steady rate; returns when all are acknowledged."""
        self._generate(self.fresh_seed(), min(self.options.events, 100), participants,
                       ["--rate", rate])

    def fresh_seed(self):
        """A seed that nothing in the topics was made with: as many records have been there."""
        return 1000 + self.records()

    def records(self):
        """The registrations in the topics."""
        topic = re.escape(f"{self.options.prefix}participant.registered")
        lines = self._kafka("get-offsets", "--topic", topic)
        return sum(int(line.rsplit(":", 1)[1]) for line in lines.splitlines() if ":" in line)

    def delete(self):
        self._kafka("topics", "--delete", "--if-exists",
                    "--topic", re.escape(self.options.prefix) + ".*")

    def _create(self):
        """Those that are missing."""
        processes.run([self.options.tally, "topics", "create", *self.where,
                       "--partitions", self.options.partitions])

    def _generate(self, seed, events, participants, more):
        processes.run([self.options.tally, "generate", *self.where, "--seed", seed,
                       "--events", events, "--participants", participants, "--skew", 1,
                       "--days", 7, *more], seconds_max=MAKE_SECONDS_MAX)

    def _kafka(self, tool, *arguments):
        return processes.run([ROOT / "tools/kafka", "run-tool", tool, *arguments,
                              "--bootstrap-server", self.options.brokers])
