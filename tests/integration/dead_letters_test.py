"""Bad input ends as dead letters, with reason and coordinates, once; and changes nothing."""

import shutil

from harness import NEVER_MS, distribution, event_created, participant

PROTOBUF = [("content-type", b"application/x-protobuf")]

# Bad records of every topic: (name, what to send, the reason's name).
POISON = {
    "event.created": [
        ("not JSON", {"value": b"{", "key": "evt-1"}, "undecodable"),
        ("a list", {"value": b"[]", "key": "evt-1",
                    "headers": [("content-type", b"application/json")]}, "undecodable"),
        ("wrong type", {"value": b'{"eventId":"evt-1","userId":7}', "key": "evt-1"},
         "invalid_field"),
        ("no owner", {"value": b'{"eventId":"evt-1"}', "key": "evt-1"}, "missing_field"),
        ("empty owner", {"value": event_created("evt-1", "")}, "missing_field"),
        ("negative money", {"value": event_created("evt-1", totalInvestment=-1)},
         "out_of_range"),
        ("not this key", {"value": event_created("evt-1"), "key": "evt-2"}, "key_mismatch"),
        ("no key", {"value": b'{"eventId":"evt-1","userId":"u"}'}, "key_mismatch"),
        ("tombstone", {"value": None, "key": "evt-1"}, "unexpected_tombstone"),
        ("unknown type", {"value": event_created("evt-1"),
                          "headers": [("content-type", b"text/csv")]}, "unknown_content_type"),
    ],
    "participant.registered": [
        ("no participant", {"value": b'{"eventId":"evt-1"}', "key": "evt-1"}, "missing_field"),
        ("control character", {"value": participant("evt-1", "a\tb")}, "invalid_field"),
        ("too long", {"value": participant("evt-1", "x" * 257)}, "invalid_field"),
        ("before 2000", {"value": participant("evt-1", "p", registeredAt="1999-12-31T00:00:00Z")},
         "out_of_range"),
        ("in the far future",
         {"value": participant("evt-1", "p", registeredAt="2199-01-01T00:00:00Z")},
         "out_of_range"),
        ("no time at all", {"value": participant("evt-1", "p", registeredAt="soon")},
         "invalid_field"),
        ("not Protobuf", {"value": b"\xff\xff\xff", "key": "evt-1", "headers": PROTOBUF},
         "undecodable"),
    ],
    "distribution.completed": [
        ("neither channel nor list", {"value": b'{"eventId":"evt-1"}', "key": "evt-1"},
         "missing_field"),
        ("no views", {"value": b'{"eventId":"evt-1","channel":"SNS"}', "key": "evt-1"},
         "missing_field"),
        ("negative views", {"value": distribution("evt-1", views=-1)}, "out_of_range"),
        ("one bad element",
         {"value": {"eventId": "evt-1", "distributedChannels": [
             {"channel": "SNS", "expectedViews": 5}, {"channel": "", "expectedViews": 5}]}},
         "missing_field"),
        ("both", {"value": distribution("evt-1", distributedChannels=[
            {"channel": "TV", "expectedViews": 5}])}, None),
    ],
}
COUNT = sum(map(len, POISON.values()))


def send_good(producer):
    """Enough of it that nobody takes the rest for another partitioner's work."""
    for number in range(20):
        event_id = f"evt-{number}"
        producer.send("event.created", event_created(event_id))
        producer.send("participant.registered", participant(event_id, "p0"))
        producer.send("distribution.completed", distribution(event_id, views=10))
    return producer.flush()


def send_poison(kafka):
    """Sends all of it to the partition of evt-1, whatever its key; {(topic, offset): what}."""
    producer, sent = kafka.producer(), {}
    partition = kafka.partition_of("evt-1")
    for suffix, cases in POISON.items():
        for name, record, reason in cases:
            before = producer.next_offsets.copy()
            producer.send(suffix, **{"partition": partition,
                                     "headers": [("trace", b"\x00\xff"), ("empty", b"")],
                                     **record})
            producer.flush()
            (place,) = [place for place in producer.next_offsets
                        if producer.next_offsets[place] != before.get(place)]
            sent[place[0], producer.next_offsets[place] - 1] = (name, record, reason)
    return producer.position(), sent


