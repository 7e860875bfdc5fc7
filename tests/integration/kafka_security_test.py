"""A real Kafka that speaks only TLS, to clients that prove who they are (SASL_SSL)."""

import json

import harness
import pytest
from authority import Authority

PASSWORD = "hunter2-never-shown"
BROKER_PASSWORD = "the-brokers-own"


@pytest.fixture(name="secured")
def start_secured(own_kafka, tmp_path, brokers):  # pylint: disable=unused-argument
    """(address, authority) of a broker whose only listener asks for user and password."""
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("broker")
    store = tmp_path / "broker-store.pem"
    store.write_bytes(key.read_bytes() + certificate.read_bytes())
    module = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    address, _ = own_kafka(settings=[
        "listener.security.protocol.map=PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms=PLAIN",
        "sasl.mechanism.inter.broker.protocol=PLAIN",
        f'listener.name.plaintext.plain.sasl.jaas.config={module} username="broker" '
        f'password="{BROKER_PASSWORD}" user_broker="{BROKER_PASSWORD}" '
        f'user_tally="{PASSWORD}";',
        "ssl.keystore.type=PEM", f"ssl.keystore.location={store}",
        "ssl.truststore.type=PEM", f"ssl.truststore.location={authority.certificate}"])
    return address, authority


def properties(tmp_path, authority, password=PASSWORD):
    path = tmp_path / "kafka.properties"
    path.write_text(f"security.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\nsasl.username=tally\n"
                    f"sasl.password={password}\nssl.ca.location={authority.certificate}\n",
                    encoding="ascii")
    path.chmod(0o600)
    return path


def start(tmp_path, address, config):
    return harness.Tallyd("--brokers", address, "--kafka-config-file", config, "--log-level",
                          "debug", data_dir=tmp_path / "data", ready_file=tmp_path / "ready.json")


def test_records_go_in_and_come_out(tmp_path, secured):
    address, authority = secured
    config = properties(tmp_path, authority)
    outputs = [harness.tally(*command, "--brokers", address, "--kafka-config-file", config)
               for command in (("topics", "create", "--partitions", "2"),
                               ("load-sample", "--json"))]
    position = json.loads(outputs[1].stdout)["position"]
    with start(tmp_path, address, config) as tallyd:
        event = tallyd.event("evt-1", position).json()
        assert event["summary"]["participants"] == 100
        assert tallyd.stop() == 0
    for text in (tallyd.output(), *(each.stderr for each in outputs)):
        assert PASSWORD not in text


def test_who_cannot_prove_it_is_told_so_and_keeps_trying(tmp_path, secured):
    address, authority = secured
    wrong = properties(tmp_path, authority, password=PASSWORD + "x")
    with start(tmp_path, address, wrong) as tallyd:
        tallyd.wait_for_output("(?i)authentication")
        assert harness.http_get(tallyd.admin, "/readyz").status == 503
        assert tallyd.running()
        assert PASSWORD not in tallyd.output()
        assert tallyd.stop() == 0


def test_a_broker_of_another_authority_is_not_trusted(tmp_path, secured):
    address, _ = secured
    config = properties(tmp_path, Authority(tmp_path, "stranger"))
    with start(tmp_path, address, config) as tallyd:
        tallyd.wait_for_output("(?i)certificate verify failed|SSL handshake failed")
        assert harness.http_get(tallyd.admin, "/readyz").status == 503
        assert tallyd.stop() == 0
