"""tallyd over gRPC, as a client sees it that learns everything from server reflection."""

import json
import subprocess
import threading

import grpc
import harness
import pytest
import tokens
from grpc import StatusCode
from grpc_client import SERVICE, GrpcClient
from harness import Deadline, tally

HEALTH = "grpc.health.v1.Health"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"
METHODS = {"GetEventDashboard": "", "GetEventChannels": "/channels", "GetEventRoi": "/roi",
           "GetEventTimeline": "/timeline", "GetUserDashboard": "", "GetUserChannels": "/channels",
           "GetUserRoi": "/roi", "GetUserTimeline": "/timeline"}


def start(folder, *flags, **more):
    return harness.Tallyd("--embedded", "--grpc-listen", "127.0.0.1:0", *flags,
                          data_dir=folder / "data", ready_file=folder / "ready.json", **more)


def load_sample(tallyd):
    brokers = tallyd.wait_ready().listening["brokers"]
    return json.loads(tally("load-sample", "--brokers", brokers, "--json").stdout)["position"]


def grpc_address(tallyd):
    return tallyd.wait_listening().listening["grpc"]


@pytest.fixture(scope="module", name="tallyd")
def run_tallyd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grpc")
    with start(folder) as running:
        running.position = load_sample(running)
        yield running


@pytest.fixture(name="client")
def connect(tallyd):
    with GrpcClient(grpc_address(tallyd)) as client:
        yield client.learn()


def test_the_server_says_what_it_serves(client):
    assert client.services() == sorted([SERVICE, HEALTH, REFLECTION])
    described = client.pool.FindServiceByName(SERVICE)
    assert sorted(described.methods_by_name) == sorted(METHODS)
    client.learn(HEALTH)
    assert client.message("grpc.health.v1.HealthCheckResponse")


def test_the_dashboard_of_an_event(tallyd, client):
    answer = client.call("GetEventDashboard", event_id="evt-1", min_position=tallyd.position)
    event = answer.content
    assert (event.event_title, event.status) == ("신년맞이 20% 할인 이벤트", "ACTIVE")
    assert (event.summary.participants, event.summary.total_views) == (100, 20_000)
    assert (event.roi.total_cost, event.roi.roi, event.roi.roi_achievement) == (
        "8000000", "87.50", "43.75")
    assert [row.channel for row in event.channel_performance] == [
        "지니TV", "우리동네TV", "링고비즈", "SNS"]
    assert not event.HasField("period")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_reflects_what_the_route_reflects(tallyd, client, method):
    level, identifier = (("event", "evt-1") if "Event" in method else ("user", "user-1"))
    answer = client.call(method, min_position=tallyd.position, **{f"{level}_id": identifier})
    http = tallyd.read(f"/api/v1/{level}s/{identifier}/analytics{METHODS[method]}",
                       tallyd.position)
    assert answer.position == http.headers["Tally-Position"]
    assert answer.etag == http.headers["ETag"]
    assert answer.content.last_updated_at == http.json()["lastUpdatedAt"]
    unchanged = client.call(method, if_none_match=answer.etag, **{f"{level}_id": identifier})
    assert unchanged.not_modified and not unchanged.HasField("content")


def test_what_is_refused_says_all_of_why(tallyd, client):
    code, problem = client.refusal("GetUserDashboard", user_id="user-1", start_date="yesterday",
                                   size=0, min_position="nonsense")
    assert (code, problem.code) == (StatusCode.INVALID_ARGUMENT, "invalid_parameter")
    assert {error.parameter: error.value for error in problem.errors} == {
        "start_date": "yesterday", "end_date": "", "size": "0", "min_position": "nonsense"}
    code, problem = client.refusal("GetEventRoi", event_id="evt-9", min_position=tallyd.position)
    assert (code, problem.code) == (StatusCode.NOT_FOUND, "not_found")
    assert problem.position


def test_a_wait_for_a_position_ends_with_the_call(tallyd, client):
    ahead = f"sample.event.created/{harness.murmur2_partition(b'evt-1', 12)}@1000000"
    deadline = Deadline(harness.POSITION_WAIT_MS / 1000)
    with pytest.raises(grpc.RpcError) as late:
        client.call("GetEventDashboard", event_id="evt-1", min_position=ahead, timeout=0.2)
    assert late.value.code() == StatusCode.DEADLINE_EXCEEDED
    while tallyd.metric("tally_grpc_requests_in_flight") != 0:
        assert not deadline.passed(), "the server goes on waiting for nobody"
        tallyd.pause()


