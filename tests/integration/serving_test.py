"""How the built tallyd treats its clients: TLS, certificates, other origins, access log, the end."""

import http.client
import json
import signal
import ssl

import harness
import pytest
from authority import Authority, openssl

SECRET = "hunter2-never-shown"
PATH = "/openapi.json"


@pytest.fixture(name="authority")
def make_authority(tmp_path):
    return Authority(tmp_path, "authority")


def start(tmp_path, *flags, **more):
    return harness.Tallyd(
        "--embedded", "--admin-listen", "127.0.0.1:0", *flags, data_dir=tmp_path / "data",
        ready_file=tmp_path / "ready.json", **more)


def place(tmp_path, pair):
    for source, name in zip(pair, ("server.pem", "server.key")):
        (tmp_path / name).write_bytes(source.read_bytes())
    return ["--tls-cert", tmp_path / "server.pem", "--tls-key", tmp_path / "server.key"]


def connect(tallyd, authority, identity=None):
    context = ssl.create_default_context(cafile=authority.certificate)
    if identity:
        context.load_cert_chain(*identity)
    host, _, port = tallyd.http.rpartition(":")
    return http.client.HTTPSConnection(host, int(port), context=context,
                                       timeout=harness.WAIT_SECONDS_MAX)


def ask(connection, path=PATH):
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response.status


def peer_name(connection):
    connection.connect()
    subject = connection.sock.getpeercert()["subject"]
    return dict(pair for rdn in subject for pair in rdn)["commonName"]


def test_certificates_are_read_again_and_connections_go_on(tmp_path, authority):
    flags = place(tmp_path, authority.issue("first"))
    with start(tmp_path, *flags) as tallyd:
        tallyd.wait_listening()
        old = connect(tallyd, authority)
        assert peer_name(old) == "first"
        place(tmp_path, authority.issue("second"))
        tallyd.signal(signal.SIGHUP)
        tallyd.wait_for_output("second in use until")
        assert peer_name(connect(tallyd, authority)) == "second"
        assert ask(old) == 200
        expiry = tallyd.metric("tally_tls_certificate_not_after_timestamp_seconds")

        place(tmp_path, authority.issue("expired", days="-1"))
        tallyd.signal(signal.SIGHUP)
        tallyd.wait_for_output("error.*stays in use.*expired at")
        (tmp_path / "server.key").write_text("no key", encoding="ascii")
        tallyd.signal(signal.SIGHUP)
        tallyd.wait_for_output("error.*stays in use.*server.key")
        assert peer_name(connect(tallyd, authority)) == "second"
        assert ask(old) == 200
        assert tallyd.metric("tally_tls_certificate_not_after_timestamp_seconds") == expiry
        assert tallyd.metric("tally_tls_reloads_total", result="refused") == 2
        assert harness.http_get(tallyd.admin, "/livez").status == 200, "the probes stay plain"
        assert harness.http_get(tallyd.http, PATH).status == 400, "plain HTTP is told so"
        assert tallyd.stop() == 0


def test_clients_need_a_certificate_of_the_right_authority(tmp_path, authority):
    staff, stranger = Authority(tmp_path, "staff"), Authority(tmp_path, "stranger")
    flags = place(tmp_path, authority.issue("server"))
    with start(tmp_path, *flags, "--tls-client-ca", staff.certificate) as tallyd:
        assert ask(connect(tallyd, authority, staff.issue("alice"))) == 200
        for identity in (None, stranger.issue("mallory"), authority.issue("eve"),
                         staff.issue("late", days="-1")):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(connect(tallyd, authority, identity))
        assert tallyd.metric("tally_http_tls_handshakes_failed_total") == 4


