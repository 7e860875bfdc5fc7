"""Is /openapi.json true? schemathesis makes requests of it, good and bad, and holds the answers of a
live tallyd against it. It should find nothing."""

import contextlib
import json
import os
import pathlib
import subprocess

import harness
import pytest
import tokens
import virtual_environment
from harness import tally

FOLDER = pathlib.Path(__file__).parent / "openapi"
SEED = 20260101
REQUESTS_MAX = 60           # an operation, in each phase
TOKEN_REQUESTS_MAX = 20
RUN_SECONDS_MAX = 600


@pytest.fixture(name="start")
def _start(tmp_path):
    """start(*flags) runs a tallyd with the sample data; `sample` is the position after it."""
    with contextlib.ExitStack() as stack:

        def run(*flags):
            tallyd = stack.enter_context(harness.Tallyd(
                "--embedded", "--position-wait-ms", "200", *flags, data_dir=tmp_path / "data",
                ready_file=tmp_path / "ready.json"))
            tallyd.wait_ready()
            report = tally("load-sample", "--brokers", tallyd.listening["brokers"], "--json")
            tallyd.sample = json.loads(report.stdout)["position"]
            return tallyd

        yield run


def reached(tallyd, **headers):
    """Positions of every kind that the server has reached."""
    found = []
    for path in (harness.event_path("evt-1"), "/api/v1/users/user-1/analytics"):
        deadline = harness.Deadline()
        while (answer := tallyd.get(path, tallyd.sample, **headers)).status != 200:
            assert answer.status == 503 and not deadline.passed(), answer
            tallyd.pause()
        found.append(answer.headers["Tally-Position"])
    event, user = found
    return ";".join([event, user, f"{event}, {user}", tallyd.sample, f"{user},{tallyd.sample}"])


def run(tallyd, folder, positions, requests_max, *flags):
    programs = virtual_environment.make(FOLDER / "requirements.txt")
    done = subprocess.run(
        [programs / "schemathesis", "--config-file", FOLDER / "schemathesis.toml", "run",
         f"http://{tallyd.http}/openapi.json", "--checks", "all", "--seed", str(SEED),
         "--max-examples", str(requests_max), "--continue-on-failure", "--no-color", *flags],
        cwd=folder, capture_output=True, text=True, check=False, timeout=RUN_SECONDS_MAX,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(FOLDER),
             "TALLY_TEST_POSITIONS": positions})
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{tallyd.output()}"
    assert "generated" in done.stdout, done.stdout
    assert tallyd.running(), tallyd.output()


def test_schemathesis_finds_nothing(start, tmp_path):
    tallyd = start()
    run(tallyd, tmp_path, reached(tallyd), REQUESTS_MAX)


def test_schemathesis_finds_nothing_where_tokens_are_needed(start, tmp_path):
    key = tokens.SecretKey("hmac", os.urandom(32))
    jwks = tmp_path / "jwks.json"
    jwks.write_text(tokens.jwks(key))
    tallyd = start("--auth", "jwt", "--auth-jwks", jwks, "--auth-issuer", tokens.ISSUER,
                   "--auth-audience", tokens.AUDIENCE)
    assert tallyd.get("/openapi.json").json()["security"] == [{"bearer": []}]
    token = tokens.bearer(tokens.token(key, roles=["operator"]))
    positions = reached(tallyd, **token)
    run(tallyd, tmp_path, positions, TOKEN_REQUESTS_MAX, "--header",
        f"Authorization:{token['Authorization']}")