def test_a_position_that_is_not_reached(tmp_path):
    with start(tmp_path, "--position-wait-ms", "50") as tallyd:
        load_sample(tallyd)
        with GrpcClient(grpc_address(tallyd)) as client:
            ahead = f"sample.event.created/{harness.murmur2_partition(b'evt-1', 12)}@1000000"
            code, problem = client.learn().refusal(
                "GetEventDashboard", event_id="evt-1", min_position=ahead)
            assert (code, problem.code) == (StatusCode.UNAVAILABLE, "position_not_reached")
            assert problem.position and problem.retry_after.seconds == 1


def test_calls_are_counted(tallyd, client):
    counted = {"method": "GetUserRoi", "code": "NOT_FOUND"}
    before = tallyd.metric("tally_grpc_requests_total", **counted) or 0
    client.refusal("GetUserRoi", user_id="nobody")
    assert tallyd.metric("tally_grpc_requests_total", **counted) == before + 1


def test_calls_are_logged_and_traces_are_taken_over(tmp_path):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    traceparent = f"00-{trace}-00f067aa0ba902b7-01"
    log = tmp_path / "access.log"
    with start(tmp_path, "--access-log", log) as tallyd:
        position = load_sample(tallyd)
        with GrpcClient(grpc_address(tallyd)) as client:
            client.learn()
            metadata = [("traceparent", traceparent), ("authorization", "Bearer secret")]
            answer, began_with = client.call_with_metadata(
                "GetEventRoi", metadata, event_id="evt-1", min_position=position)
            assert began_with["traceparent"] == traceparent
            assert "traceparent" not in client.call_with_metadata(
                "GetEventRoi", [("traceparent", "nonsense")], event_id="evt-1",
                if_none_match=answer.etag)[1]
            client.refusal("GetUserRoi", user_id="nobody")
        assert tallyd.stop() == 0
    text = log.read_text("utf-8")
    assert "secret" not in text
    lines = [json.loads(line) for line in text.splitlines() if "QueryService" in line]
    assert [(line["route"].rpartition("/")[2], line["id"], line["status"], line["grpc_status"],
             line["trace_id"], line["client"]) for line in lines] == [
                 ("GetEventRoi", "evt-1", 200, "OK", trace, "127.0.0.1"),
                 ("GetEventRoi", "evt-1", 304, "OK", None, "127.0.0.1"),
                 ("GetUserRoi", "nobody", 404, "NOT_FOUND", None, "127.0.0.1")]
    assert lines[0]["bytes"] == answer.ByteSize()


def test_health_follows_readiness_until_the_end(tmp_path):
    with start(tmp_path) as tallyd:
        tallyd.wait_ready()
        with GrpcClient(grpc_address(tallyd)) as client:
            assert client.health() == client.health(SERVICE) == "SERVING"
            watched = client.watch_health(SERVICE)
            assert next(watched) == "SERVING"
            tallyd.signal(harness.signal.SIGTERM)
            assert next(watched) == "NOT_SERVING"
            with pytest.raises(grpc.RpcError):
                next(watched)
        assert tallyd.exit_code(harness.STOP_SECONDS_MAX) == 0


def test_not_serving_without_a_broker(tmp_path):
    with harness.refusing_port() as port, harness.Tallyd(
            "--brokers", f"127.0.0.1:{port}", "--grpc-listen", "127.0.0.1:0",
            data_dir=tmp_path / "data", ready_file=tmp_path / "ready.json") as tallyd, GrpcClient(
                grpc_address(tallyd)) as client:
        assert client.health() == client.health(SERVICE) == "NOT_SERVING"
        code, problem = client.learn().refusal("GetEventDashboard", event_id="evt-1")
        assert (code, problem.code) == (StatusCode.UNAVAILABLE, "unavailable")


def test_a_call_in_flight_is_answered_at_the_end(tmp_path):
    """One that waits for a position hears that there will be none."""
    with start(tmp_path, "--position-wait-ms", "60000") as tallyd:
        load_sample(tallyd)
        with GrpcClient(grpc_address(tallyd)) as client:
            client.learn()
            ahead = f"sample.event.created/{harness.murmur2_partition(b'evt-1', 12)}@1000000"
            heard = []
            waiting = threading.Thread(target=lambda: heard.append(client.refusal(
                "GetEventDashboard", event_id="evt-1", min_position=ahead)))
            waiting.start()
            deadline = Deadline()
            while tallyd.metric("tally_grpc_requests_in_flight") != 1:
                assert not deadline.passed()
                tallyd.pause()
            assert tallyd.stop() == 0
            waiting.join(harness.WAIT_SECONDS_MAX)
            assert heard[0][0] == StatusCode.UNAVAILABLE