def letters(kafka):
    """Every dead letter of the three topics, with its headers as a dictionary."""
    found = kafka.consume([topic + ".dlq" for topic in kafka.topics()])
    return [(message, dict(message.headers() or [])) for messages in found.values()
            for message in messages]


def coordinates(headers):
    return (headers["tally-topic"].decode(), int(headers["tally-partition"]),
            int(headers["tally-offset"]))


def test_poison_of_every_topic_ends_as_dead_letters_once(kafka, start, tmp_path):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    before = tallyd.event("evt-1", send_good(kafka.producer())).body
    position, sent = send_poison(kafka)
    originals = {(message.topic(), message.partition(), message.offset()): message
                 for messages in kafka.consume(kafka.topics()).values() for message in messages}

    # The answer's position is past the poison, so every letter was acknowledged.
    assert tallyd.event("evt-1", position).body == before
    found = letters(kafka)
    assert len(found) == len(sent) == COUNT
    for letter, headers in found:
        topic, partition, offset = coordinates(headers)
        name, _, reason = sent[topic, offset]
        assert letter.topic() == topic + ".dlq", name
        assert letter.partition() == partition == kafka.partition_of("evt-1"), name
        if reason:
            assert headers["tally-reason"].decode() == reason, name
        assert headers["tally-detail"].decode(), name
        original = originals[topic, partition, offset]
        assert (letter.key(), letter.value()) == (original.key(), original.value()), name
        kept = [header for header in letter.headers() if not header[0].startswith("tally-")]
        assert kept == (original.headers() or []), name
    assert {coordinates(headers)[::2] for _, headers in found} == set(sent)
    assert tallyd.metric("tally_dead_letters_total") == COUNT
    assert tallyd.metric("tally_records_total", outcome="rejected") == COUNT

    # Killed and replayed from the stored offsets, then from nothing: no letter is written again.
    tallyd.kill()
    again = start().wait_ready()
    assert again.event("evt-1", position).body == before
    assert again.stop() == 0
    shutil.rmtree(tmp_path / "data")
    replayed = start().wait_ready()
    assert replayed.event("evt-1", position).body == before
    assert replayed.stop() == 0
    assert len(letters(kafka)) == COUNT


def test_a_kill_between_letter_and_checkpoint_repeats_no_letter(kafka, start):
    kafka.create_topics()
    good = send_good(kafka.producer())
    tallyd = start("--checkpoint-interval-ms", NEVER_MS).wait_ready()
    before = tallyd.event("evt-1", good).body
    tallyd.kill()
    for _ in range(3):
        position, _ = send_poison(kafka)
        tallyd = start("--checkpoint-interval-ms", NEVER_MS).wait_ready()
        assert tallyd.event("evt-1", position).body == before
        tallyd.kill()    # its letters are on their way or written, its offsets are not
    start().wait_ready().stop()    # ends when all letters are acknowledged
    places = [coordinates(headers) for _, headers in letters(kafka)]
    assert len(places) == len(set(places)) == 3 * COUNT


def test_a_record_in_the_wrong_partition_is_a_dead_letter(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    producer = kafka.producer()
    before = tallyd.event("evt-1", send_good(producer)).body
    elsewhere = (kafka.partition_of("evt-1") + 1) % kafka.partitions
    producer.send("participant.registered", participant("evt-1", "p-lost"), partition=elsewhere)
    position = producer.flush()
    assert tallyd.user("user-1", position).json()["summary"]["participants"] == 20
    ((letter, headers),) = letters(kafka)
    assert headers["tally-reason"] == b"wrong_partition"
    assert letter.partition() == elsewhere
    assert tallyd.event("evt-1").body == before


def test_a_record_over_1_mib_is_a_dead_letter_that_is_cut_and_flagged(kafka, start):
    kafka.create_topics(config={"max.message.bytes": "4194304"})
    tallyd = start().wait_ready()
    before = tallyd.event("evt-1", send_good(kafka.producer())).body
    producer = kafka.producer(**{"message.max.bytes": 4_000_000})
    producer.send("event.created", event_created("evt-1", eventTitle="x" * 1_500_000))
    position = producer.flush()
    assert tallyd.event("evt-1", position).body == before
    ((letter, headers),) = letters(kafka)
    assert headers["tally-reason"] == b"record_too_large"
    assert 0 < len(letter.value()) < 1_048_576
    assert "tally-cut" in headers
