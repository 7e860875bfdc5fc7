"""Who may see what: tokens that prove something, and everything that does not."""

import json
import os
import signal
import socket
import threading
import time
import urllib.parse

import certificates
import harness
import pytest
import tokens
from harness import Deadline, event_path, tally
from tokens import bearer, token

EVENT = event_path("evt-1")
PARTS = ("", "/channels", "/roi", "/timeline")


@pytest.fixture(scope="module", name="keys")
def make_keys():
    class Keys:
        rsa = tokens.RsaKey("rsa")
        elliptic = tokens.EcKey("ec")
        secret = tokens.SecretKey("hmac", os.urandom(32))
        stranger = tokens.RsaKey("rsa")          # another key under a known name
    return Keys


def start(tmp_path, jwks, *flags, **more):
    return harness.Tallyd("--embedded", "--auth", "jwt", "--auth-jwks", jwks,
                          "--auth-issuer", tokens.ISSUER, "--auth-audience", tokens.AUDIENCE,
                          *flags, data_dir=tmp_path / "data",
                          ready_file=tmp_path / "ready.json", **more)


def load(tallyd, *lines):
    """The sample data and more records; returns once they are visible."""
    brokers = tallyd.wait_ready().listening["brokers"]
    reports = [tally("load-sample", "--brokers", brokers, "--json"),
               tally("load", "-", "--brokers", brokers, "--json",
                     stdin="".join(json.dumps(line) + "\n" for line in lines))]
    positions = [json.loads(report.stdout)["position"] for report in reports]
    return ",".join(position for position in positions if position)


@pytest.fixture(scope="module", name="tallyd")
def run_tallyd(keys, tmp_path_factory):
    """One tallyd with keys in a file, for everything that does not change them."""
    folder = tmp_path_factory.mktemp("auth")
    path = folder / "jwks.json"
    path.write_text(tokens.jwks(keys.rsa, keys.elliptic, keys.secret))
    with start(folder, path) as running:
        position = load(running, {"topic": "sample.event.created", "key": "a/b", "value":
                                  harness.event_created("a/b", "user-1")})
        operator = bearer(token(keys.rsa, roles=["operator"]))
        for event in ("evt-1", "evt-2", "evt-3", "a/b"):
            wait(running, event_path(event), 200, {"Tally-Min-Position": position, **operator})
        yield running
        log = running.output()
        assert "eyJ" not in log, "tokens have no place in the log"


def ask(tallyd, path, headers=None):
    return harness.http_get(tallyd.http, path, headers)


def wait(tallyd, path, status, headers):
    """Asks until this is the status; the answer."""
    deadline = Deadline()
    while True:
        answer = ask(tallyd, path, headers)
        if answer.status == status:
            return answer
        assert tallyd.running() and not deadline.passed(), f"{answer!r}\n{tallyd.output()}"
        tallyd.pause()


def raw(tallyd, request):
    """The whole answer to these bytes; the connection ends with it."""
    host, _, port = tallyd.http.rpartition(":")
    with socket.create_connection((host, int(port)), harness.WAIT_SECONDS_MAX) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def shape(answer):
    """What a client could tell answers apart by; only the time is left out."""
    return answer.status, sorted((name, value) for name, value in answer.headers.items()
                                 if name != "Date"), answer.body


def check_refused(answer, error=None):
    """A 401 that says how to do it right, and nothing else."""
    assert answer.status == 401, answer
    problem = answer.json()
    assert problem["code"] == "unauthenticated" and problem["errors"] == []
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="tally"')
    assert (f'error="{error}"' in challenge) if error else "error=" not in challenge
    for secret in ("rsa", "hmac", "RS256", "HS256", tokens.ISSUER, "user-", "evt-", "kid", "key"):
        assert secret not in answer.body + challenge, answer
    for name in ("Tally-Position", "ETag", "Tally-Catching-Up"):
        assert name not in answer.headers


# --- Who is let in ----------------------------------------------------------------------------


def test_each_kind_of_key_lets_its_user_in(tallyd, keys):
    for key in (keys.rsa, keys.elliptic, keys.secret):
        for part in PARTS:
            answer = ask(tallyd, EVENT + part, bearer(token(key)))
            assert answer.status == 200, answer
            answer = ask(tallyd, "/api/v1/users/user-1/analytics" + part, bearer(token(key)))
            assert answer.status == 200, answer
    assert ask(tallyd, EVENT, bearer(token(keys.rsa))).json()["summary"]["participants"] == 100


