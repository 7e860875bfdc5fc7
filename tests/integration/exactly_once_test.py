"""Every participant counts once, however it came."""

import subprocess
import threading

from harness import (NEVER_MS, ROOT, WAIT_SECONDS_MAX, distribution, event_created, participant,
                     position_text)


def test_100_concurrent_producers_for_one_event_are_all_counted_once(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    first = kafka.producer()
    first.send("event.created", event_created("evt-1"))
    first.flush()
    reached, lock, failures = dict(first.next_offsets), threading.Lock(), []
    together = threading.Barrier(100)

    def register(number):
        try:
            producer = kafka.producer()
            together.wait(WAIT_SECONDS_MAX)
            # Its own participant, its neighbour's again, and one that all of them send.
            for who in (number, (number + 1) % 100, 1000):
                producer.send("participant.registered", participant("evt-1", f"p{who}"))
            producer.flush()
            with lock:
                for place, offset in producer.next_offsets.items():
                    reached[place] = max(reached.get(place, 0), offset)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=register, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]

    dashboard = tallyd.event("evt-1", position_text(reached)).json()
    assert dashboard["summary"]["participants"] == 101
    assert sum(offset for (topic, _), offset in reached.items()
               if topic.endswith("participant.registered")) == 300
    assert dashboard["channelPerformance"][0]["participants"] == 101


