"""The programs that are measured and that measure."""

import dataclasses
import os
import pathlib

from lib import processes


@dataclasses.dataclass
class Programs:
    tallyd: pathlib.Path
    tally: pathlib.Path
    ceiling: pathlib.Path
    expectation: pathlib.Path

    @classmethod
    def below(cls, build):
        build = pathlib.Path(build)
        return cls(tallyd=build / "processor/tallyd", tally=build / "tools/tally/tally",
                   ceiling=build / "bench/ceiling/tally_bench_ceiling",
                   expectation=build / "bench/expectation/tally_bench_expectation")


def build(root, say):
    """Builds them with the release preset."""
    say("building (release)")
    for command in ([root / "tools/setup", "build", "kafka", "bench"],
                    ["cmake", "--preset", "release", "-DTALLY_BENCH=ON"],
                    ["cmake", "--build", "--preset", "release", "--parallel",
                     str(os.cpu_count()), "--target", "tallyd", "tally", "tally_bench_ceiling",
                     "tally_bench_expectation"]):
        processes.run(command, cwd=root)
    return Programs.below(root / "build/release")
