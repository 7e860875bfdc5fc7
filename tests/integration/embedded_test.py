"""tallyd with its embedded broker: what tools/demo shows, without Kafka."""

import json

import harness
import pytest
from harness import tally


@pytest.fixture
def tallyd(tmp_path):
    with harness.Tallyd("--embedded", data_dir=tmp_path / "data",
                        ready_file=tmp_path / "ready.json") as running:
        running.wait_ready()
        running.brokers = running.listening["brokers"]
        yield running


def test_the_sample_data_is_shown_on_both_dashboards(tallyd):
    tallyd.wait_for_output("(?i)trying out")
    report = json.loads(tally("load-sample", "--brokers", tallyd.brokers, "--json").stdout)
    assert report["records"] == 186
    event = tallyd.event("evt-1", report["position"]).json()
    assert event["summary"]["participants"] == 100
    assert event["summary"]["totalViews"] == 20_000
    user = tallyd.user("user-1", report["position"]).json()
    assert user["summary"]["participants"] == 150
    assert user["summary"]["totalViews"] == 34_000
    assert tallyd.stop() == 0


def test_a_load_that_would_not_fit_is_refused_before_anything_is_sent(tallyd):
    refused = tally("generate", "--brokers", tallyd.brokers, "--events", "3", "--participants",
                    "500000", check=False)
    assert refused.returncode == 1
    assert "embedded" in refused.stderr or "trying out" in refused.stderr, refused.stderr
    assert tallyd.get("/api/v1/events/g1-evt-1/analytics").status == 404
    assert not tallyd.metric("tally_records_total")


def test_bad_input_ends_as_a_dead_letter_here_too(tallyd):
    topic = "sample.participant.registered"
    report = json.loads(tally("load", "-", "--brokers", tallyd.brokers, "--json", stdin=json.dumps(
        {"topic": topic, "key": "evt-1", "value": "{"}) + "\n").stdout)
    answer = tallyd.get(harness.event_path("evt-1"), report["position"])
    assert answer.status == 404, answer
    assert tallyd.metric("tally_dead_letters_total") == 1
    assert "undecodable" in tally("dlq", "list", "--brokers", tallyd.brokers).stdout


def test_two_instances_of_it_do_not_meet(tallyd, tmp_path):
    with harness.Tallyd("--embedded", data_dir=tmp_path / "other",
                        ready_file=tmp_path / "other.json") as other:
        other.wait_ready()
        tally("load-sample", "--brokers", tallyd.brokers)
        assert other.get(harness.event_path("evt-1")).status == 404
