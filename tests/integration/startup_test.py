"""Start-up that helps: whatever is wrong, one clear message names the remedy, and nothing is lost."""

import os
import shutil
import subprocess

import confluent_kafka.admin
import harness
import pytest
from harness import TALLYD, WAIT_SECONDS_MAX, event_created, participant


def refusal(tallyd, *patterns):
    """tallyd must end by itself, not with 0, and say all of this in one line of its messages."""
    code = tallyd.exit_code()
    text = "\n".join(tallyd.lines["stderr"])
    assert code not in (0, None) and code > 0, f"{code}\n{text}"
    fitting = [line for line in tallyd.lines["stderr"]
               if all(pattern in line for pattern in patterns)]
    assert len(fitting) == 1, f"not one line with all of {patterns}:\n{text}"
    return fitting[0]


def fill(kafka, events=8):
    producer = kafka.producer()
    for number in range(events):
        producer.send("event.created", event_created(f"evt-{number}"))
        producer.send("participant.registered", participant(f"evt-{number}", "p0"))
    return producer.flush()


# --- The broker ---------------------------------------------------------------------------------


def test_an_unreachable_broker_is_waited_for(kafka, start, own_kafka):
    with harness.refusing_port() as port:
        address = f"127.0.0.1:{port}"
        tallyd = start("--create-topics", "--partitions", "4", brokers=address)
        assert tallyd.wait_probe("/livez", 200)
        told = tallyd.wait_probe("/readyz", 503)
        tallyd.wait_for_output(f"(?i){address}.*(reach|connect)|(reach|connect).*{address}")
        assert "starting" in told.body
        assert tallyd.get("/api/v1/events/evt-1/analytics").status == 503
        assert tallyd.running()
    own_kafka(port)
    tallyd.wait_ready(120)
    own = harness.Kafka(address, kafka.prefix)
    assert tallyd.event("evt-0", fill(own)).json()["summary"]["participants"] == 1


def test_once_ready_a_broker_that_goes_away_does_not_make_it_unready(kafka, start, own_kafka):
    address, folder = own_kafka()
    tallyd = start("--create-topics", "--partitions", "4", brokers=address).wait_ready()
    position = fill(harness.Kafka(address, kafka.prefix))
    before = tallyd.event("evt-1", position).body
    subprocess.run([str(harness.ROOT / "tools/kafka"), "stop", "--dir", folder, "--now"],
                   check=True, stdin=subprocess.DEVNULL)
    deadline = harness.Deadline()
    while tallyd.metric("tally_broker_reachable") != 0:
        assert not deadline.passed(), "tally_broker_reachable never became 0"
        tallyd.pause()
    assert tallyd.get("/api/v1/events/evt-1/analytics").body == before
    assert harness.http_get(tallyd.admin, "/readyz").status == 200
    assert tallyd.stop() == 0


# --- The topics ---------------------------------------------------------------------------------


def test_missing_topics_are_waited_for(kafka, start):
    tallyd = start()
    line = tallyd.wait_for_output("--create-topics").string
    assert kafka.prefix in line
    assert tallyd.wait_probe("/livez", 200)
    assert tallyd.wait_probe("/readyz", 503)
    kafka.create_topics()
    tallyd.wait_ready()
    assert tallyd.event("evt-1", fill(kafka)).json()["summary"]["participants"] == 1


