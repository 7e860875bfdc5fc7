"""The parts of bench/run that need no Kafka."""

import decimal
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

# pylint: disable=wrong-import-position
from lib import answers, metrics, processes, report, stats, workloads
from lib.activity import Activity
from lib.contestants import Run
from lib.failure import Failure, Mismatch


# --- Statistics ---------------------------------------------------------------------------------


def test_median_and_spread():
    assert stats.median([3, 1, 2]) == 2
    assert stats.spread([3, 1, 2]) == (1, 3)
    assert stats.ratio(3, 4) == 0.75
    assert stats.ratio(3, None) is None


def test_rates_by_part():
    # 100 records in the first second, then 50 a second.
    progress = [(1.0, 100), (2.0, 150), (3.0, 200)]
    assert stats.rates_by_part(progress, 4) == pytest.approx([100, 100, 50, 50])


def test_rates_by_part_between_looks():
    assert stats.rates_by_part([(4.0, 1000)], 10) == pytest.approx([250] * 10)


def test_a_log_read_at_once_has_no_time_before_its_end():
    with pytest.raises(ValueError):
        stats.time_at([(0.0, 0), (1.0, 10)], 11)


# --- Rest ---------------------------------------------------------------------------------------


def test_activity_ends_with_the_last_work():
    activity = Activity(at=10.0, cpu=5.0)
    activity.add(10.5, 5.5)     # a whole core
    activity.add(11.0, 5.52)    # waiting
    assert not activity.quiet()
    activity.add(11.2, 5.60)    # compaction again
    activity.add(12.1, 5.61)
    assert not activity.quiet()
    activity.add(12.3, 5.62)
    assert activity.quiet()
    assert activity.busy_until == 11.2
    assert activity.cpu_then == 5.60


# --- Metrics ------------------------------------------------------------------------------------

METRICS = """# HELP tally_next_offset Next offset to read.
# TYPE tally_next_offset gauge
tally_next_offset{partition="0",topic="x.event.created"} 10
tally_next_offset{partition="1",topic="x.event.created"} 1.5e+01
tally_checkpoint_age_seconds{partition="0"} 0
tally_checkpoint_age_seconds{partition="1"} AGE
tally_records_total{outcome="applied",topic="x"} 20
tally_records_total{outcome="rejected",topic="x"} 5
tally_broker_reachable 1
"""


def test_metrics_are_summed_by_labels():
    samples = metrics.parse(METRICS.replace("AGE", "0"))
    assert metrics.total(samples, "tally_next_offset") == 25
    assert metrics.total(samples, "tally_records_total", outcome="rejected") == 5
    assert metrics.total(samples, "tally_broker_reachable") == 1
    assert metrics.records_read(samples) == 25


@pytest.mark.parametrize("age, records, durable", [
    ("0", 25, True),
    ("0.3", 25, False),     # a checkpoint is under way
    ("0", 26, False),       # not all is read
])
def test_durable(age, records, durable):
    assert metrics.durable(metrics.parse(METRICS.replace("AGE", age)), records) is durable


# --- Answers ------------------------------------------------------------------------------------


def dashboard(**more):
    return {
        "eventId": "evt-1",
        "summary": {"participants": 3, "totalViews": 70,
                    "purchaseAmount": decimal.Decimal("30000.5")},
        "channelPerformance": [
            {"channel": "지니TV", "participants": 1, "impressions": 70,
             "purchaseAmount": 30000, "distributionCost": 1500},
            {"channel": "SNS", "participants": 2, "impressions": 0,
             "purchaseAmount": decimal.Decimal("0.5"),
             "distributionCost": decimal.Decimal("0.25")}], **more}


def timeline(**more):
    point = {"participants": 0, "views": 0, "purchaseAmount": 0}
    return {"truncated": False, "dataPoints": [
        {**point, "timestamp": "1970-01-02T00:00:00Z", "participants": 2,
         "purchaseAmount": decimal.Decimal("0.5")},
        {**point, "timestamp": "1970-01-02T01:00:00Z"},
        {**point, "timestamp": "1970-01-02T02:00:00Z", "participants": 1, "views": 70,
         "purchaseAmount": 30000}], **more}


def test_a_line_from_the_api():
    assert answers.from_dashboard(dashboard(), timeline()) == (
        '{"eventId":"evt-1","participants":3,"totalViews":70,"purchaseAmount":3000050,'
        '"distributionCost":150025,"channels":{"SNS":[2,0,50,25],'
        '"지니TV":[1,70,3000000,150000]},'
        '"hours":[2,3,70,3000050],"hoursWeighted":[74,1820,78001200]}\n')


def test_a_cut_timeline_proves_nothing():
    with pytest.raises(Failure):
        answers.from_dashboard(dashboard(), timeline(truncated=True))


@pytest.fixture(name="files")
def two_files(tmp_path):
    def write(expected, found):
        paths = tmp_path / "expected", tmp_path / "found"
        for path, lines in zip(paths, (expected, found)):
            path.write_text("".join(line + "\n" for line in lines), "utf-8")
        return paths
    return write


