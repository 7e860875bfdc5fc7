"""What the built tallyd takes from a client, with its own limits: bytes that are no request, too much
of anything, clients that dribble; and what its metrics and other origins see of it."""

import contextlib
import http.client
import re
import select
import socket

import harness
import pytest

LINE = b"GET /openapi.json HTTP/1.1\r\n"
GET = LINE + b"Host: tally\r\n"
GOOD = GET + b"Connection: close\r\n\r\n"
ORIGIN = "https://shop.example"
ROUTE = "/api/v1/events/{eventId}/analytics"


@pytest.fixture(name="tallyd", scope="module")
def _tallyd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    with harness.Tallyd("--embedded", "--admin-listen", "127.0.0.1:0", "--cors-origin", ORIGIN,
                        "--http-idle-timeout-ms", "1000", data_dir=folder / "data",
                        ready_file=folder / "ready.json") as running:
        running.wait_ready()
        yield running


def connect(tallyd):
    host, _, port = tallyd.http.rpartition(":")
    return socket.create_connection((host, int(port)), harness.WAIT_SECONDS_MAX)


def read_to_end(connection):
    answer = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            answer += part
    return answer


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", answer)]


@pytest.mark.parametrize("sent, status", [
    (LINE + b"\r\n", 400),
    (GET + b"Host: tally\r\n\r\n", 400),
    (GET + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    (GET + b"Transfer-Encoding: identity\r\n\r\n", 400),
    (GET + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    (GET + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (GET + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400),
    (GET + b"X: a\r\n folded: b\r\n\r\n", 400),
    (GET + b"Y : c\r\n\r\n", 400),
    (GET + b"X: a\0b\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\nHost: tally\r\n\r\n", 505),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS hello \r\n\r\n", 400),
    (b"GET /" + b"a" * 8500 + b" HTTP/1.1\r\nHost: tally\r\n\r\n", 414),
    (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: tally\r\n\r\n", 414),
    (GET + b"X: " + b"a" * 17_000 + b"\r\n\r\n", 431),
    (GET + b"".join(b"X%d: y\r\n" % number for number in range(2_000)) + b"\r\n", 431),
    (GET + b"Content-Length: 9000\r\n\r\n" + b"a" * 9000, 413),
    (GET + b"Transfer-Encoding: chunked\r\n\r\n4000\r\n" + b"a" * 0x4000 + b"\r\n0\r\n\r\n", 413),
    (b"POST /openapi.json HTTP/1.1\r\nHost: tally\r\nContent-Length: 2\r\n\r\nab", 405),
    (b"TRACE /openapi.json HTTP/1.1\r\nHost: tally\r\n\r\n", 405),
    (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: tally\r\n\r\n", 400),
], ids=lambda value: value[:60].decode("latin-1") if isinstance(value, bytes) else str(value))
def test_what_is_no_request_is_refused_and_ends_the_connection(tallyd, sent, status):
    with connect(tallyd) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        answer = read_to_end(connection)     # by idling out where the connection may go on
    assert statuses(answer) == [status], answer[:300]
    assert b"application/problem+json" in answer
    with connect(tallyd) as connection:
        connection.sendall(GOOD)
        assert statuses(read_to_end(connection)) == [200]


def test_nothing_follows_a_request_that_could_be_read_in_two_ways(tallyd):
    sent = GET + b"Transfer-Encoding: xchunked\r\n\r\n" + GOOD
    with connect(tallyd) as connection:
        connection.sendall(sent)
        assert statuses(read_to_end(connection)) == [400]


def test_who_dribbles_is_cut_off_however_long_it_goes_on(tallyd):
    """They send another byte whenever nothing has come for a while, until tallyd ends it."""
    beginnings = {b"": [], b"GET": [408], GET: [408], GET + b"Content-Length: 8000\r\n\r\n": [408]}
    deadline = harness.Deadline(2 * harness.WAIT_SECONDS_MAX)
    with contextlib.ExitStack() as stack:
        answers = {}
        for begin in beginnings:
            connection = stack.enter_context(connect(tallyd))
            connection.sendall(begin)
            answers[connection] = (begin, b"")
        waiting = set(answers)
        while waiting:
            assert not deadline.passed(), [answers[each] for each in waiting]
            readable, _, _ = select.select(list(waiting), [], [], 0.5)
            for connection in readable or list(waiting):
                begin, got = answers[connection]
                try:
                    if connection not in readable:
                        if begin:
                            connection.sendall(b"a")
                        continue
                    part = connection.recv(65536)
                except ConnectionError:
                    part = b""
                answers[connection] = (begin, got + part)
                if not part:
                    waiting.discard(connection)
    for begin, got in answers.values():
        assert statuses(got) == beginnings[begin], (begin, got)


def test_a_connection_has_a_last_request(tallyd):
    host, _, port = tallyd.http.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=harness.WAIT_SECONDS_MAX)
    ends = 0
    for _ in range(10_001):
        connection.request("HEAD", "/nope")
        response = connection.getresponse()
        response.read()
        ends += response.getheader("Connection") == "close"
    connection.close()
    assert ends == 1


def test_requests_are_counted_by_route_and_code_never_by_id(tallyd):
    before = tallyd.metric("tally_http_requests_total", route=ROUTE, code="404") or 0
    for number in range(5):
        assert tallyd.get(harness.event_path(f"secret-{number}")).status == 404
    assert tallyd.metric("tally_http_requests_total", route=ROUTE, code="404") == before + 5
    assert tallyd.metric("tally_http_request_duration_seconds_count", route=ROUTE) >= 5
    text = harness.http_get(tallyd.admin, "/metrics").body
    assert "secret-" not in text
    routes = set(re.findall(r'tally_http_requests_total\{[^}]*route="([^"]*)"', text))
    assert all(route.count("{") == 1 or not route.startswith("/api") for route in routes), routes


def preflight(tallyd, origin, method="GET"):
    host, _, port = tallyd.http.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=harness.WAIT_SECONDS_MAX)
    connection.request("OPTIONS", harness.event_path("evt-1"), headers={
        "Origin": origin, "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, tally-min-position, if-none-match"})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}


def test_preflights_allow_who_is_on_the_list(tallyd):
    status, headers = preflight(tallyd, ORIGIN)
    assert (status, headers["access-control-allow-origin"]) == (204, ORIGIN)
    allowed = headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("authorization", "tally-min-position",
                                            "if-none-match", "traceparent"))
    assert "access-control-allow-credentials" not in headers
    for stranger in ("https://evil.example", ORIGIN + ".evil.example", ORIGIN + ":444", "null",
                     "http://shop.example"):
        assert "access-control-allow-origin" not in preflight(tallyd, stranger)[1], stranger
    exposed = tallyd.get("/openapi.json", Origin=ORIGIN).headers["Access-Control-Expose-Headers"]
    for name in ("Tally-Position", "Tally-Catching-Up", "ETag", "Retry-After"):
        assert name in exposed, exposed