def test_the_tally_command_shows_its_certificate(tmp_path, authority):
    staff = Authority(tmp_path, "staff")
    alice, alice_key = staff.issue("alice")
    bob, bob_key = staff.issue("bob")
    eve, eve_key = authority.issue("eve")
    encrypted = tmp_path / "encrypted.key"
    openssl(tmp_path, "pkey", "-in", alice_key, "-aes128", "-passout", "pass:x", "-out", encrypted)
    flags = place(tmp_path, authority.issue("server"))
    with start(tmp_path, *flags, "--tls-client-ca", staff.certificate) as tallyd:
        tallyd.wait_ready()
        loaded = harness.tally("load-sample", "--json", "--brokers", tallyd.listening["brokers"])
        command = ["get", "event", "evt-1", "--server", f"https://{tallyd.http}", "--ca-file",
                   authority.certificate, "--min-position", json.loads(loaded.stdout)["position"]]
        shown = harness.tally(*command, "--cert-file", alice, "--key-file", alice_key)
        assert "20,000" in shown.stdout
        by_environment = {"TALLY_CERT_FILE": str(bob), "TALLY_KEY_FILE": str(bob_key)}
        assert harness.tally(*command, env=by_environment).returncode == 0
        for identity, code, message in (
                ([], 1, "--cert-file"),
                (["--cert-file", eve, "--key-file", eve_key], 1, "--cert-file"),
                (["--cert-file", alice], 2, "--key-file"),
                (["--cert-file", alice, "--key-file", bob_key], 2, "does not belong"),
                (["--cert-file", alice_key, "--key-file", alice_key], 2, "certificate"),
                (["--cert-file", alice, "--key-file", tmp_path / "none"], 2, "none is not a PEM"),
                (["--cert-file", alice, "--key-file", encrypted], 2, "unencrypted")):
            refused = harness.tally(*command, *identity, check=False)
            assert (refused.returncode, message in refused.stderr) == (code, True), refused.stderr


@pytest.mark.parametrize("flags, code, message", [
    (["--tls-cert", "server.pem"], 2, "--tls-cert needs --tls-key"),
    (["--tls-cert", "missing.pem", "--tls-key", "server.key"], 1, "missing.pem cannot be read"),
    (["--tls-cert", "server.key", "--tls-key", "server.pem"], 1, "no certificate in it"),
    (["--tls-cert", "server.pem", "--tls-key", "authority.key"], 1, "does not belong"),
    (["--tls-cert", "server.pem", "--tls-key", "server.key", "--tls-client-ca", "server.key"], 1,
     "server.key: there is no certificate in it"),
    (["--cors-origin", "https://shop.example/"], 2, "--cors-origin .*final slash"),
    (["--access-log", "no/such/folder/log"], 1, "--access-log.*cannot open"),
])
def test_what_cannot_serve_is_refused_at_start(tmp_path, authority, flags, code, message):
    place(tmp_path, authority.issue("server"))
    flags = [tmp_path / flag if "." in flag and ":" not in flag or "/log" in flag else flag
             for flag in flags]
    with start(tmp_path, *flags) as tallyd:
        assert tallyd.exit_code() == code
        tallyd.wait_for_output(message)


def test_pages_of_allowed_origins_read_answers_and_errors(tmp_path):
    with start(tmp_path, "--cors-origin", "https://shop.example") as tallyd:
        tallyd.wait_listening()
        for path, status in ((PATH, 200), ("/nope", 404),
                             (harness.event_path("e", "?page=1"), 400)):
            answer = tallyd.get(path, Origin="https://shop.example")
            assert answer.status == status
            assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
            assert "Tally-Position" in answer.headers["Access-Control-Expose-Headers"]
            other = tallyd.get(path, Origin="https://evil.example")
            assert other.headers["Access-Control-Allow-Origin"] is None
            assert other.headers["Vary"] == "Origin"


def log_lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def wait_for_lines(tallyd, path, count):
    deadline = harness.Deadline()
    while not path.exists() or len(log_lines(path)) < count:
        assert not deadline.passed(), tallyd.output()
        tallyd.pause()
    return log_lines(path)


