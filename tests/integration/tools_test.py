"""The tally command against a real Kafka and a running tallyd."""

import json

import pytest
from harness import INPUT_TOPICS, event_created, participant, tally, unique_prefix


@pytest.fixture
def tallyd(kafka, start):
    return start("--create-topics", "--partitions", "4").wait_ready()


def kafka_flags(kafka):
    return ["--brokers", kafka.brokers, "--topic-prefix", kafka.prefix]


def line(kafka, suffix, value, **more):
    key = value["eventId"] if isinstance(value, dict) else more.pop("key")
    return json.dumps({"topic": kafka.topic(suffix), "key": key, "value": value, **more},
                      ensure_ascii=False)


# --- topics create ------------------------------------------------------------------------------


def test_topics_create_makes_six_and_leaves_alone_what_stands(kafka):
    tally("topics", "create", *kafka_flags(kafka), "--partitions", "3")
    topics = kafka.admin.list_topics(timeout=60).topics
    for suffix in INPUT_TOPICS:
        assert len(topics[kafka.topic(suffix)].partitions) == 3
        assert len(topics[kafka.dlq(suffix)].partitions) == 3
    tally("topics", "create", *kafka_flags(kafka), "--partitions", "3")
    refused = tally("topics", "create", *kafka_flags(kafka), "--partitions", "5", check=False)
    assert refused.returncode == 1 and "3" in refused.stderr and "5" in refused.stderr


# --- load ---------------------------------------------------------------------------------------


def test_load_sends_the_lines_of_a_file_and_tells_the_position(kafka, tallyd, tmp_path):
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join([
        line(kafka, "event.created", event_created("evt-1", eventTitle="신년맞이")),
        line(kafka, "participant.registered", participant("evt-1", "p1")),
        "",
        line(kafka, "participant.registered", json.dumps(participant("evt-1", "p2")),
             key="evt-1"),
        line(kafka, "participant.registered", None, key="evt-1"),
    ]) + "\n", "utf-8")
    done = tally("load", file, *kafka_flags(kafka), "--json")
    report = json.loads(done.stdout)
    assert report["records"] == 4
    dashboard = tallyd.event("evt-1", report["position"]).json()
    assert dashboard["eventTitle"] == "신년맞이"
    assert dashboard["summary"]["participants"] == 2
    assert tallyd.metric("tally_dead_letters_total", reason="unexpected_tombstone") == 1

    plain = tally("load", file, *kafka_flags(kafka))
    assert "Tally-Min-Position: " in plain.stdout
    assert "\x1b" not in plain.stdout + plain.stderr and "\r" not in plain.stderr


def test_load_reads_standard_input_and_names_a_bad_line(kafka, tallyd):
    lines = [line(kafka, "event.created", event_created("evt-1")),
             line(kafka, "participant.registered", participant("evt-1", "p1")),
             '{"topic": 7}', line(kafka, "participant.registered", participant("evt-1", "p2"))]
    done = tally("load", "-", *kafka_flags(kafka), check=False, stdin="\n".join(lines) + "\n")
    assert done.returncode == 1
    assert "line 3" in done.stderr
    found = kafka.consume(kafka.topics())
    assert sum(map(len, found.values())) <= 2, "the load stops there"
    assert tallyd.running()


@pytest.mark.parametrize("bad", [
    "x", "[]", '{"key":"k","value":{}}', '{"topic":"t","value":{}}', '{"topic":"t","key":"k"}',
    '{"topic":"t","key":7,"value":{}}', '{"topic":"t","key":"k","value":7}',
    '{"topic":"t","key":"k","value":{},"valeu":1}', '{"topic":"t","key":"k","value":{}} x',
])
def test_every_bad_line_is_named(kafka, bad):
    done = tally("load", "-", *kafka_flags(kafka), check=False, stdin="\n" + bad + "\n")
    assert done.returncode == 1
    assert "line 2" in done.stderr


# --- generate -----------------------------------------------------------------------------------

GENERATE = ("generate", "--seed", "7", "--events", "20", "--participants", "2000", "--duplicates",
            "0.25", "--resent", "0.5", "--skew", "1")