def test_tokens_are_asked_for(tmp_path):
    key = tokens.EcKey("ec")
    jwks = tmp_path / "jwks.json"
    jwks.write_text(tokens.jwks(key))
    with start(tmp_path, "--auth", "jwt", "--auth-jwks", jwks, "--auth-issuer", tokens.ISSUER,
               "--auth-audience", tokens.AUDIENCE) as tallyd:
        position = load_sample(tallyd)
        with GrpcClient(grpc_address(tallyd)) as client:
            assert client.health() == "SERVING"
            client.learn()

            def code_of(metadata, method="GetEventDashboard", **asked):
                asked = asked or {"event_id": "evt-1", "min_position": position}
                try:
                    client.call(method, metadata=metadata, **asked)
                    return StatusCode.OK
                except grpc.RpcError as error:
                    return error.code()

            def of(**claims):
                return [("authorization", f"Bearer {tokens.token(key, **claims)}")]

            assert code_of([]) == StatusCode.UNAUTHENTICATED
            assert code_of([("authorization", "Bearer x.y.z")]) == StatusCode.UNAUTHENTICATED
            assert code_of(of(sub="user-2", roles=["operator"])) == StatusCode.OK
            assert code_of(of(sub="user-1")) == StatusCode.OK
            assert code_of(of(sub="user-2")) == StatusCode.NOT_FOUND
            assert code_of(of(sub="user-2"), "GetUserRoi", user_id="user-1") == StatusCode.NOT_FOUND
        assert "eyJ" not in tallyd.output(), "tokens have no place in the log"


def make_certificate(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "1",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True, timeout=harness.WAIT_SECONDS_MAX)
    return (folder / "cert.pem").read_bytes()


def test_tls_and_a_new_certificate(tmp_path):
    first = make_certificate(tmp_path, "first")
    with start(tmp_path, "--tls-cert", tmp_path / "cert.pem", "--tls-key",
               tmp_path / "key.pem") as tallyd:
        address = grpc_address(tallyd)
        tallyd.wait_for_output("first")

        def health(certificate):
            options = [("grpc.ssl_target_name_override", "localhost"),
                       ("grpc.use_local_subchannel_pool", 1)]
            with GrpcClient(address, grpc.ssl_channel_credentials(certificate),
                            options) as client:
                return client.health()

        assert health(first) in ("SERVING", "NOT_SERVING")
        with GrpcClient(address) as plain, pytest.raises(grpc.RpcError):
            plain.health()
        second = make_certificate(tmp_path, "second")
        tallyd.signal(harness.signal.SIGHUP)
        tallyd.wait_for_output("second")
        assert health(second) in ("SERVING", "NOT_SERVING")
        with pytest.raises(grpc.RpcError):
            health(first)


@pytest.mark.parametrize("flags, code, message", [
    (["--grpc-listen", "localhost"], 2, "--grpc-listen.*ADDRESS:PORT"),
    (["--grpc-listen", "0.0.0.0:0"], 2, "--grpc-listen.*--allow-anonymous"),
    (["--grpc-listen", "203.0.113.1:0", "--allow-anonymous"], 1, "203.0.113.1.*this machine"),
])
def test_addresses_that_cannot_be(tmp_path, flags, code, message):
    with harness.Tallyd("--embedded", *flags, data_dir=tmp_path / "data",
                        ready_file=tmp_path / "ready.json") as tallyd:
        assert tallyd.exit_code() == code
        tallyd.wait_for_output(message)


def test_a_port_in_use_is_named(tmp_path):
    with harness.taken_port() as port, harness.Tallyd(
            "--embedded", "--grpc-listen", f"127.0.0.1:{port}", data_dir=tmp_path / "data",
            ready_file=tmp_path / "ready.json") as tallyd:
        assert tallyd.exit_code() == 1
        tallyd.wait_for_output(f"127.0.0.1:{port}.*another port")


def test_without_the_flag_there_is_none(tmp_path):
    with harness.Tallyd("--embedded", data_dir=tmp_path / "data",
                        ready_file=tmp_path / "ready.json") as tallyd:
        assert "grpc" not in tallyd.wait_listening().listening
