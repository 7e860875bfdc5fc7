"""Networks as they are, between tallyd and a real Kafka: a proxy resets, cuts, delays, throttles
and swallows what both say. Nothing is lost, nothing counted twice, reads go on."""

import random

import faults
import harness
import proxy
import pytest
from faults import EVENTS, LONG, Load, participants

# So that seconds are longer than every one of them.
SHORT_TIMEOUTS = ("--kafka-config", "socket.timeout.ms=1500;reconnect.backoff.max.ms=500;"
                                    "retry.backoff.ms=50")
ROUNDS = 300 if LONG else 15
SLOW_SECONDS = 120 if LONG else 3   # longer than the timeouts above, and than librdkafka's own


@pytest.fixture(scope="module")
def bad_network():
    with proxy.Proxy() as between:
        yield between


@pytest.fixture(scope="module")
def proxied_kafka(bad_network, tmp_path_factory):
    """A broker with a second listener, which tells its clients to come through the proxy."""
    port, proxied, controller = harness.free_ports(3)
    listeners = f"PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:"
    bad_network.upstream = ("127.0.0.1", proxied)
    settings = [f"listeners={listeners}{proxied},CONTROLLER://127.0.0.1:{controller}",
                f"advertised.listeners={listeners}{bad_network.port}",
                f"controller.quorum.voters=1@127.0.0.1:{controller}",
                "listener.security.protocol.map="
                "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT"]
    with harness.broker(tmp_path_factory.mktemp("proxied"), port, settings) as address:
        yield address


@pytest.fixture
def brokers(proxied_kafka):
    """The test's own clients come without the proxy."""
    return proxied_kafka


@pytest.fixture
def network(bad_network):
    bad_network.heal()
    yield bad_network
    bad_network.heal()


def ready(kafka, start, network):
    kafka.create_topics()
    tallyd = start(*SHORT_TIMEOUTS, brokers=network.address).wait_ready()
    participants(tallyd, EVENTS[0], faults.send(kafka, 0, 1))
    return tallyd


def check_reads_go_on(tallyd):
    assert tallyd.get(harness.event_path(EVENTS[0])).status == 200
    assert harness.http_get(tallyd.admin, "/readyz").status == 200
    assert tallyd.metric("tally_shard_failed") == 0


def wait_reachable(tallyd, value):
    """What the alarm TallyBrokerUnreachable is over."""
    deadline = harness.Deadline()
    while (found := tallyd.metric("tally_broker_reachable")) != value:
        assert not deadline.passed(), f"tally_broker_reachable is {found}\n{tallyd.output()}"
        tallyd.pause()


def test_connections_are_reset_again_and_again(kafka, start, network):
    tallyd = ready(kafka, start, network)
    resets = 0
    with Load(kafka) as load:
        for _ in range(ROUNDS):
            load.wait_for_portions(5)
            resets += network.reset_all()
            check_reads_go_on(tallyd)
    assert resets >= ROUNDS // 2
    load.check(kafka, tallyd)


def test_connections_break_in_the_middle_of_anything(kafka, start, network):
    """Of a request, of an answer, of a dead letter and its acknowledgement."""
    tallyd = ready(kafka, start, network)
    dice = random.Random(7)
    network.cut_after_bytes = lambda: dice.choice((10, 100, 1000, 10_000, 50_000))
    before = network.connections_total
    network.reset_all()
    with Load(kafka) as load:
        for _ in range(ROUNDS):
            load.wait_for_portions(5)
            check_reads_go_on(tallyd)
    assert network.connections_total >= before + 5
    network.heal()
    network.reset_all()
    load.check(kafka, tallyd)


def test_it_starts_on_a_network_that_breaks(kafka, start, network):
    kafka.create_topics()
    position = faults.send(kafka, 0, 50)
    dice = random.Random(11)
    network.cut_after_bytes = lambda: dice.choice((100, 500, 5_000, 50_000, 500_000))
    tallyd = start(*SHORT_TIMEOUTS, brokers=network.address).wait_ready()
    assert participants(tallyd, EVENTS[0], position) == 50
    network.heal()
    faults.stop_and_check(kafka, tallyd)


def test_a_slow_network_only_delays(kafka, start, network):
    tallyd = ready(kafka, start, network)
    network.delay_seconds = 0.2
    with Load(kafka) as load:
        load.wait_for_portions(ROUNDS)
        check_reads_go_on(tallyd)
    load.check(kafka, tallyd)


@pytest.mark.parametrize("fault", ["delay", "silence", "refusal"])
def test_a_network_that_is_worse_than_every_timeout_is_waited_out(kafka, start, network, fault):
    tallyd = ready(kafka, start, network)
    wait_reachable(tallyd, 1)
    if fault == "delay":
        network.delay_seconds = 2
    elif fault == "silence":
        network.frozen = True
    else:
        network.refusing = True
        network.reset_all()
    with Load(kafka) as load:
        wait_reachable(tallyd, 0)
        tallyd.pause(SLOW_SECONDS)
        check_reads_go_on(tallyd)
        network.heal()
    wait_reachable(tallyd, 1)
    load.check(kafka, tallyd)


def test_a_narrow_network_is_read_as_fast_as_it_goes(kafka, start, network):
    """With usual timeouts: an answer that takes longer than its timeout never comes."""
    kafka.create_topics()
    tallyd = start(brokers=network.address).wait_ready()
    participants(tallyd, EVENTS[0], faults.send(kafka, 0, 1))
    network.bytes_per_second = 100_000
    with Load(kafka) as load:
        load.wait_for_portions(75)
        check_reads_go_on(tallyd)
    load.check(kafka, tallyd)