def test_equal_answers_pass(files):
    answers.compare("x", *files(["a", "b"], ["a", "b"]))


@pytest.mark.parametrize("expected, found, named", [
    (["a", "b"], ["a", "c"], "line 2: must be b"),
    (["a", "b"], ["a"], "line 2: must be b"),
    (["a"], ["a", "b"], "line 2: must be nothing"),
    ([], ["a"], "line 1: must be nothing"),
])
def test_differing_answers_are_named(files, expected, found, named):
    with pytest.raises(Mismatch, match=named):
        answers.compare("x", *files(expected, found))


def test_only_the_first_differences_are_named(files):
    with pytest.raises(Mismatch) as error:
        answers.compare("x", *files(["a"] * 9, ["b"] * 9))
    assert str(error.value).count("must be a") == answers.DIFFERENCES_SHOWN


# --- Workloads ----------------------------------------------------------------------------------


def test_names_of_topics_depend_on_what_is_in_them():
    skewed = workloads.sized(workloads.SKEWED, 1, full=False)
    smaller = workloads.sized(workloads.SKEWED, 0.5, full=False)
    assert skewed.topic_prefix("a") == skewed.topic_prefix("a")
    assert skewed.topic_prefix("a") != skewed.topic_prefix("b")
    assert skewed.topic_prefix("a") != smaller.topic_prefix("a")


@pytest.mark.parametrize("workload", workloads.ALL, ids=lambda each: each.name)
def test_scaled_workloads_keep_their_shape(workload):
    small = workloads.sized(workload, 0.01, full=False)
    assert small.participants == workload.participants / 100
    assert 1 <= small.events <= workload.events
    assert workloads.sized(workload, 1e-9, full=True).participants == 1


# --- Report -------------------------------------------------------------------------------------


def run_of(contestant, seconds, **more):
    return Run(contestant=contestant, workload="w", records=1000, seconds=seconds,
               engine_cpu_seconds=0.002, broker_cpu_seconds=0.001, peak_rss_bytes=1 << 20, **more)


def test_summary_is_of_medians():
    runs = [run_of("ceiling", 1.0), run_of("ceiling", 2.0), run_of("ceiling", 4.0),
            run_of("tallyd", 8.0, state_bytes=2000)]
    summary = report.summarise(runs, {"participants": 100})
    assert summary["ceiling"]["records_per_second"] == 500
    assert summary["ceiling"]["spread"] == (250, 1000)
    assert summary["ceiling"]["state_bytes_per_participant"] is None
    assert summary["tallyd"]["of_ceiling"] == 0.25
    assert summary["tallyd"]["engine_cpu_us"] == pytest.approx(2)
    assert summary["tallyd"]["state_bytes_per_participant"] == 20
    assert json.loads(json.dumps(summary))


def test_without_a_ceiling_there_is_no_ratio():
    numbers = report.summarise([run_of("tallyd", 1.0)], {"participants": 1})["tallyd"]
    assert numbers["of_ceiling"] is None
    assert "tallyd" in report.row("tallyd", numbers)


def test_ratios_to_the_peers_are_said():
    runs = [run_of("ceiling", 1.0), run_of("tallyd", 2.0), run_of("flink", 31.0)]
    assert report.times_as_fast(report.summarise(runs, {"participants": 1})) == [
        "tallyd is as fast as 15.5 × flink"]
    assert not report.times_as_fast(report.summarise(runs[:2], {"participants": 1}))


def test_columns_are_aligned():
    assert report.table([("name", "n"), ("a", "1"), ("bb", "200")]) == (
        "| name |   n |\n"
        "|------|----:|\n"
        "| a    |   1 |\n"
        "| bb   | 200 |")


# --- Processes ----------------------------------------------------------------------------------


def test_a_phase_is_found_among_other_lines():
    script = ("import sys; print('noise'); print('{\"phase\":\"ready\"}', flush=True);"
              "print('{\"phase\":\"done\",\"records\":7}')")
    with processes.Child([sys.executable, "-c", script]) as child:
        deadline = processes.time.monotonic() + 60
        ready, _ = child.wait_for_phase("ready", deadline)
        done, value = child.wait_for_phase("done", deadline)
        assert value["records"] == 7 and done >= ready
        child.finish(60)


def test_the_end_of_a_process_is_said_with_its_words():
    with processes.Child([sys.executable, "-c", "import sys; sys.exit('no broker')"]) as child:
        with pytest.raises(Failure, match="no broker"):
            child.wait_for_phase("ready", processes.time.monotonic() + 60)


def test_the_cost_of_a_process_is_seen_while_it_runs():
    script = ("import signal; sum(range(3_000_000)); print('{\"phase\":\"ready\"}', flush=True);"
              "signal.pause()")
    with processes.Child([sys.executable, "-c", script]) as child:
        child.wait_for_phase("ready", processes.time.monotonic() + 60)
        usage = processes.Usage(child.pid)
        assert usage.sample() > 0
        assert usage.rss > 1 << 20
    assert processes.Usage(child.pid).sample() == 0
