"""The goals of these measurements, and whether they were met."""

import dataclasses
import operator

COMPARED = {"below": operator.lt, "at most": operator.le, "at least": operator.ge}


@dataclasses.dataclass
class Goal:
    name: str
    part: str           # of the results
    path: tuple         # where in it the number is
    limit: float
    unit: str
    must_be: str = "below"      # of COMPARED

    def judge(self, results):
        """As bench/run shows it; None when it was not measured."""
        value = results.get(self.part)
        if value is None:
            return None
        for key in self.path:
            value = value[key]
        return {"goal": self.name, "value": value, "must_be": self.must_be, "limit": self.limit,
                "unit": self.unit, "met": COMPARED[self.must_be](value, self.limit)}


GOALS = (
    Goal("visible after producing, p99", "latency", ("produce_to_answer_ms", "p99"), 20, "ms"),
    Goal("event dashboard while replaying, p99", "replay", ("dashboard_ms", "p99"), 10, "ms"),
    Goal("ready after a clean stop", "restart", ("after_clean_stop_seconds", "median"), 2, "s"),
    Goal("ready after kill -9", "restart", ("after_kill_seconds", "median"), 5, "s"),
    Goal("CPU when idle", "idle", ("cpu_percent_of_a_core",), 1, "% of a core"),
    Goal("disk writes when idle", "idle", ("written_bytes",), 0, "bytes", "at most"),
    Goal("checkpoints a second, of each shard", "latency",
         ("checkpoints_per_second_and_shard",), 1, "a second", "at least"),
)


def judge(results):
    return [verdict for goal in GOALS if (verdict := goal.judge(results))]


def table(verdicts):
    return "\n".join(
        f"  {'met   ' if each['met'] else 'MISSED'}  {each['goal']:<40} "
        f"{each['value']:>10.2f} {each['unit']} "
        f"({each['must_be']} {each['limit']})" for each in verdicts)