@pytest.mark.parametrize("form", ["json", "protobuf"])
def test_a_generated_load_is_counted_once(kafka, tallyd, form):
    report = json.loads(tally(*GENERATE, "--format", form, *kafka_flags(kafka), "--json").stdout)
    found = kafka.consume(kafka.topics())
    assert sum(map(len, found.values())) == report["records"] >= 2500
    users = {f"g7-user-{number}" for number in range(1, 3)}
    total = sum(tallyd.user(user, report["position"]).json()["summary"]["participants"]
                for user in users)
    assert total == 2000
    assert not tallyd.metric("tally_dead_letters_total")


def test_the_same_seed_gives_the_same_records(kafka):
    first, second = (tally(*GENERATE, "--topic-prefix", kafka.prefix, "--output", "-").stdout
                     for _ in range(2))
    assert first == second
    assert len(first.splitlines()) > 2500
    assert all(json.loads(each)["topic"].startswith(kafka.prefix) for each in first.splitlines())


# --- get ----------------------------------------------------------------------------------------


def test_get_shows_what_tallyd_answers(kafka, tallyd):
    report = json.loads(tally("load-sample", *kafka_flags(kafka), "--json").stdout)
    asked = ["--server", f"http://{tallyd.http}", "--min-position", report["position"]]
    shown = tally("get", "event", "evt-1", *asked)
    for text in ("신년맞이", "지니TV", "100", "20,000", "87.50"):
        assert text in shown.stdout, text
    assert "\x1b" not in shown.stdout
    body = tally("get", "user", "user-1", *asked, "--json").stdout
    assert json.loads(body) == tallyd.user("user-1").json()
    gone = tally("get", "event", "evt-9", *asked, check=False)
    assert gone.returncode == 1 and not gone.stdout and "evt-9" in gone.stderr


def test_get_without_a_server_says_so():
    done = tally("get", "event", "evt-1", "--server", "http://127.0.0.1:1", check=False)  # never bound
    assert done.returncode == 1 and "127.0.0.1" in done.stderr


# --- inspect ------------------------------------------------------------------------------------


def test_inspect_reads_beside_a_running_tallyd(kafka, tallyd):
    report = json.loads(tally("load-sample", *kafka_flags(kafka), "--json").stdout)
    body = tallyd.event("evt-1", report["position"]).body
    told = json.loads(tally("inspect", "--data-dir", tallyd.data_dir, "--json").stdout)
    assert [shard["shard"] for shard in told["shards"]] == [0, 1, 2, 3]
    assert tally("inspect", "--data-dir", tallyd.data_dir).stdout
    assert tallyd.event("evt-1").body == body

    assert tallyd.stop() == 0
    told = json.loads(tally("inspect", "--data-dir", tallyd.data_dir, "--json").stdout)
    reached = {f"{kafka.topic(suffix)}/{shard['shard']}@{offset}" for shard in told["shards"]
               for suffix, offset in shard["nextOffsets"].items() if offset}
    assert reached == set(report["position"].split(","))
    assert len({shard["digest"] for shard in told["shards"]}) >= 2
    again = json.loads(tally("inspect", "--data-dir", tallyd.data_dir, "--json").stdout)
    assert again == told, "reading changes nothing"


def test_inspect_shows_one_events_rows(kafka, tallyd):
    report = json.loads(tally("load-sample", *kafka_flags(kafka), "--json").stdout)
    tallyd.event("evt-1", report["position"])
    assert tallyd.stop() == 0
    shown = tally("inspect", "--data-dir", tallyd.data_dir, "--event", "evt-1").stdout
    assert "evt-1" in shown and "지니TV" in shown
    assert "evt-1-p1" not in shown, "participants' ids are not on disk"


def test_inspect_of_nothing_says_so(tmp_path):
    done = tally("inspect", "--data-dir", tmp_path / "none", check=False)
    assert done.returncode == 1 and str(tmp_path / "none") in done.stderr


# --- dlq list -----------------------------------------------------------------------------------


def test_dlq_list_counts_by_reason(kafka, tallyd):
    producer = kafka.producer()
    producer.send("event.created", event_created("evt-1"))
    for value in (b"{", b"}{", None):
        producer.send("participant.registered", value, "evt-1")
    tallyd.event("evt-1", producer.flush())
    told = tally("dlq", "list", *kafka_flags(kafka)).stdout
    assert "undecodable" in told and "unexpected_tombstone" in told
    empty = tally("dlq", "list", "--brokers", kafka.brokers, "--topic-prefix",
                  unique_prefix("none"), check=False)
    assert empty.stdout + empty.stderr
