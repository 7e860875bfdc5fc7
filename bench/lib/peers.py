"""The peers: Kafka Streams and Flink, each in two ways (bench/peers/README.md)."""

from lib import processes
from lib.contestants import RUN_SECONDS_MAX, Program

# The same for all of them; RocksDB's memory comes on top.
JAVA = ["java", "-Xmx4g", "-XX:+UseParallelGC"]

# name: (its program, what makes it this variant)
VARIANTS = {
    "kafka-streams": ("kafka-streams", ["--mode", "alo"]),
    "kafka-streams-eos": ("kafka-streams", ["--mode", "eos"]),
    "flink": ("flink", ["--state", "rocksdb"]),
    "flink-heap": ("flink", ["--state", "heap"]),
}


def build(root, say):
    """Builds them unless they are; where they are."""
    say("building the peers, if their sources changed")
    return processes.run([root / "bench/peers/build"]).strip()


def contestants(folder):
    """All variants, built in `folder`."""
    return [Program(name, [*JAVA, "-jar", f"{folder}/{program}/{program}.jar", *variant,
                           "--timeout-seconds", RUN_SECONDS_MAX])
            for name, (program, variant) in VARIANTS.items()]
