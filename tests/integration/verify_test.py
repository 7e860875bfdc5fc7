"""`tally verify`: right stores are found right, wrong ones wrong, and what is wrong is named."""

import json
import re
import shutil
import subprocess
import threading

import harness
import pytest
from harness import WAIT_SECONDS_MAX, distribution, event_created, participant, tally

EVENT = "evt-1"
EQUAL, DIFFERS, USAGE, UNCHECKED = 0, 1, 2, 3


def fill(kafka, participants=60, events=4, first=0):
    """Some of everything; the position after it."""
    producer = kafka.producer()
    for number in range(events):
        event_id = f"evt-{number}"
        producer.send("event.created", event_created(event_id))
        for channel in ("SNS", "지니TV"):
            producer.send("distribution.completed",
                          distribution(event_id, channel, 1000, distributionCost=5))
        for person in range(first, first + participants):
            producer.send("participant.registered", participant(
                event_id, f"p{person}", channel=("SNS", "지니TV")[person % 2], purchaseAmount=10,
                registeredAt=f"2026-01-01T{person % 24:02}:00:00+09:00"))
    return producer.flush()


def verify(data_dir, *flags, brokers=None):
    """(exit code, the report)."""
    log = ["--against-log", "--brokers", brokers] if brokers else []
    done = tally("verify", "--data-dir", data_dir, "--json", *log, *flags, check=False)
    assert done.returncode != USAGE, done.stderr
    return done.returncode, json.loads(done.stdout)


def texts(report):
    return [" ".join(str(found[name]) for name in ("eventId", "row", "field", "stored", "expected"))
            for shard in report["shards"] for found in shard["firstDifferences"]]


@pytest.fixture
def filled(kafka, start):
    """A data directory that holds some of everything; tallyd has ended."""
    kafka.create_topics()
    tallyd = start()
    tallyd.user("user-1", fill(kafka))
    assert tallyd.stop() == 0
    return tallyd.data_dir


def shard_of(kafka, data_dir, event_id=EVENT):
    return data_dir / f"shard-{kafka.partition_of(event_id):05}"


def alter(kafka, data_dir, name):
    subprocess.run([harness.ALTER_STORE, str(shard_of(kafka, data_dir)), EVENT, name], check=True,
                   timeout=WAIT_SECONDS_MAX)


def test_a_right_store_is_equal_to_its_rows_and_to_the_log(kafka, filled):
    code, report = verify(filled, brokers=kafka.brokers)
    assert (code, report["result"]) == (EQUAL, "equal")
    assert len(report["shards"]) == kafka.partitions
    for shard in report["shards"]:
        assert shard["storedDigest"] == shard["rowsDigest"] == shard["logDigest"]
    text = tally("verify", "--data-dir", filled)
    assert text.stdout.splitlines()[0].endswith("4 shards: equal")


def alterations():
    listed = subprocess.run([harness.ALTER_STORE], check=True, capture_output=True, text=True,
                            timeout=WAIT_SECONDS_MAX)
    return listed.stdout.split()


# What the log's state is, as the comparison with it names it.
NAMED_BY_LOG = {
    "event-title": "evt-1 None eventTitle \"title of evt-1!\" \"title of evt-1\"",
    "event-participants": "evt-1 channel \"",
    "event-mark": "evt-1 None last offset of participant.registered",
    "event-missing": "evt-1 None None absent an event with 60 participants",
    "participant-channel": "evt-1 participant ",
    "participant-hour": "evt-1 participant ",
    "participant-amount": " for 11 channel \"",
    "participant-missing": "evt-1 participant ",
    "participant-added": "evt-1 participant 000102030405060708090a0b None channel \"",
    "distribution-views": " 1001 views for 5 ",
    "distribution-type": "evt-1 distribution \"\" of channel \"SNS\" None \"!\" \"SUCCESS\" under",
    "distribution-missing": "evt-1 distribution \"\" of channel \"SNS\" None absent \"\" \"SUCCESS\"",
    "hour-count": " participants, 0 views,",
    "hour-missing": "None absent ",
    "user-missing": "entry of user \"user-1\" None missing",
    "user-added": "entry of user \"somebody-else\" None there",
    "checkpoint-digest": "checkpoint digest",
    "checkpoint-count": "checkpoint participants",
    "unknown-row": "row 'Q' None there",
}