@pytest.mark.parametrize("accepted", [
    {"aud": ["other", tokens.AUDIENCE]},
    {"nbf": 0},
    {"exp": 4102444800.5},
    {"header": {"kid": None}},
    {"header": {"typ": None}},
    {"roles": ["viewer"]},
    {"roles": "operators and others"},
    {"roles": {"operator": True}},
    {"roles": ["operator"], "sub": None},
    {"roles": "viewer operator", "sub": "somebody"},
], ids=str)
def test_what_a_good_token_may_look_like(tallyd, keys, accepted):
    assert ask(tallyd, EVENT, bearer(token(keys.rsa, **accepted))).status == 200
    others = ask(tallyd, event_path("evt-3"), bearer(token(keys.rsa, **accepted)))
    operator = accepted.get("roles") in (["operator"], "viewer operator")
    assert others.status == (200 if operator else 404)


def test_the_scheme_is_case_insensitive_and_spaces_do_not_matter(tallyd, keys):
    for scheme in ("bearer ", "BEARER  ", "Bearer   "):
        answer = ask(tallyd, EVENT, {"Authorization": scheme + token(keys.rsa) + " "})
        assert answer.status == 200, scheme


def test_an_answer_and_its_tag_are_the_same_for_all_who_see_it(tallyd, keys):
    mine = ask(tallyd, EVENT, bearer(token(keys.rsa)))
    operators = ask(tallyd, EVENT, bearer(token(keys.rsa, roles=["operator"])))
    assert shape(mine) == shape(operators)
    unchanged = ask(tallyd, EVENT, {**bearer(token(keys.rsa)), "If-None-Match":
                                    mine.headers["ETag"]})
    assert unchanged.status == 304


# --- Who is not -------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {}, {"Authorization": ""}, {"Authorization": "Basic dXNlcjpwYXNz"},
    {"Authorization": "Digest username=x"}, {"X-Authorization": "Bearer x"},
    {"Cookie": "Authorization=Bearer x"},
], ids=str)
def test_without_a_token_nobody_is_told_anything(tallyd, headers):
    first = ask(tallyd, EVENT, headers)
    check_refused(first)
    for path in (event_path("nobody's"), event_path("evt-3", "/roi?page=-1&nonsense"),
                 "/api/v1/users/%FF/analytics", "/api/v1/users/user-1/analytics?size=0"):
        answer = ask(tallyd, path, {**headers, "Tally-Min-Position": "not a position",
                                    "Accept": "image/png"})
        assert shape(answer) == shape(first), path


def forgeries(keys):
    """(name, token) of tokens that prove nothing."""
    none = {"alg": "none"}
    yield "alg none, unsigned", token(keys.rsa, none, b"")
    yield "alg none, signed", token(keys.rsa, none)
    for spelled in ("None", "NONE", "nOnE", "", " none"):
        yield f"alg {spelled!r}", token(keys.rsa, {"alg": spelled}, b"x")
    yield "no alg", token(keys.rsa, {"alg": None})
    yield "alg is no text", token(keys.rsa, {"alg": 256})
    yield "alg is a list", token(keys.rsa, {"alg": ["RS256"]})
    for public in keys.rsa.public_forms():
        forger = tokens.SecretKey("rsa", public)
        yield f"the public key as secret: {public[:20]}", token(forger)
        yield "the same without kid", token(forger, {"kid": None})
    yield "HS256 by the name of the RSA key", token(keys.secret, {"kid": "rsa"})
    yield "RS256 by the name of the secret", token(keys.rsa, {"kid": "hmac"})
    yield "ES256 by the name of the RSA key", token(keys.elliptic, {"kid": "rsa"})
    for other in ("RS384", "RS512", "PS256", "HS512", "ES384", "rs256", "EdDSA"):
        yield f"alg {other}", token(keys.rsa, {"alg": other})
    yield "another key under a known name", token(keys.stranger)
    yield "unknown kid", token(keys.stranger, {"kid": "nobody"})
    yield "unknown kid, good key", token(keys.rsa, {"kid": "rsa2"})
    yield "empty kid", token(keys.rsa, {"kid": ""})
    yield "kid is no text", token(keys.rsa, {"kid": 1})
    yield "kid null", tokens.b64_json({"alg": "RS256", "kid": None}) + token(keys.rsa)[
        token(keys.rsa).index("."):]
    yield "kid is a path", token(keys.secret, {"kid": "../../../dev/null"})
    yield "its own key in the header", token(keys.stranger, {"jwk": keys.stranger.public()})
    yield "its own key's address", token(keys.stranger, {"jku": "https://evil.example/k"})
    yield "crit", token(keys.rsa, {"crit": ["exp"]})
    yield "empty crit", token(keys.rsa, {"crit": []})
    yield "b64", token(keys.rsa, {"crit": ["b64"], "b64": False})
    yield "an empty signature", token(keys.rsa, None, b"")
    yield "a short HMAC", token(keys.secret, None, b"\0")
    yield "a long HMAC", token(keys.secret, None, b"\0" * 33)
    for size in (1, 63, 64, 65, 128):
        yield f"zeros as ECDSA, {size}", token(keys.elliptic, None, b"\0" * size)
    good = token(keys.rsa)
    header, body, signature = good.split(".")
    changed = tokens.b64_json(tokens.claims(sub="user-1", roles=["operator"]))
    yield "other claims", f"{header}.{changed}.{signature}"
    yield "another header", f"{tokens.b64_json({'alg': 'RS256'})}.{body}.{signature}"


