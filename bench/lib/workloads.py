"""The workloads: what is in the topics, and who reads them."""

import dataclasses
import hashlib

ENGINES = ("ceiling", "tallyd")
EXTRA = ("ceiling-no-crcs", "ceiling-one-client")   # only when asked for, with every workload
PEERS = ("kafka-streams", "kafka-streams-eos", "flink", "flink-heap")

MILLION = 1_000_000


@dataclasses.dataclass(frozen=True)
class Workload:
    """Records of `tally generate` in topics of their own."""
    name: str
    about: str
    participants: int
    partitions: int = 4
    events: int = 10_000
    skew: float = 1.0
    hot_share: float = 0.0
    distributions: int = 0
    duplicates: float = 0.0
    resent: float = 0.0
    days: int = 7
    format: str = "json"
    contestants: tuple = ENGINES
    memory_budget: str = ""         # of tallyd; empty: its default
    limit_page_cache: bool = False  # tallyd's state is dropped from the page cache all the time
    repeat: int = 3
    # What is different with --full.
    full: dict = dataclasses.field(default_factory=dict, hash=False)

    def generate_flags(self):
        """What makes the records: of two equal lists the topics are equal."""
        flags = {
            "events": self.events, "participants": self.participants, "skew": self.skew,
            "distributions": self.distributions, "duplicates": self.duplicates,
            "resent": self.resent, "days": self.days, "format": self.format,
            "start": "2026-01-01",
        }
        if self.hot_share:
            flags["hot-share"] = self.hot_share
        return [text for name, value in flags.items() for text in (f"--{name}", str(value))]

    def topic_prefix(self, fingerprint):
        """Of topics that hold exactly this; `fingerprint` is the generator's."""
        text = " ".join([fingerprint, str(self.partitions), *self.generate_flags()])
        return f"bench-{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:10]}."


SKEWED = Workload("skewed", "registrations, JSON", 40 * MILLION)
MIXED = Workload("mixed", "three topics, 2 % duplicates, 1 % re-sent", 8 * MILLION,
                 distributions=20, duplicates=0.02, resent=0.01,
                 full={"participants": 24 * MILLION})
# A peer takes about a minute for the shorter, two for the longer.
SLICE = {"participants": 3 * MILLION, "contestants": ENGINES + PEERS, "repeat": 1,
         "full": {"participants": 6 * MILLION, "repeat": 3}}

ALL = (
    SKEWED,
    dataclasses.replace(SKEWED, name="protobuf", about="registrations, Protobuf",
                        format="protobuf", participants=12 * MILLION,
                        full={"participants": 24 * MILLION}),
    MIXED,
    dataclasses.replace(SKEWED, name="wide", about="registrations over 64 partitions",
                        partitions=64, participants=8 * MILLION,
                        full={"participants": 24 * MILLION}),
    dataclasses.replace(SKEWED, name="hot", about="registrations, 90 % of them in one event",
                        hot_share=0.9, participants=8 * MILLION,
                        full={"participants": 24 * MILLION}),
    dataclasses.replace(SKEWED, name="large", about="state several times the memory budget",
                        participants=20 * MILLION, memory_budget="128MiB",
                        limit_page_cache=True, repeat=1,
                        full={"participants": 100 * MILLION, "memory_budget": "", "repeat": 3}),
    dataclasses.replace(SKEWED, name="skewed-slice", about="as skewed, shorter, for the peers",
                        **SLICE),
    dataclasses.replace(MIXED, name="mixed-slice", about="as mixed, shorter, for the peers",
                        **{**SLICE, "events": 4_000}),   # as many distributions to a participant
)


def sized(workload, scale, full):
    """The workload as it is run: at its full size, or at a part of it for a quick trial."""
    if full:
        workload = dataclasses.replace(workload, **workload.full)
    if scale == 1:
        return workload
    participants = max(1, round(workload.participants * scale))
    return dataclasses.replace(workload, participants=participants,
                               events=max(1, min(workload.events, participants // 100)))