def test_every_altered_row_is_found_and_named_with_both_values(kafka, filled, tmp_path):
    for name in alterations():
        copy = tmp_path / name
        shutil.copytree(filled, copy)
        alter(kafka, copy, name)
        code, report = verify(copy)
        assert (code, report["result"]) == (DIFFERS, "differs"), name
        code, report = verify(copy, brokers=kafka.brokers)
        assert code == DIFFERS, name
        assert any(NAMED_BY_LOG[name] in text for text in texts(report)), (name, texts(report))
        wrong = [shard["shard"] for shard in report["shards"] if shard["result"] != "equal"]
        assert wrong == [kafka.partition_of(EVENT)], name


def test_the_text_names_event_and_row_with_both_values(kafka, filled):
    alter(kafka, filled, "distribution-views")
    done = tally("verify", "--data-dir", filled, "--against-log", "--brokers", kafka.brokers,
                 check=False)
    shard = kafka.partition_of(EVENT)
    assert done.returncode == DIFFERS, done.stderr
    assert done.stdout.splitlines()[0].endswith(f"{kafka.partitions} shards: differs")
    assert re.search(rf"^ +{shard} +DIFFERS ", done.stdout, re.M), done.stdout
    named = [line for line in done.stdout.splitlines()
             if line.startswith(f'shard {shard}, event "{EVENT}", distribution "" of channel "SNS": ')]
    assert len(named) == 1, done.stdout
    assert re.search(r": is .*, 1001 views for 5, should be .*, 1000 views for 5$", named[0])
    assert not re.search(r"evt-[023]", done.stdout), "only what differs is named"


def test_many_differences_are_counted_and_the_first_listed(kafka, filled):
    alter(kafka, filled, "event-missing")
    code, report = verify(filled, "--limit", 2, brokers=kafka.brokers)
    wrong = report["shards"][kafka.partition_of(EVENT)]
    assert code == DIFFERS
    assert len(wrong["firstDifferences"]) == 2
    assert wrong["differences"] > 60