def malformed(keys):
    good = token(keys.rsa)
    header, body, signature = good.split(".")
    for size in (0, 1, len(header), len(header) + 1, len(good) // 2, len(good) - 1):
        yield f"cut to {size}", good[:size] or "."
    yield "a part too many", good + "."
    yield "five parts", good + ".x.y"
    yield "dots", ".."
    yield "no signature", f"{header}.{body}"
    yield "padding", f"{header}.{body}.{signature}=="
    yield "space", f"{header}. {body}.{signature}"
    yield "two of them", f"{good}, Bearer {good}"
    yield "quotes", f'"{good}"'
    yield "garbage", "\xff\xfe\xfd"
    yield "no base64", f"{header}.{body}.!!!!"
    yield "standard base64", f"{header}.{body}.++++////"
    for name, payload in (("text", b"hello"), ("list", b"[]"), ("null", b"null"), ("empty", b""),
                          ("no UTF-8", b'{"sub":"\xff"}'), ("cut JSON", b'{"sub":"user-1"'),
                          ("deep", b'{"a":' * 900 + b"1" + b"}" * 900)):
        yield f"claims: {name}", token(keys.rsa, payload=payload)
    twice = json.dumps(tokens.claims())[:-1].encode() + b',"sub":"user-2"}'
    yield "a claim that stands twice", token(keys.rsa, payload=twice)
    yield "NUL in the user", token(keys.rsa, sub="user-1\0")
    yield "over the limit", token(keys.rsa, filler="x" * 9000)


def wrong_claims():
    now = int(time.time())
    yield {"iss": "https://other.example"}
    yield {"iss": tokens.ISSUER + "/"}
    yield {"iss": [tokens.ISSUER]}
    yield {"iss": None}
    yield {"aud": "other"}
    yield {"aud": []}
    yield {"aud": ["other", "tally2"]}
    yield {"aud": {"tally": 1}}
    yield {"aud": None}
    yield {"exp": None}
    yield {"exp": str(now + 600)}
    yield {"exp": -1}
    yield {"exp": True}
    yield {"exp": 1e300}
    yield {"nbf": now + 600}
    yield {"nbf": "0"}
    yield {"sub": None}
    yield {"sub": ""}
    yield {"sub": 1}
    yield {"sub": ["user-1"]}
    yield {"sub": "x" * 257}
    yield {"sub": "user\n1"}


def test_a_token_that_proves_nothing_is_refused_and_all_refusals_are_one(tallyd, keys):
    cases = [*forgeries(keys), *malformed(keys),
             *((str(wrong), token(keys.rsa, **wrong)) for wrong in wrong_claims())]
    assert len(cases) > 80
    first = None
    for name, bad in cases:
        answer = ask(tallyd, EVENT, {"Authorization": f"Bearer {bad}".encode("latin-1")})
        assert answer.status == 401, f"{name}: {answer!r}"
        check_refused(answer, "invalid_token")
        first = first or answer
        assert shape(answer) == shape(first), name
    # Tried again: nothing of it was remembered as good.
    for name, bad in cases[:5]:
        assert ask(tallyd, EVENT, bearer(bad)).status == 401, name
    assert ask(tallyd, EVENT, bearer(token(keys.rsa))).status == 200


def test_an_expired_token_is_told_so_only_if_it_was_good(tallyd, keys):
    past = int(time.time()) - 600
    answer = ask(tallyd, EVENT, bearer(token(keys.rsa, exp=past)))
    check_refused(answer, "invalid_token")
    assert "expired" in answer.json()["detail"]
    for forged in (token(keys.stranger, exp=past), token(keys.rsa, exp=past, aud="other")):
        answer = ask(tallyd, EVENT, bearer(forged))
        check_refused(answer, "invalid_token")
        assert "expired" not in answer.body + answer.headers["WWW-Authenticate"]


def test_a_token_that_was_accepted_is_refused_once_it_has_expired(tallyd, keys):
    leeway = 30
    short = token(keys.rsa, exp=int(time.time()) - leeway + 3)
    assert ask(tallyd, EVENT, bearer(short)).status == 200
    check_refused(wait(tallyd, EVENT, 401, bearer(short)), "invalid_token")


def test_a_huge_token_and_two_headers_are_refused(tallyd, keys):
    good = token(keys.rsa)
    head = f"GET {EVENT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    for first, second in ((good, good), (good, "x"), ("x", good)):
        answer = raw(tallyd, (f"{head}Authorization: Bearer {first}\r\nauthorization: Bearer "
                              f"{second}\r\n\r\n").encode())
        assert answer.startswith(b"HTTP/1.1 401 "), answer
        assert b'error="invalid_request"' in answer and b"evt-1" not in answer
    huge = raw(tallyd, f"{head}Authorization: Bearer {'x' * 60_000}\r\n\r\n".encode())
    assert huge.startswith(b"HTTP/1.1 431 "), huge[:200]


# --- Others' data -----------------------------------------------------------------------------


def same_as_unknown(tallyd, headers, foreign, unknown, template):
    """Byte for byte, but for the id itself, which is chosen of the same length."""
    assert len(foreign) == len(unknown)
    first = ask(tallyd, template.format(foreign), headers)
    second = ask(tallyd, template.format(unknown), headers)
    assert first.status == 404, first
    assert shape(second) == (404, *shape(first)[1:2], first.body.replace(foreign, unknown))


def unknown_in_the_shard_of(event):
    """An id of nothing, of five bytes: positions are of shards."""
    wanted = harness.murmur2_partition(event.encode(), 12)
    return next(name for name in (f"x{number:04}" for number in range(1000))
                if harness.murmur2_partition(name.encode(), 12) == wanted)


@pytest.mark.parametrize("part", [*PARTS, "?startDate=2026-01-01&endDate=2026-02-01",
                                  "/timeline?interval=hourly", "/channels?channel=SNS"])
def test_another_users_event_is_as_unknown_as_one_that_does_not_exist(tallyd, keys, part):
    mine = bearer(token(keys.rsa))
    unknown = unknown_in_the_shard_of("evt-3")
    template = "/api/v1/events/{}/analytics" + part
    same_as_unknown(tallyd, mine, "evt-3", unknown, template)

    operator = bearer(token(keys.rsa, roles=["operator"]))
    tag = ask(tallyd, template.format("evt-3"), operator).headers["ETag"]
    for tags in (tag, "*", f'"x", {tag}'):
        same_as_unknown(tallyd, {**mine, "If-None-Match": tags}, "evt-3", unknown, template)
    same_as_unknown(tallyd, {**mine, "Tally-Min-Position": "sample.event.created/0@0"}, "evt-3",
                    unknown, template)


@pytest.mark.parametrize("part", PARTS)
def test_another_users_dashboard_is_as_unknown_as_one_of_nobody(tallyd, keys, part):
    mine = bearer(token(keys.rsa))
    template = "/api/v1/users/{}/analytics" + part
    same_as_unknown(tallyd, mine, "user-2", "user-9", template)
    operator = bearer(token(keys.rsa, roles=["operator"]))
    tag = ask(tallyd, template.format("user-2"), operator).headers["ETag"]
    same_as_unknown(tallyd, {**mine, "If-None-Match": tag}, "user-2", "user-9", template)


def test_bad_parameters_are_answered_alike_for_all_ids(tallyd, keys):
    mine = bearer(token(keys.rsa))
    answers = [ask(tallyd, event_path(event, "?startDate=x"), mine)
               for event in ("evt-1", "evt-3", "evt-9")]
    assert answers[0].status == 400
    assert shape(answers[0]) == shape(answers[1]) == shape(answers[2])


def test_head_is_no_way_around(tallyd, keys):
    for event in ("evt-3", "evt-9"):
        answer = raw(tallyd, f"HEAD {event_path(event)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                             f"Authorization: Bearer {token(keys.rsa)}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 404 ")


# --- Paths ------------------------------------------------------------------------------------

TRICKS = [
    "/api/v1/events/evt-1/../evt-3/analytics",
    "/api/v1/events/../events/evt-3/analytics",
    "/api/v1/users/user-1/../../events/evt-3/analytics",
    "/api/v1/events/./evt-3/analytics",
    "/api/v1/events//evt-3/analytics",
    "//api/v1/events/evt-3/analytics",
    "/api/v1/events/evt-3/analytics/",
    "/api/v1/events/evt-1;x=/evt-3/analytics",
    "/api/v1/events/evt-1%2F..%2Fevt-3/analytics",
    "/api/v1/events/..%2Fevents%2Fevt-3/analytics",
    "/api/v1/events/%2e%2e%2fevt-3/analytics",
    "/api/v1/events/evt%252D3/analytics",
    "/api/v1/events/%65vt-3/analytics",
    "/api/v1/events/evt-3%00/analytics",
    "/api/v1/events/evt-1%00evt-3/analytics",
    "/api/v1/events/evt%C0%AD3/analytics",       # overlong "-"
    "/api/v1/events/evt%E0%80%AD3/analytics",
    "/api/v1/events/evt%ED%A0%803/analytics",    # surrogate
    "/api/v1/events/evt%u002D3/analytics",
    "/api/v1/events/evt-3%/analytics",
    "/api/v1/events/evt-3%0d%0aX:1/analytics",
    "/API/v1/events/evt-3/analytics",
    "/api/v1/events/evt-3/analytics%2Froi",
    "/api/v1/events/evt-3/analytics?userId=user-2&eventId=evt-1",
    "/api/v1/events/evt-3/analytics?access_token=TOKEN",
    "/api/v1/events/%EF%BD%85vt-3/analytics",    # full-width e
    "/\\api/v1/events/evt-3/analytics",
]


@pytest.mark.parametrize("path", TRICKS)
def test_path_tricks_reach_nothing(tallyd, keys, path):
    line = path.replace("TOKEN", token(keys.rsa, roles=["operator"]))
    for authorization in (f"Authorization: Bearer {token(keys.rsa)}\r\n", ""):
        answer = raw(tallyd, f"GET {line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                             f"{authorization}\r\n".encode())
        assert int(answer.split()[1]) in ((400, 404) if authorization else (400, 401, 404)), answer
        assert b'"participants"' not in answer and "겨울".encode() not in answer


def test_an_encoded_slash_inside_an_id_is_part_of_it(tallyd, keys):
    path = "/api/v1/events/a%2Fb/analytics"
    assert ask(tallyd, path, bearer(token(keys.rsa))).json()["eventId"] == "a/b"
    assert ask(tallyd, path, bearer(token(keys.rsa, sub="user-2"))).status == 404
    check_refused(ask(tallyd, path))


# --- What is open -----------------------------------------------------------------------------


def test_probes_and_metrics_are_on_the_admin_listener_only(tallyd):
    assert tallyd.admin != tallyd.http
    for path in ("/livez", "/readyz", "/metrics"):
        assert ask(tallyd, path).status == 404
        assert harness.http_get(tallyd.admin, path).status == 200
    assert harness.http_get(tallyd.admin, EVENT).status == 404
    assert ask(tallyd, "/openapi.json").status == 200


def test_refusals_are_counted_by_what_was_wrong(tallyd, keys):
    before = tallyd.metric("tally_auth_refused_total", reason="audience")
    ask(tallyd, EVENT, bearer(token(keys.rsa, aud="other")))
    assert tallyd.metric("tally_auth_refused_total", reason="audience") == before + 1
    good = token(keys.rsa)
    ask(tallyd, EVENT, bearer(good))
    cached = tallyd.metric("tally_auth_accepted_total", cached="true")
    ask(tallyd, EVENT, bearer(good))
    assert tallyd.metric("tally_auth_accepted_total", cached="true") == cached + 1
    assert tallyd.metric("tally_auth_keys") == 3


def test_the_tally_command_sends_a_token(tallyd, keys, tmp_path):
    server = ("--server", f"http://{tallyd.http}")
    file = tmp_path / "token"
    file.write_text(token(keys.rsa) + "\n")
    assert "100" in tally("get", "event", "evt-1", *server, "--token-file", file).stdout
    environment = {"TALLY_TOKEN": token(keys.rsa)}
    assert tally("get", "event", "evt-1", *server, env=environment).returncode == 0
    refused = tally("get", "event", "evt-1", *server, check=False)
    assert refused.returncode == 1 and "--token-file" in refused.stderr


def test_the_tally_command_sends_it_only_to_who_proves_to_be_tallyd(keys, tmp_path):
    jwks = tmp_path / "jwks.json"
    jwks.write_text(tokens.jwks(keys.rsa))
    cert, key = certificates.self_signed(tmp_path, "127.0.0.1")
    other, _ = certificates.self_signed(tmp_path, "127.0.0.2")
    sent = {"TALLY_TOKEN": token(keys.rsa)}
    with start(tmp_path, jwks, "--tls-cert", cert, "--tls-key", key) as tallyd:
        tallyd.wait_ready()
        server = ("--server", f"https://{tallyd.http}")
        report = tally("load-sample", "--brokers", tallyd.listening["brokers"], "--json").stdout
        position = json.loads(report)["position"]
        shown = tally("get", "event", "evt-1", *server, "--ca-file", cert, "--min-position",
                      position, "--timeout", "60", env=sent)
        assert "100" in shown.stdout
        for flags, says in (((), "--ca-file"), (("--ca-file", other), "--ca-file"),
                            (("--ca-file", jwks), "not a PEM file")):
            refused = tally("get", "event", "evt-1", *server, *flags, check=False, env=sent)
            assert refused.returncode != 0 and says in refused.stderr, refused.stderr
        by_name = f"https://localhost:{tallyd.http.rpartition(':')[2]}"
        refused = tally("get", "event", "evt-1", "--server", by_name, "--ca-file", cert,
                        check=False, env=sent)
        assert refused.returncode != 0 and "does not prove" in refused.stderr, refused.stderr
        assert tallyd.metric("tally_auth_accepted_total") == 1


# --- Keys that change -------------------------------------------------------------------------


def replace(path, text):
    """As an editor or Kubernetes does it: all at once."""
    partial = path.with_suffix(".new")
    partial.write_text(text)
    partial.rename(path)


def test_keys_in_a_file_are_read_again_and_bad_files_are_not(keys, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(tokens.jwks(keys.rsa))
    old, new = (bearer(token(key)) for key in (keys.rsa, keys.elliptic))
    with start(tmp_path, path) as tallyd:
        tallyd.wait_ready()
        assert ask(tallyd, EVENT, old).status == 404
        assert ask(tallyd, EVENT, new).status == 401
        replace(path, tokens.jwks(keys.rsa, keys.elliptic))
        wait(tallyd, EVENT, 404, new)
        assert ask(tallyd, EVENT, old).status == 404

        for bad in ("", "{", "[]", '{"keys":[]}', tokens.jwks({"kty": "RSA"}), "x" * 300_000):
            failed = tallyd.metric("tally_auth_key_refreshes_total", result="failed")
            replace(path, bad)
            tallyd.signal(signal.SIGHUP)
            deadline = Deadline()
            while tallyd.metric("tally_auth_key_refreshes_total", result="failed") == failed:
                assert not deadline.passed(), tallyd.output()
                tallyd.pause()
            assert ask(tallyd, EVENT, old).status == 404
        tallyd.wait_for_output("token keys cannot be refreshed.*jwks.json")

        # A key that went away lets nobody in any more, remembered tokens included.
        replace(path, tokens.jwks(keys.elliptic))
        tallyd.signal(signal.SIGHUP)
        check_refused(wait(tallyd, EVENT, 401, old), "invalid_token")
        assert ask(tallyd, EVENT, new).status == 404
        assert tallyd.stop() == 0


class Issuer:
    """Serves a JWKS on loopback, or what `answer` makes of it."""

    def __init__(self, jwks):
        self.body = jwks.encode()
        self.behaviour = "good"
        self.requests = 0
        self.held = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/keys?secret=1"
        self.changed = threading.Condition()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(harness.WAIT_SECONDS_MAX)
            try:
                self.answer(connection)
            except OSError:
                pass
            with self.changed:
                self.requests += 1
                self.changed.notify_all()

    def answer(self, connection):
        if self.behaviour != "hang before":
            connection.recv(65536)
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
        if self.behaviour.startswith("hang"):
            self.held.append(connection)
            return
        if self.behaviour == "endless":
            connection.sendall(head + b"\r\n")
            for _ in range(4096):
                connection.sendall(b"x" * 65536)
        elif self.behaviour == "huge":
            connection.sendall(head + b"Content-Length: 1000000000\r\n\r\n")
        elif self.behaviour == "redirect":
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
                               b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        elif self.behaviour == "error":
            connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            body = b"<html>" if self.behaviour == "garbage" else self.body
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        connection.close()

    def wait_asked(self):
        """Until it was asked once more."""
        with self.changed:
            seen = self.requests
            assert self.changed.wait_for(lambda: self.requests > seen, harness.WAIT_SECONDS_MAX)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.held:
            connection.close()


def test_keys_of_a_url_rotate_and_survive_a_bad_issuer(keys, tmp_path):
    old, new = (bearer(token(key)) for key in (keys.rsa, keys.elliptic))
    with Issuer(tokens.jwks(keys.rsa)) as issuer, \
            start(tmp_path, issuer.url, "--auth-jwks-refresh-ms", "1000") as tallyd:
        tallyd.wait_ready()
        wait(tallyd, EVENT, 404, old)
        issuer.body = tokens.jwks(keys.rsa, keys.elliptic).encode()
        wait(tallyd, EVENT, 404, new)
        for behaviour in ("garbage", "error", "huge", "endless", "redirect", "hang"):
            issuer.behaviour = behaviour
            failed = tallyd.metric("tally_auth_key_refreshes_total", result="failed")
            issuer.wait_asked()
            if behaviour != "hang":
                deadline = Deadline()
                while tallyd.metric("tally_auth_key_refreshes_total", result="failed") == failed:
                    assert not deadline.passed(), tallyd.output()
                    tallyd.pause()
            assert ask(tallyd, EVENT, old).status == 404, behaviour
            assert ask(tallyd, EVENT, new).status == 404, behaviour
        assert "secret=1" not in tallyd.output()
        # While the issuer hangs, too.
        assert tallyd.stop() == 0


def test_until_the_keys_are_there_tokens_are_neither_good_nor_bad(keys, tmp_path):
    with Issuer(tokens.jwks(keys.rsa)) as issuer:
        issuer.behaviour = "error"
        with start(tmp_path, issuer.url, "--auth-jwks-refresh-ms", "1000") as tallyd:
            tallyd.wait_ready()
            answer = ask(tallyd, EVENT, bearer(token(keys.rsa)))
            assert answer.status == 503 and "Retry-After" in answer.headers, answer
            check_refused(ask(tallyd, EVENT))
            issuer.behaviour = "good"
            wait(tallyd, EVENT, 404, bearer(token(keys.rsa)))


def test_an_unknown_kid_asks_the_issuer_again_but_not_each_time(keys, tmp_path):
    with Issuer(tokens.jwks(keys.rsa)) as issuer, \
            start(tmp_path, issuer.url, "--auth-jwks-refresh-ms", "3600000") as tallyd:
        tallyd.wait_ready()
        wait(tallyd, EVENT, 404, bearer(token(keys.rsa)))
        issuer.body = tokens.jwks(keys.elliptic).encode()
        for number in range(300):
            check_refused(ask(tallyd, EVENT, bearer(token(
                keys.secret, {"kid": f"made up {number}"}))), "invalid_token")
        # Within the minimum interval there was no second request; after it, one.
        assert issuer.requests <= 2
        wait(tallyd, EVENT, 404, bearer(token(keys.elliptic)))
        assert issuer.requests == 2
        check_refused(ask(tallyd, EVENT, bearer(token(keys.rsa))), "invalid_token")


# --- Starting ---------------------------------------------------------------------------------

JWT = ("--auth=jwt", "--auth-jwks=FILE", "--auth-issuer=i", "--auth-audience=a")


@pytest.mark.parametrize("flags, code, says", [
    (("--auth=basic",), 2, "--auth"),
    (("--auth=jwt",), 2, "--auth-jwks"),
    (("--auth=jwt", "--auth-jwks=FILE", "--auth-audience=a"), 2, "--auth-issuer"),
    (("--auth=jwt", "--auth-jwks=FILE", "--auth-issuer=i"), 2, "--auth-audience"),
    (("--auth-jwks=FILE",), 2, "--auth=jwt"),
    (("--auth=none", "--auth-issuer=i"), 2, "--auth=jwt"),
    ((*JWT, "--allow-anonymous"), 2, "contradict"),
    ((*JWT, "--auth-user-claim="), 2, "--auth-user-claim"),
    ((*JWT, "--admin-listen=127.0.0.1:1", "--http-listen=127.0.0.1:1"), 2,  # never bound
     "address of their own"),
    (("--http-listen=0.0.0.0:0",), 2, "--auth"),
    ((*JWT, "--auth-jwks=http://issuer.example/keys"), 1, "--auth-jwks-allow-http"),
    ((*JWT, "--auth-jwks=ftp://issuer.example/keys"), 1, "only https"),
    ((*JWT, "--auth-jwks=https://"), 1, "not a URL"),
    ((*JWT, "--auth-jwks=MISSING"), 1, "MISSING"),
], ids=str)
def test_what_cannot_work_is_refused_with_the_remedy(keys, tmp_path, flags, code, says):
    path = tmp_path / "jwks.json"
    path.write_text(tokens.jwks(keys.rsa))
    named = {}
    for flag in flags:       # the last of the same name
        named[flag.partition("=")[0]] = flag.replace("FILE", str(path)).replace(
            "MISSING", str(tmp_path / "MISSING"))
    with harness.Process([harness.TALLYD, "--embedded", *named.values()]) as process:
        assert process.exit_code() == code, process.output()
        assert says in process.output()


@pytest.mark.parametrize("bad, says", [
    ("", "not a JWKS"), ("[]", "not a JWKS"), ('{"keys": []}', "no key"),
    (tokens.jwks({"kty": "RSA", "n": "AQAB", "e": "AQAB"}), "2048"),
    (tokens.jwks({"kty": "oct", "k": "c2hvcnQ"}), "256"),
    (tokens.jwks({"kty": "OKP", "crv": "Ed25519", "x": "AA"}), "OKP"),
])
def test_a_file_without_a_usable_key_is_refused_on_start(tmp_path, bad, says):
    path = tmp_path / "jwks.json"
    path.write_text(bad)
    with start(tmp_path, path) as process:
        assert process.exit_code() == 1
        assert says in process.output() and "--auth-jwks" in process.output()


def test_with_auth_it_may_listen_beyond_loopback(keys, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(tokens.jwks(keys.rsa))
    with start(tmp_path, path, "--http-listen", "0.0.0.0:0", "--admin-listen",
               "0.0.0.0:0") as tallyd:
        port = tallyd.http.rpartition(":")[2]
        check_refused(harness.http_get(f"127.0.0.1:{port}", EVENT))


def test_pages_of_other_origins_ask_first_without_a_token_and_can_read_refusals(keys, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(tokens.jwks(keys.rsa))
    origin = "https://shop.example"
    with start(tmp_path, path, "--cors-origin", origin) as tallyd:
        host = f"Host: x\r\nConnection: close\r\nOrigin: {origin}\r\n"
        preflight = (f"OPTIONS {EVENT} HTTP/1.1\r\n{host}Access-Control-Request-Method: GET\r\n"
                     "Access-Control-Request-Headers: authorization\r\n\r\n")
        answer = raw(tallyd, preflight.encode()).decode()
        assert answer.startswith("HTTP/1.1 204 ") and f"Allow-Origin: {origin}" in answer
        stranger = raw(tallyd, preflight.replace(origin, "https://evil.example").encode())
        assert b"Allow-Origin" not in stranger
        refused = ask(tallyd, EVENT, {"Origin": origin})
        check_refused(refused)
        assert refused.headers["Access-Control-Allow-Origin"] == origin


def test_claims_by_other_names(keys, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(tokens.jwks(keys.rsa))
    with start(tmp_path, path, "--auth-user-claim", "https://shop.example/user",
               "--auth-role-claim", "realm_access.roles", "--auth-operator-role",
               "admin") as tallyd:
        position = load(tallyd)
        operator = bearer(token(keys.rsa, sub=None, realm_access={"roles": ["admin"]}))
        wait(tallyd, EVENT, 200, {**operator, "Tally-Min-Position": position})
        named = {"https://shop.example/user": "user-1"}
        assert ask(tallyd, EVENT, bearer(token(keys.rsa, sub="user-2", **named))).status == 200
        assert ask(tallyd, event_path("evt-3"), bearer(token(keys.rsa, **named))).status == 404
        check_refused(ask(tallyd, EVENT, bearer(token(keys.rsa))), "invalid_token")
        plain = bearer(token(keys.rsa, sub=None, roles=["operator", "admin"]))
        check_refused(ask(tallyd, EVENT, plain), "invalid_token")