def test_the_access_log_has_no_secrets_and_can_be_moved_away(tmp_path):
    log = tmp_path / "access.log"
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with start(tmp_path, "--access-log", log) as tallyd:
        tallyd.wait_listening()
        answer = tallyd.get(f"{PATH}?access_token={SECRET}", Authorization=f"Bearer {SECRET}",
                            traceparent=trace, User_Agent="test")
        assert answer.headers["traceparent"] == trace
        harness.http_get(tallyd.admin, "/readyz")
        line, = wait_for_lines(tallyd, log, 1)
        assert (line["method"], line["route"], line["path"], line["status"]) == (
            "GET", PATH, PATH, 200)
        assert line["trace_id"] == trace[3:35] and line["user_agent"] == "test"
        assert SECRET not in log.read_text("utf-8")

        log.rename(tmp_path / "moved.log")
        tallyd.signal(signal.SIGHUP)
        tallyd.wait_for_output("SIGHUP")
        deadline = harness.Deadline()
        while not log.exists():
            assert not deadline.passed()
            tallyd.pause()
        tallyd.get("/nope")
        assert wait_for_lines(tallyd, log, 1)[0]["status"] == 404
        assert tallyd.stop() == 0
    assert SECRET not in tallyd.output()


def test_what_is_left_out_of_the_access_log_is_counted(tmp_path):
    with start(tmp_path, "--access-log-lines-per-second", "1") as tallyd:
        tallyd.wait_listening()
        for _ in range(50):
            tallyd.get(PATH)
        left_out = int(tallyd.wait_for_output(r'"left_out":(\d+)')[1])
        assert left_out >= 1
        assert tallyd.metric("tally_http_access_log_lines_total", result="left_out") >= left_out


def test_load_balancers_get_time_to_notice(tmp_path):
    with start(tmp_path, "--drain-delay-ms", "60000") as tallyd:
        tallyd.wait_ready()
        assert tallyd.get(PATH).headers["Connection"] is None
        tallyd.signal(signal.SIGTERM)
        tallyd.wait_probe("/readyz", 503)
        answer = tallyd.get(PATH)
        assert answer.status == 200
        assert answer.headers["Connection"] == "close"
        tallyd.signal(signal.SIGTERM)
        assert tallyd.exit_code() == 128 + signal.SIGTERM, "a second signal ends the wait too"


def test_kafka_secrets_come_from_a_file_and_are_never_shown(tmp_path):
    config = tmp_path / "kafka.properties"
    config.write_text(f"# test\nsasl.password = {SECRET}\nsasl.username=tally\n", encoding="ascii")
    config.chmod(0o644)
    with start(tmp_path, "--kafka-config-file", config, "--log-level", "debug") as tallyd:
        tallyd.wait_for_output("warning.*kafka.properties holds a secret.*chmod")
        tallyd.wait_ready()
        brokers = tallyd.listening["brokers"]
        listed = harness.tally("dlq", "list", "--brokers", brokers, "--kafka-config-file", config)
        assert "chmod" in listed.stderr
        refused = harness.tally("dlq", "list", "--brokers", brokers, "--kafka-config",
                                f"sasl.password={SECRET}", check=False)
        assert refused.returncode == 2 and "--kafka-config-file" in refused.stderr
        assert tallyd.stop() == 0
    for text in (tallyd.output(), listed.stderr, refused.stderr):
        assert SECRET not in text
    with start(tmp_path, "--kafka-config", f"sasl.password={SECRET}") as tallyd:
        assert tallyd.exit_code() == 2
        assert SECRET not in tallyd.output()


def test_kafka_properties_that_cannot_be_name_their_place(tmp_path):
    config = tmp_path / "kafka.properties"
    for content, message in ((f"a=b\nsasl.password:{SECRET}\n", "kafka.properties:2"),
                             (f"no.such.secret={SECRET}\n", "no.such.secret"),
                             (f"bootstrap.servers={SECRET}:9092\n", "bootstrap.servers")):
        config.write_text(content, encoding="ascii")
        with start(tmp_path, "--kafka-config-file", config) as tallyd:
            assert tallyd.exit_code() in (1, 2)
            tallyd.wait_for_output(message)
            assert SECRET not in tallyd.output()