def test_records_sent_again_at_other_offsets_change_nothing(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    producer = kafka.producer()

    def send_all():
        producer.send("event.created", event_created("evt-1", totalInvestment=1000))
        for number in range(50):
            producer.send("participant.registered",
                          participant("evt-1", f"p{number}", purchaseAmount=number))
        for number in range(3):
            producer.send("distribution.completed",
                          distribution("evt-1", "SNS", 100 + number, distributionId=f"d{number}",
                                       distributionCost="10.50"))
        return producer.flush()

    once = tallyd.event("evt-1", send_all())
    again = tallyd.event("evt-1", send_all())
    assert again.body == once.body, "lastUpdatedAt included"
    assert again.headers["ETag"] == once.headers["ETag"]
    assert again.headers["Tally-Position"] != once.headers["Tally-Position"]
    assert once.json()["summary"]["participants"] == 50
    assert once.json()["summary"]["totalViews"] == 303
    assert once.json()["summary"]["purchaseAmount"] == sum(range(50))

    # The first contribution of a participant stands; a distribution is replaced, not added.
    producer.send("participant.registered",
                  participant("evt-1", "p7", purchaseAmount=99999, channel="TV"))
    producer.send("distribution.completed",
                  distribution("evt-1", "SNS", 1000, distributionId="d0"))
    summary = tallyd.event("evt-1", producer.flush()).json()["summary"]
    assert summary["participants"] == 50
    assert summary["purchaseAmount"] == sum(range(50))
    assert summary["totalViews"] == 1000 + 101 + 102


def test_a_log_read_again_from_its_start_changes_nothing(kafka, start):
    kafka.create_topics()
    producer = kafka.producer()
    for event in range(8):
        producer.send("event.created", event_created(f"evt-{event}"))
        for number in range(25):
            producer.send("participant.registered", participant(f"evt-{event}", f"p{number}"))
    position = producer.flush()

    before = start("--checkpoint-interval-ms", NEVER_MS).wait_ready()
    bodies = [before.event(f"evt-{event}", position).body for event in range(8)]
    before.kill()      # nothing was checkpointed: the next one starts from the beginning
    after = start().wait_ready()
    assert [after.event(f"evt-{event}", position).body for event in range(8)] == bodies
    assert after.stop() == 0
    last = start().wait_ready()
    assert [last.event(f"evt-{event}", position).body for event in range(8)] == bodies
    assert not last.metric("tally_records_total"), "everything was in the store"


def test_aborted_transactions_add_nothing(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    producer = kafka.producer(**{"transactional.id": kafka.prefix + "writer"})
    producer.client.init_transactions(WAIT_SECONDS_MAX)

    def transaction(numbers, commit, views):
        producer.client.begin_transaction()
        producer.send("event.created", event_created("evt-1"))
        for number in numbers:
            producer.send("participant.registered", participant("evt-1", f"p{number}"))
        producer.send("distribution.completed", distribution("evt-1", "SNS", views))
        producer.flush()
        if commit:
            producer.client.commit_transaction(WAIT_SECONDS_MAX)
        else:
            producer.client.abort_transaction(WAIT_SECONDS_MAX)
        return producer.position()

    transaction(range(10), commit=False, views=1)
    committed = transaction(range(10, 30), commit=True, views=2)
    summary = tallyd.event("evt-1", committed).json()["summary"]
    assert (summary["participants"], summary["totalViews"]) == (20, 2)

    transaction(range(30, 40), commit=False, views=3)
    aborted_last = transaction(range(40, 50), commit=False, views=4)
    # The position after records that were aborted is reached all the same.
    summary = tallyd.event("evt-1", aborted_last).json()["summary"]
    assert (summary["participants"], summary["totalViews"]) == (20, 2)
    assert tallyd.stop() == 0

    # Nor is a log that ends in aborted records ever "not caught up".
    fresh = start(name="fresh").wait_ready()
    summary = fresh.event("evt-1", aborted_last).json()["summary"]
    assert (summary["participants"], summary["totalViews"]) == (20, 2)


def test_an_open_transaction_is_not_read_before_it_is_committed(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    producer = kafka.producer(**{"transactional.id": kafka.prefix + "writer"})
    producer.client.init_transactions(WAIT_SECONDS_MAX)
    producer.client.begin_transaction()
    producer.send("event.created", event_created("evt-1"))
    position = producer.flush()
    # Readiness does not wait for what a reader of committed records cannot see.
    other = start(name="other").wait_ready()
    assert other.get("/api/v1/events/evt-1/analytics").status == 404
    assert tallyd.get("/api/v1/events/evt-1/analytics").status == 404
    producer.client.commit_transaction(WAIT_SECONDS_MAX)
    for each in (tallyd, other):
        assert each.event("evt-1", position).json()["eventId"] == "evt-1"


def test_an_event_of_a_producer_with_another_partitioner_setting(kafka, start):
    """Producers of librdkafka hash with CRC32 unless told otherwise; --partitioner takes that."""
    tallyd = start("--create-topics", "--partitions", "4", "--partitioner",
                   "consistent_random").wait_ready()
    producer = kafka.producer(partitioner="consistent_random")
    for event in range(20):
        producer.send("event.created", event_created(f"evt-{event}"))
    position = producer.flush()
    dashboard = tallyd.user("user-1", position, "?size=100").json()
    assert dashboard["totalEvents"] == 20
    assert not tallyd.metric("tally_dead_letters_total")


def protobuf(message, text):
    """Bytes as any Protobuf library would write them."""
    return subprocess.run(
        ["protoc", f"--encode=tally.v1.{message}", f"-I{ROOT}/proto",
         f"{ROOT}/proto/tally/v1/events.proto"],
        input=text.encode(), stdout=subprocess.PIPE, check=True).stdout


def test_protobuf_and_json_side_by_side(kafka, start):
    tallyd = start("--create-topics", "--partitions", "4").wait_ready()
    producer = kafka.producer()
    producer.send("event.created",
                  protobuf("EventCreated", 'event_id: "evt-1" user_id: "user-1" '
                           'event_title: "신년맞이" total_investment: 12345'), "evt-1")
    value = protobuf("ParticipantRegistered",
                     'event_id: "evt-1" participant_id: "p-proto" channel: "SNS"')
    producer.send("participant.registered", value, "evt-1",
                  headers=[("content-type", b"application/x-protobuf; v=1")])
    producer.send("participant.registered", value, "evt-1",
                  headers=[("content-type", b"application/protobuf")])
    producer.send("participant.registered", value, "evt-1")      # told by its first byte
    producer.send("participant.registered", participant("evt-1", "p-proto"),
                  headers=[("content-type", b"application/json; charset=utf-8")])
    producer.send("participant.registered", participant("evt-1", "p-json"))
    producer.send("distribution.completed",
                  protobuf("DistributionCompleted",
                           'event_id: "evt-1" completed_at { seconds: 1767222000 } '
                           'distributed_channels { channel: "TV" expected_views: 7 } '
                           'distributed_channels { channel: "SNS" expected_views: 5 }'), "evt-1")
    dashboard = tallyd.event("evt-1", producer.flush()).json()
    assert dashboard["eventTitle"] == "신년맞이"
    assert dashboard["summary"]["participants"] == 2
    assert dashboard["summary"]["totalViews"] == 12
    assert dashboard["roi"]["totalCost"] == 123.45
    assert not tallyd.metric("tally_dead_letters_total")