def test_create_topics_makes_them_and_their_dead_letter_topics(kafka, start):
    start("--create-topics", "--partitions", "3").wait_ready()
    metadata = kafka.admin.list_topics(timeout=WAIT_SECONDS_MAX).topics
    for topic in kafka.topics():
        assert len(metadata[topic].partitions) == 3
        assert len(metadata[topic + ".dlq"].partitions) == 3
        assert kafka_config(kafka, topic) == {
            "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}


def kafka_config(kafka, topic):
    resource = confluent_kafka.admin.ConfigResource("topic", topic)
    (future,) = kafka.admin.describe_configs([resource]).values()
    config = future.result(timeout=WAIT_SECONDS_MAX)
    return {name: config[name].value
            for name in ("cleanup.policy", "retention.ms", "retention.bytes")}


@pytest.mark.parametrize("policy", ["compact", "compact,delete"])
def test_compacted_topics_are_refused(kafka, start, policy):
    kafka.create_topics(suffixes=harness.INPUT_TOPICS[:1])
    kafka.create_topics(suffixes=harness.INPUT_TOPICS[1:2], config={"cleanup.policy": policy})
    kafka.create_topics(suffixes=harness.INPUT_TOPICS[2:])
    refusal(start(), kafka.topic("participant.registered"), "cleanup.policy=delete")


def test_finite_retention_is_warned_about_and_shown(kafka, start):
    kafka.create_topics(config={"retention.ms": "604800000"})
    tallyd = start().wait_ready()
    tallyd.wait_for_output(r"retention\.ms=-1")
    assert tallyd.metric("tally_topic_retention_finite") == 3


def test_different_partition_counts_are_refused(kafka, start):
    kafka.create_topics(4, suffixes=harness.INPUT_TOPICS[:2])
    kafka.create_topics(6, suffixes=harness.INPUT_TOPICS[2:])
    refusal(start(), "same number of partitions", kafka.topic("distribution.completed") + " has 6")


def test_another_partition_count_than_the_stores_is_refused(kafka, start):
    kafka.create_topics()
    position = fill(kafka)
    tallyd = start().wait_ready()
    before = tallyd.event("evt-1", position).body
    assert tallyd.stop() == 0
    kafka.add_partitions(6)
    refusal(start(), "this store was made", "4 partitions", "6")
    assert before


def test_a_log_without_its_start_needs_a_word(kafka, start, tmp_path):
    kafka.create_topics()
    fill(kafka, 40)
    kafka.delete_records(tmp_path, kafka.topic("participant.registered"), 2)
    refusal(start(), kafka.topic("participant.registered"), "--accept-log-base")

    tallyd = start("--accept-log-base").wait_ready()
    total = tallyd.user("user-1").json()["summary"]["participants"]
    assert total == 40 - 2 * kafka.partitions
    assert tallyd.metric("tally_log_base_offset") == 2 * kafka.partitions
    assert tallyd.stop() == 0
    # The word is needed once: the store knows its base.
    again = start().wait_ready()
    assert again.user("user-1").json()["summary"]["participants"] == total


def test_a_log_that_lost_what_the_store_still_needs_is_not_skipped(kafka, start, tmp_path):
    kafka.create_topics()
    position = fill(kafka, 40)
    tallyd = start().wait_ready()
    tallyd.read("/api/v1/users/user-1/analytics", position)
    assert tallyd.stop() == 0
    fill(kafka, 80)
    kafka.delete_records(tmp_path, kafka.topic("participant.registered"), 15)
    behind = start()
    behind.wait_for_output(kafka.topic("participant.registered"))
    # Not ready, or ended with a message: but never on as if nothing were missing.
    if behind.running():
        assert behind.wait_probe("/readyz", 503)
        assert behind.get("/api/v1/users/user-1/analytics").status == 503


def test_records_of_another_partitioner_are_named_with_the_setting(kafka, start):
    kafka.create_topics()
    producer = kafka.producer(partitioner="consistent_random")
    for number in range(40):
        producer.send("event.created", event_created(f"evt-{number}"))
    producer.flush()
    refusal(start(), kafka.topic("event.created"), "--partitioner", "consistent_random")
    dead = kafka.consume([topic + ".dlq" for topic in kafka.topics()])
    assert not any(dead.values()), "no dead letter before the setting is known to be right"
    tallyd = start("--partitioner", "consistent_random", name="right").wait_ready()
    assert tallyd.user("user-1").json()["totalEvents"] == 40


# --- The data directory -------------------------------------------------------------------------


@pytest.fixture
def stopped(kafka, start, tmp_path):
    """A store that a clean tallyd left; the folder."""
    kafka.create_topics()
    tallyd = start().wait_ready()
    tallyd.event("evt-1", fill(kafka))
    assert tallyd.stop() == 0
    return tmp_path / "data"


def test_a_data_dir_in_use_is_refused(kafka, start):
    kafka.create_topics()
    first = start().wait_ready()
    refusal(start(), "data", "use", str(first.popen.pid))
    assert first.event("evt-1", fill(kafka)).status == 200


def without_overriding():
    """For a root that must not write where the mode says no."""
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []


def test_a_data_dir_that_is_not_writable_is_refused(kafka, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    command = [*without_overriding(), TALLYD, "--brokers", kafka.brokers, "--topic-prefix",
               kafka.prefix, "--http-listen", "127.0.0.1:0", "--data-dir", locked / "data"]
    with harness.Process(command) as tallyd:
        refusal(tallyd, str(locked), "denied", "--data-dir")


def test_a_file_for_a_data_dir_is_refused(start, tmp_path):
    (tmp_path / "data").write_text("mine", "utf-8")
    refusal(start(), str(tmp_path / "data"), "director")
    assert (tmp_path / "data").read_text("utf-8") == "mine"


def test_a_folder_of_somebody_else_is_refused(start, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letters.txt").write_text("mine", "utf-8")
    refusal(start(), str(tmp_path / "data"), "empty")
    assert os.listdir(tmp_path / "data") == ["letters.txt"]


def test_an_unknown_format_is_refused_and_kept(start, stopped):
    marker = stopped / "FORMAT"
    known = marker.read_text("utf-8")
    marker.write_text(known.replace("layout 1", "layout 99"), "utf-8")
    refusal(start(), str(stopped), "99")
    marker.write_text(known, "utf-8")
    assert start().wait_ready().event("evt-1").json()["summary"]["participants"] == 1


@pytest.mark.parametrize("flags, named", [
    (["--partitioner", "fnv1a_random"], "partitioner"),
    (["--input-utc-offset", "+00:00"], "--input-utc-offset"),
])
def test_another_lineage_is_refused(start, stopped, flags, named):
    assert stopped.is_dir()
    refusal(start(*flags), named)
    assert start().wait_ready().event("evt-1").json()["summary"]["participants"] == 1


def test_another_hash_key_is_refused(start, stopped, tmp_path):
    key = tmp_path / "hash.key"
    key.write_bytes(os.urandom(16).hex().encode())
    key.chmod(0o600)
    refusal(start("--hash-key-file", key), "--hash-key-file")
    assert key.read_bytes().decode() not in str(sorted(stopped.rglob("*")))


def test_another_topic_prefix_is_refused(kafka, start, stopped):
    other = harness.Kafka(kafka.brokers, harness.unique_prefix("other")).create_topics()
    line = refusal(start(prefix=other.prefix), kafka.prefix, other.prefix, "--topic-prefix")
    assert "--hash-key-file" not in line, "derived keys differ because the prefixes do"
    assert stopped.is_dir()


def test_another_cluster_is_refused(kafka, start, stopped, own_kafka):
    address, _ = own_kafka()
    harness.Kafka(address, kafka.prefix).create_topics()
    line = refusal(start(brokers=address), "cluster", "--brokers")
    assert "--hash-key-file" not in line, "derived keys differ because the clusters do"
    assert stopped.is_dir()


# --- Addresses and flags ------------------------------------------------------------------------


def flags_only(*flags, env=None):
    return harness.Process([TALLYD, *flags], env)


@pytest.mark.parametrize("flag", ["--http-listen", "--admin-listen"])
def test_a_port_in_use_is_refused(kafka, tmp_path, flag):
    with harness.taken_port() as port:
        flags = {"--http-listen": "127.0.0.1:0", flag: f"127.0.0.1:{port}"}
        with flags_only("--brokers", kafka.brokers, "--data-dir", tmp_path / "data",
                        *(part for pair in flags.items() for part in pair)) as tallyd:
            refusal(tallyd, str(port), "use")


@pytest.mark.parametrize("flag", ["--http-listen", "--admin-listen"])
@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
def test_listening_beyond_loopback_needs_a_word(kafka, tmp_path, flag, address):
    flags = {"--http-listen": "127.0.0.1:0", flag: address}
    with flags_only("--brokers", kafka.brokers, "--data-dir", tmp_path / "data",
                    *(part for pair in flags.items() for part in pair)) as tallyd:
        refusal(tallyd, "--allow-anonymous")


def test_with_the_word_it_listens_beyond_loopback(kafka, start):
    kafka.create_topics()
    tallyd = start("--http-listen", "0.0.0.0:0", "--allow-anonymous")
    assert tallyd.wait_listening().listening["http"]


@pytest.mark.parametrize("flags, named", [
    (["--bogus"], "--bogus"),
    (["--brokers", "b:1", "--data-dir", "d", "--embedded"], "--embedded"),
    (["--data-dir", "d"], "--brokers"),
    (["--brokers", "b:1", "--data-dir", "d", "--instance", "2", "--instances", "2"], "--instance"),
    (["--brokers", "b:1", "--data-dir", "d", "--instances", "0"], "--instances"),
    (["--brokers", "b:1", "--data-dir", "d", "--threads", "0"], "--threads"),
    (["--brokers", "b:1", "--data-dir", "d", "--threads", "many"], "--threads"),
    (["--brokers", "b:1", "--data-dir", "d", "--partitions", "4"], "--create-topics"),
    (["--brokers", "b:1", "--data-dir", "d", "--create-topics", "--partitions", "0"],
     "--partitions"),
    (["--brokers", "b:1", "--data-dir", "d", "--partitioner", "random"], "--partitioner"),
    (["--brokers", "b:1", "--data-dir", "d", "--input-utc-offset", "Seoul"],
     "--input-utc-offset"),
    (["--brokers", "b:1", "--data-dir", "d", "--http-listen", "nowhere"], "--http-listen"),
    (["--brokers", "b:1", "--data-dir", "d", "--hash-key-file", "/does/not/exist"],
     "/does/not/exist"),
    (["--brokers", "b:1", "--data-dir", "d", "--topic-prefix", "a b"], "--topic-prefix"),
])
def test_unknown_and_contradictory_flags_are_refused(tmp_path, flags, named):
    command = [str(tmp_path / "d") if flag == "d" else flag for flag in flags]
    with flags_only(*command) as tallyd:
        code = tallyd.exit_code()
        text = "\n".join(tallyd.lines["stderr"])
        assert code > 0, text
        assert named in text, text
        assert len(text.splitlines()) <= 4, f"one clear message, not a page:\n{text}"
    assert not (tmp_path / "d").exists(), "nothing is made before the flags are right"


def test_an_environment_variable_stands_for_a_flag_and_a_flag_wins(kafka, tmp_path):
    kafka.create_topics()
    env = {"TALLY_BROKERS": kafka.brokers, "TALLY_TOPIC_PREFIX": kafka.prefix,
           "TALLY_DATA_DIR": str(tmp_path / "data"), "TALLY_HTTP_LISTEN": "nowhere",
           "TALLY_READY_FILE": str(tmp_path / "ready.json")}
    with harness.Process([TALLYD], env) as tallyd:
        refusal(tallyd, "nowhere")
    with harness.Process([TALLYD, "--http-listen", "127.0.0.1:0"], env) as tallyd:
        deadline = harness.Deadline()
        while not (tmp_path / "ready.json").exists():
            assert tallyd.running() and not deadline.passed(), tallyd.output()
            tallyd.pause()
        assert tallyd.stop() == 0


def test_help_and_version():
    for flag in ("--help", "--version"):
        with flags_only(flag) as tallyd:
            assert tallyd.exit_code() == 0
            text = tallyd.stdout()
            assert not tallyd.lines["stderr"]
        if flag == "--version":
            assert text.split()[-1][0].isdigit()
        else:
            for named in ("--brokers", "--topic-prefix", "--data-dir", "--http-listen",
                          "--admin-listen", "--threads", "--instance", "--instances", "--group",
                          "--create-topics", "--partitions", "--partitioner", "--embedded",
                          "--input-utc-offset", "--hash-key-file", "--accept-log-base",
                          "--allow-anonymous", "TALLY_"):
                assert named in text, named


def test_removing_the_data_dir_starts_anew(kafka, start, stopped):
    shutil.rmtree(stopped)
    assert start().wait_ready().event("evt-1").json()["summary"]["participants"] == 1
    assert kafka.prefix