def test_a_damaged_table_is_a_difference(kafka, start):
    kafka.create_topics()
    tally("generate", "--brokers", kafka.brokers, "--topic-prefix", kafka.prefix, "--events", 40,
          "--participants", 40_000)
    tallyd = start()
    tallyd.user("user-1", fill(kafka))
    assert tallyd.stop() == 0
    wrong = kafka.partition_of(EVENT)
    tables = list(shard_of(kafka, tallyd.data_dir).glob("*.sst"))
    biggest = max(tables, key=lambda file: file.stat().st_size)
    content = bytearray(biggest.read_bytes())
    content[len(content) // 4] ^= 0x40
    biggest.write_bytes(content)
    code, report = verify(tallyd.data_dir, brokers=kafka.brokers)
    assert code == DIFFERS
    found = {shard["shard"]: shard["result"] for shard in report["shards"]}
    assert {shard for shard, result in found.items() if result != "equal"} == {wrong}, found


def test_beside_a_running_tallyd_under_load_it_is_always_equal(kafka, start):
    kafka.create_topics()
    tallyd = start("--memory-budget", "128MiB").wait_ready()
    ended = threading.Event()

    def load():
        for seed in range(1, 5):
            tally("generate", "--brokers", kafka.brokers, "--topic-prefix", kafka.prefix, "--seed",
                  seed, "--events", 300, "--participants", 60_000, "--duplicates", 0.2,
                  "--resent", 0.5)
        ended.set()

    loader = threading.Thread(target=load)
    loader.start()
    looks, offsets = 0, set()
    while not ended.is_set() or looks < 10:
        against = {"brokers": kafka.brokers} if looks % 5 == 4 else {}
        code, report = verify(tallyd.data_dir, **against)
        assert code == EQUAL, report
        offsets.add(json.dumps([shard["nextOffsets"] for shard in report["shards"]]))
        looks += 1
    loader.join()
    assert len(offsets) > 2, "it was checked at several positions"
    assert tallyd.running()


def test_after_kill_9_it_is_equal(kafka, start):
    kafka.create_topics()
    for round_ in range(3):
        tallyd = start().wait_ready()
        fill(kafka, 200, first=200 * round_)
        tallyd.wait_probe("/livez", 200)
        tallyd.kill()
        assert verify(tallyd.data_dir, brokers=kafka.brokers)[0] == EQUAL


def test_offsets_are_exact_also_in_gaps(kafka, start):
    kafka.create_topics()
    producer = kafka.producer(**{"transactional.id": kafka.prefix + "writer"})
    producer.client.init_transactions(WAIT_SECONDS_MAX)
    tallyd = start().wait_ready()
    for number, commit in enumerate((True, False, True, False)):
        producer.client.begin_transaction()
        producer.send("event.created", event_created(EVENT))
        for person in range(10):
            producer.send("participant.registered", participant(EVENT, f"p{number}-{person}"))
        position = producer.flush()
        if commit:
            producer.client.commit_transaction(WAIT_SECONDS_MAX)
        else:
            producer.client.abort_transaction(WAIT_SECONDS_MAX)
        assert tallyd.event(EVENT, position).json()["summary"]["participants"] == \
            10 * (1 + number // 2)
    assert tallyd.stop() == 0
    # What comes later is not looked at.
    fill(kafka)
    assert verify(tallyd.data_dir, brokers=kafka.brokers)[0] == EQUAL


def test_dead_letters_are_not_written_again(kafka, start):
    kafka.create_topics()
    producer = kafka.producer()
    producer.send("event.created", b"not json", EVENT)
    producer.flush()
    tallyd = start()
    tallyd.user("user-1", fill(kafka))
    assert tallyd.stop() == 0
    assert verify(tallyd.data_dir, brokers=kafka.brokers)[0] == EQUAL
    letters = kafka.consume([kafka.dlq("event.created")])
    assert sum(map(len, letters.values())) == 1


def test_a_log_without_its_start_cannot_be_compared_with(kafka, filled, tmp_path):
    kafka.delete_records(tmp_path, kafka.topic("participant.registered"), 2)
    code, report = verify(filled, brokers=kafka.brokers)
    assert (code, report["result"]) == (UNCHECKED, "unchecked")
    reasons = [shard["reason"] for shard in report["shards"] if shard["result"] == "unchecked"]
    assert reasons and all("2 offsets have been deleted" in reason for reason in reasons), reasons
    # The rows are right all the same.
    assert verify(filled)[0] == EQUAL
    # A difference is worse than what is unchecked.
    alter(kafka, filled, "participant-hour")
    assert verify(filled, "--allow-unchecked", brokers=kafka.brokers)[0] == DIFFERS


def test_an_accepted_log_base_is_said(kafka, start, tmp_path):
    kafka.create_topics()
    fill(kafka)
    kafka.delete_records(tmp_path, kafka.topic("participant.registered"), 2)
    tallyd = start("--accept-log-base").wait_ready()
    tallyd.user("user-1", fill(kafka, first=100))
    assert tallyd.stop() == 0
    code, report = verify(tallyd.data_dir, brokers=kafka.brokers)
    assert code == UNCHECKED
    based = [shard for shard in report["shards"] if shard["result"] == "unchecked"]
    assert based and all("accepted log base 0/2/0" in shard["reason"] for shard in based)
    assert all(shard["logDigest"] == shard["rowsDigest"] for shard in based)


def test_a_topic_made_again_shorter_cannot_be_compared_with(kafka, filled):
    kafka.delete_topics(kafka.topics())
    code, report = verify(filled, brokers=kafka.brokers)
    assert code == UNCHECKED
    assert all("does not exist" in shard["reason"] for shard in report["shards"])
    kafka.create_topics(dead=False)
    # A new partition has no leader for a moment: not checked, either.
    reasons, deadline = [], harness.Deadline()
    while not any("deleted and made again" in reason for reason in reasons):
        assert not deadline.passed(), reasons
        code, report = verify(filled, brokers=kafka.brokers)
        assert code == UNCHECKED
        reasons = [shard["reason"] or "" for shard in report["shards"]]


def test_the_hash_key_of_the_store_is_needed(kafka, start, tmp_path):
    kafka.create_topics()
    key = tmp_path / "key"
    key.write_text("00112233445566778899aabbccddeeff\n", "utf-8")
    tallyd = start("--hash-key-file", key)
    tallyd.user("user-1", fill(kafka))
    assert tallyd.stop() == 0
    code, report = verify(tallyd.data_dir, brokers=kafka.brokers)
    assert code == UNCHECKED
    assert "give --hash-key-file" in report["shards"][0]["reason"]
    assert verify(tallyd.data_dir, "--hash-key-file", key, brokers=kafka.brokers)[0] == EQUAL


def test_scratch_is_removed_and_where_it_is_told_to_be(kafka, filled, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert verify(filled, "--scratch-dir", scratch, brokers=kafka.brokers)[0] == EQUAL
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("flags, code, said", [
    ((), USAGE, "--data-dir is required"),
    (("--data-dir", "{data}", "--against-log"), USAGE, "needs --brokers"),
    (("--data-dir", "{data}", "--scratch-dir", "{data}"), USAGE, "--against-log"),
    (("--data-dir", "{data}", "--shard", "x"), USAGE, "--shard"),
    (("--data-dir", "{data}", "--limit", "0"), USAGE, "--limit"),
    (("--data-dir", "{data}/nowhere"), UNCHECKED, "does not exist"),
    (("--data-dir", "{empty}"), UNCHECKED, "no Tally data directory"),
    (("--data-dir", "{data}", "--shard", "77"), UNCHECKED, "has no shard 77"),
    (("--data-dir", "{data}", "--against-log", "--brokers", "{refusing}", "--timeout", "1"),
     UNCHECKED, "{refusing}"),
])
def test_what_cannot_be_done_is_said(filled, tmp_path, flags, code, said):
    (tmp_path / "empty").mkdir()
    with harness.refusing_port() as port:
        places = {"data": filled, "empty": tmp_path / "empty", "refusing": f"127.0.0.1:{port}"}
        done = tally("verify", *(flag.format(**places) for flag in flags), check=False)
    assert done.returncode == code, done.stderr
    assert said.format(**places) in done.stderr, done.stderr


def test_a_shard_whose_directory_is_gone_is_named(kafka, filled):
    gone = shard_of(kafka, filled)
    number = kafka.partition_of(EVENT)
    shutil.rmtree(gone)
    code, report = verify(filled)
    assert (code, report["result"]) == (UNCHECKED, "unchecked")
    assert [shard["shard"] for shard in report["shards"] if shard["result"] != "equal"] == [number]
    text = tally("verify", "--data-dir", filled, check=False)
    assert text.returncode == UNCHECKED
    assert re.search(rf"^shard {number} unchecked: .*{gone.name}", text.stdout, re.M), text.stdout


def test_shards_that_are_another_instances_now_are_not_missed(start, filled):
    assert start("--instances", 2, "--instance", 0).wait_ready().stop() == 0
    assert verify(filled)[0] == EQUAL
    for number in (1, 3):
        shutil.rmtree(filled / f"shard-{number:05}")
    code, report = verify(filled)
    assert (code, [shard["shard"] for shard in report["shards"]]) == (EQUAL, [0, 2])
    shutil.rmtree(filled / "shard-00002")
    code, report = verify(filled)
    assert (code, [shard["result"] for shard in report["shards"]]) == \
        (UNCHECKED, ["equal", "unchecked"])


def test_a_shard_that_is_gone_is_not_left_out_of_a_backup(kafka, filled, tmp_path):
    gone = shard_of(kafka, filled)
    shutil.rmtree(gone)
    done = tally("backup", "--data-dir", filled, "--to", tmp_path / "backup", check=False)
    assert done.returncode == DIFFERS and f"{gone} is gone" in done.stderr
    assert not (tmp_path / "backup").exists()
    others = [flag for number in range(kafka.partitions) if number != kafka.partition_of(EVENT)
              for flag in ("--shard", number)]
    tally("backup", "--data-dir", filled, "--to", tmp_path / "backup", *others)
    assert verify(tmp_path / "backup")[0] == EQUAL


def test_a_shard_without_a_store_is_unchecked(kafka, filled):
    shutil.rmtree(shard_of(kafka, filled))
    shard_of(kafka, filled).mkdir()
    code, report = verify(filled)
    assert code == UNCHECKED
    assert "no store" in report["shards"][kafka.partition_of(EVENT)]["reason"]
    assert verify(filled, "--allow-unchecked")[0] == EQUAL


# --- The background audit -----------------------------------------------------------------------

AUDIT_OFTEN = ("--audit-interval", "50ms")


def wait_for_metric(tallyd, wanted, name, **labels):
    deadline = harness.Deadline()
    while not wanted(tallyd.metric(name, **labels) or 0):
        assert tallyd.running() and not deadline.passed(), tallyd.output()
        tallyd.pause()


def test_audits_find_a_right_store_right_while_it_changes(kafka, start):
    kafka.create_topics()
    tallyd = start(*AUDIT_OFTEN).wait_ready()
    for first in range(0, 1000, 100):
        tallyd.user("user-1", fill(kafka, 100, first=first))
    rounds = tallyd.metric("tally_audit_runs_total", result="equal") or 0
    wait_for_metric(tallyd, lambda runs: runs >= rounds + 2 * kafka.partitions,
                    "tally_audit_runs_total", result="equal")
    assert tallyd.metric("tally_audit_mismatch") == 0
    assert tallyd.metric("tally_audit_runs_total", result="differs") is None
    assert tallyd.metric("tally_audit_last_success_timestamp_seconds", partition="0") > 1.7e9


def test_an_altered_row_is_found_by_the_audit_and_never_answered_from(kafka, start, filled):
    shard = kafka.partition_of(EVENT)
    alter(kafka, filled, "participant-hour")
    tallyd = start(*AUDIT_OFTEN)
    assert tallyd.wait_for_output(rf"AUDIT: the stored rows of shard {shard} are wrong: .*{EVENT}")
    wait_for_metric(tallyd, lambda failed: failed == 1, "tally_shard_failed", partition=str(shard))
    assert tallyd.metric("tally_audit_mismatch", partition=str(shard)) == 1

    def check_quarantined(running):
        answer = running.get(harness.event_path(EVENT))
        assert answer.status == 503, answer
        assert "tally verify" in answer.json()["detail"], answer
        assert "tally rebuild" in answer.json()["detail"], answer
        # The others go on.
        others = [f"evt-{number}" for number in range(4)
                  if kafka.partition_of(f"evt-{number}") != shard]
        assert running.event(others[0]).json()["summary"]["participants"] == 60

    check_quarantined(tallyd)
    assert tallyd.stop() in (0, 1)
    # Nor after a restart, whether or not there are audits.
    again = start("--audit-interval", "0").wait_ready()
    check_quarantined(again)
    assert again.metric("tally_audit_rows_total") == 0


@pytest.mark.parametrize("given", ["x", "-1s", "5", "inf"])
def test_an_audit_interval_is_a_duration(tmp_path, given):
    done = subprocess.run([harness.TALLYD, "--brokers", "localhost:1",   # never bound
                           "--data-dir", str(tmp_path), "--audit-interval", given],
                          capture_output=True, text=True, check=False, timeout=WAIT_SECONDS_MAX)
    assert done.returncode == 2
    assert "--audit-interval" in done.stderr


# --- Rebuild ------------------------------------------------------------------------------------


def rebuild(kafka, data_dir, *flags, check=True):
    return tally("rebuild", "--data-dir", data_dir, "--brokers", kafka.brokers, *flags, check=check)


def tree(path):
    return {file.relative_to(path).as_posix(): file.read_bytes()
            for file in sorted(path.rglob("*")) if file.is_file()}


def test_a_wrong_store_is_rebuilt_beside_and_swapped(kafka, start, filled):
    shard = shard_of(kafka, filled)
    alter(kafka, filled, "participant-hour")
    (shard / "QUARANTINED").write_text("its rows are wrong\n", "utf-8")
    wrong = tree(shard)
    done = rebuild(kafka, filled, "--shard", kafka.partition_of(EVENT))
    assert "as the old store had" in done.stdout
    assert tree(filled / (shard.name + ".old")) == wrong
    assert verify(filled, brokers=kafka.brokers)[0] == EQUAL
    # Kept until told otherwise, and nothing is built over it.
    again = rebuild(kafka, filled, "--shard", kafka.partition_of(EVENT), check=False)
    assert again.returncode == DIFFERS
    assert "--delete-old" in again.stderr
    tally("rebuild", "--data-dir", filled, "--delete-old")
    assert not list(filled.glob("*.old")) and not list(filled.glob("*.new"))
    tallyd = start()
    position = fill(kafka, first=200)
    assert tallyd.event(EVENT, position).json()["summary"]["participants"] == 120
    assert tallyd.stop() == 0
    assert verify(filled, brokers=kafka.brokers)[0] == EQUAL


def test_all_shards_are_rebuilt_to_the_offsets_of_the_old_ones(kafka, filled):
    before = verify(filled)[1]["shards"]
    fill(kafka, first=500)   # tallyd has not seen it, nor written dead letters of it
    rebuild(kafka, filled)
    after = verify(filled)[1]["shards"]
    for old, new in zip(before, after):
        assert (old["nextOffsets"], old["rowsDigest"]) == (new["nextOffsets"], new["rowsDigest"])
    assert len(list(filled.glob("*.old"))) == kafka.partitions


def test_a_store_that_cannot_be_read_is_rebuilt_with_its_neighbours_settings(kafka, start, filled):
    shard = shard_of(kafka, filled)
    for file in shard.glob("MANIFEST-*"):
        file.write_bytes(b"\0" * 100)
    assert verify(filled)[0] == DIFFERS
    # A bad record that tallyd has not met: its letter is tallyd's to write.
    producer = kafka.producer()
    producer.send("participant.registered", b"not json", EVENT)
    producer.send("participant.registered", participant(EVENT, "later"))
    position = producer.flush()
    rebuild(kafka, filled, "--shard", kafka.partition_of(EVENT))
    assert verify(filled, brokers=kafka.brokers)[0] == EQUAL
    tallyd = start()
    assert tallyd.event(EVENT, position).json()["summary"]["participants"] == 61
    assert tallyd.stop() == 0
    letters = kafka.consume([kafka.dlq("participant.registered")])
    assert sum(map(len, letters.values())) == 1


def test_a_store_of_an_older_version_is_rebuilt_while_the_old_one_stays(kafka, start, filled):
    subprocess.run([harness.ALTER_STORE, str(shard_of(kafka, filled)), EVENT, "lineage-fold"],
                   check=True, timeout=WAIT_SECONDS_MAX)
    old = tree(shard_of(kafka, filled))
    refused = start()
    assert refused.exit_code() == 1
    assert "tally rebuild" in refused.output()
    code, report = verify(filled, brokers=kafka.brokers)
    assert code == UNCHECKED
    assert "fold version 0" in report["shards"][kafka.partition_of(EVENT)]["reason"]
    rebuild(kafka, filled)
    assert tree(filled / (shard_of(kafka, filled).name + ".old")) == old
    assert verify(filled, brokers=kafka.brokers)[0] == EQUAL
    start().wait_ready()


def test_a_store_of_an_unknown_format_is_refused_and_not_touched(kafka, start, filled):
    shard = shard_of(kafka, filled)
    subprocess.run([harness.ALTER_STORE, str(shard), EVENT, "lineage-format"], check=True,
                   timeout=WAIT_SECONDS_MAX)
    before = tree(shard)
    refused = start()
    assert refused.exit_code() == 1
    assert re.search(rf"{shard.name}.*state format version 99, newer than this binary's 1",
                     refused.output())
    assert "tally rebuild" in refused.output()
    code, report = verify(filled)
    assert code == UNCHECKED
    assert "state format 99" in report["shards"][kafka.partition_of(EVENT)]["reason"]
    assert tree(shard) == before


def test_topics_that_were_made_again_are_rebuilt_from(kafka, start, filled):
    kafka.delete_topics(kafka.topics())
    kafka.create_topics(dead=False)
    position = fill(kafka, 5)
    rebuild(kafka, filled)
    assert verify(filled, brokers=kafka.brokers)[0] == EQUAL
    tallyd = start().wait_ready()
    assert tallyd.event(EVENT, position).json()["summary"]["participants"] == 5


def test_without_history_nothing_is_changed(kafka, filled, tmp_path):
    kafka.delete_records(tmp_path, kafka.topic("participant.registered"), 2)
    shard = shard_of(kafka, filled)
    before = tree(shard)
    done = rebuild(kafka, filled, check=False)
    assert done.returncode == DIFFERS
    assert "history is gone" in done.stderr and "restore a backup" in done.stderr
    assert tree(shard) == before
    assert not list(filled.glob(shard.name + ".*"))


def test_an_interrupted_rebuild_leaves_the_old_store_in_place(kafka, start):
    kafka.create_topics()
    tally("generate", "--brokers", kafka.brokers, "--topic-prefix", kafka.prefix,
          "--participants", 200_000, "--events", 500)
    tallyd = start().wait_ready()
    tallyd.user("g1-user-1", fill(kafka))
    assert tallyd.stop() == 0
    data = tallyd.data_dir
    before = verify(data)[1]["shards"]
    for number in (harness.signal.SIGKILL, harness.signal.SIGINT):
        with harness.Process([harness.TALLY, "rebuild", "--data-dir", data, "--brokers",
                              kafka.brokers]) as running:
            deadline = harness.Deadline()
            while not list(data.glob("shard-*.new/*.log")) and running.running():
                assert not deadline.passed()
            running.signal(number)
            assert running.exit_code() != 0
        assert [shard["rowsDigest"] for shard in verify(data)[1]["shards"]] == \
            [shard["rowsDigest"] for shard in before]
        tally("rebuild", "--data-dir", data, "--delete-old")
    rebuild(kafka, data)
    assert verify(data, brokers=kafka.brokers)[0] == EQUAL
    assert not list(data.glob("*.new"))


def test_a_rebuild_refuses_what_it_must(kafka, start, filled):
    missing = rebuild(kafka, filled / "nowhere", check=False)
    assert (missing.returncode, (filled / "nowhere").exists()) == (DIFFERS, False)
    tallyd = start().wait_ready()
    used = rebuild(kafka, filled, check=False)
    assert used.returncode == DIFFERS
    assert f"in use by process {tallyd.popen.pid}" in used.stderr
    assert tally("rebuild", "--data-dir", filled, check=False,
                 env={"TALLY_BROKERS": ""}).returncode == USAGE


# --- Backup and restore -------------------------------------------------------------------------


def restore(backup, data_dir, *flags, check=True):
    return tally("restore", "--from", backup, "--data-dir", data_dir, *flags, check=check)


def test_a_backup_made_while_ingesting_is_restored_right(kafka, start, tmp_path):
    kafka.create_topics()
    tallyd = start().wait_ready()
    ended = threading.Event()

    def load():
        tally("generate", "--brokers", kafka.brokers, "--topic-prefix", kafka.prefix,
              "--events", 300, "--participants", 150_000, "--duplicates", 0.2, "--resent", 0.5)
        ended.set()

    loader = threading.Thread(target=load)
    loader.start()
    backups = []
    while not ended.is_set() or len(backups) < 3:
        backups.append(tmp_path / f"backup-{len(backups)}")
        tally("backup", "--data-dir", tallyd.data_dir, "--to", backups[-1])
    loader.join()
    assert tallyd.running() and tallyd.stop() == 0
    for number, backup in enumerate((backups[0], backups[len(backups) // 2], backups[-1])):
        # A backup is a data directory.
        assert verify(backup, brokers=kafka.brokers)[0] == EQUAL
        restored = tmp_path / f"restored-{number}"
        restore(backup, restored)
        code, report = verify(restored, brokers=kafka.brokers)
        assert code == EQUAL
        manifest = json.loads((backup / "BACKUP.json").read_text("utf-8"))
        assert [shard["digest"] for shard in manifest["shards"]] == \
            [shard["logDigest"] for shard in report["shards"]]
    # tallyd goes on from the oldest as if nothing had been.
    position = fill(kafka)
    again = start(name="restored-0").wait_ready()
    assert again.event(EVENT, position).json()["summary"]["participants"] == 60
    assert again.stop() == 0
    assert verify(again.data_dir, brokers=kafka.brokers)[0] == EQUAL


def test_a_quarantined_shard_is_restored_alone(kafka, start, filled, tmp_path):
    tally("backup", "--data-dir", filled, "--to", tmp_path / "backup")
    shard = shard_of(kafka, filled)
    alter(kafka, filled, "participant-hour")
    (shard / "QUARANTINED").write_text("its rows are wrong\n", "utf-8")
    only = ("--shard", kafka.partition_of(EVENT))
    refused = restore(tmp_path / "backup", filled, *only, check=False)
    assert refused.returncode == DIFFERS
    assert "nothing is overwritten" in refused.stderr
    shard.rename(tmp_path / "aside")
    restore(tmp_path / "backup", filled, *only)
    assert verify(filled, brokers=kafka.brokers)[0] == EQUAL
    tallyd = start()
    position = fill(kafka, first=100)
    assert tallyd.event(EVENT, position).json()["summary"]["participants"] == 120


def test_a_wrong_store_is_not_backed_up(kafka, filled, tmp_path):
    alter(kafka, filled, "participant-hour")
    done = tally("backup", "--data-dir", filled, "--to", tmp_path / "backup", check=False)
    assert done.returncode == DIFFERS
    assert f"shard {kafka.partition_of(EVENT)}: " in done.stderr and EVENT in done.stderr
    assert not list((tmp_path / "backup").iterdir())
    others = [flag for number in range(kafka.partitions) if number != kafka.partition_of(EVENT)
              for flag in ("--shard", number)]
    tally("backup", "--data-dir", filled, "--to", tmp_path / "backup", *others)


def damage_nothing(_):
    pass


def damage_manifest(backup):
    (backup / "BACKUP.json").write_text("{", "utf-8")


def damage_version(backup):
    path = backup / "BACKUP.json"
    path.write_text(path.read_text("utf-8").replace('"tallyBackup":1', '"tallyBackup":2'), "utf-8")


def damage_digest(backup):
    path = backup / "BACKUP.json"
    manifest = json.loads(path.read_text("utf-8"))
    for shard in manifest["shards"]:
        shard["digest"] = "0" * 31 + "1"
    path.write_text(json.dumps(manifest), "utf-8")


def damage_rows(backup):
    biggest = max(backup.glob("shard-*/*.log"), key=lambda file: file.stat().st_size)
    biggest.write_bytes(b"")


def damage_whole(backup):
    (backup / "BACKUP.json").unlink()


@pytest.mark.parametrize("damage, said", [
    (damage_whole, "no whole backup"), (damage_manifest, "is damaged"),
    (damage_version, "backup of version 2"), (damage_digest, "another digest"),
    (damage_rows, "shard "), (damage_nothing, None)])
def test_a_damaged_backup_is_not_restored(filled, tmp_path, damage, said):
    backup, target = tmp_path / "backup", tmp_path / "target"
    tally("backup", "--data-dir", filled, "--to", backup)
    damage(backup)
    done = restore(backup, target, check=False)
    assert done.returncode == (DIFFERS if said else EQUAL), done.stderr
    assert (said or "") in done.stderr
    assert not list(target.glob("*.new"))


def test_what_a_backup_refuses(kafka, start, filled, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").write_text("else", "utf-8")
    for to in (full, filled):
        done = tally("backup", "--data-dir", filled, "--to", to, check=False)
        assert done.returncode == DIFFERS and "is not empty" in done.stderr
    assert [file.name for file in full.iterdir()] == ["something"]
    tally("backup", "--data-dir", filled, "--to", tmp_path / "backup")
    nothing = restore(filled, tmp_path / "target", check=False)
    assert nothing.returncode == DIFFERS and "no whole backup" in nothing.stderr
    tallyd = start().wait_ready()
    used = restore(tmp_path / "backup", filled, check=False)
    assert used.returncode == DIFFERS and "in use" in used.stderr
    assert tallyd.stop() == 0
    # Of other topics.
    kafka.prefix = harness.unique_prefix("other")
    kafka.create_topics()
    other = start(name="other").wait_ready()
    assert other.stop() == 0
    shutil.rmtree(shard_of(kafka, other.data_dir))
    mixed = restore(tmp_path / "backup", other.data_dir, "--shard", kafka.partition_of(EVENT),
                    check=False)
    assert mixed.returncode == DIFFERS and "another lineage" in mixed.stderr


# --- Damage -------------------------------------------------------------------------------------


def zero_manifest(shard):
    for file in shard.glob("MANIFEST-*"):
        file.write_bytes(b"\0" * file.stat().st_size)


def lose_current(shard):
    (shard / "CURRENT").unlink()


def lose_table(shard):
    max(shard.glob("*.sst"), key=lambda file: file.stat().st_size).unlink()


def flip_bits_of_tables(shard):
    for file in shard.glob("*.sst"):
        content = bytearray(file.read_bytes())
        for place in range(100, len(content), 500):
            content[place] ^= 0x10
        file.write_bytes(content)


@pytest.mark.parametrize("damage", [zero_manifest, lose_current, lose_table, flip_bits_of_tables])
def test_a_damaged_store_answers_nothing_and_the_others_go_on(kafka, start, damage):
    kafka.create_topics()
    tally("generate", "--brokers", kafka.brokers, "--topic-prefix", kafka.prefix, "--events", 40,
          "--participants", 40_000)
    tallyd = start()
    position = fill(kafka)
    before = {number: tallyd.event(f"evt-{number}", position).body for number in range(4)}
    assert tallyd.stop() == 0
    wrong = kafka.partition_of(EVENT)
    damage(shard_of(kafka, tallyd.data_dir))
    tallyd = start()
    answer = tallyd.wait_listening().get(harness.event_path(EVENT))
    while answer.status == 503 and "tally rebuild" not in answer.body:
        assert tallyd.running(), tallyd.output()
        answer = tallyd.get(harness.event_path(EVENT))
    assert answer.status == 503 and "quarantined" in answer.json()["detail"], answer
    for number, body in before.items():
        if kafka.partition_of(f"evt-{number}") != wrong:
            assert tallyd.event(f"evt-{number}").body == body
    assert tallyd.metric("tally_shard_failed", partition=str(wrong)) == 1
    tallyd.stop()
    rebuild(kafka, tallyd.data_dir, "--shard", wrong)
    assert verify(tallyd.data_dir, brokers=kafka.brokers)[0] == EQUAL
    again = start().wait_ready()
    for number, body in before.items():
        assert again.event(f"evt-{number}", position).body == body
