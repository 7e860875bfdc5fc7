"""Is /openapi.json true? schemathesis makes requests of it, good and bad, and holds the answers of a
live tallyd against it. It should find nothing."""

import json
import os
import pathlib
import subprocess

import harness
import pytest
import virtual_environment
from harness import tally

FOLDER = pathlib.Path(__file__).parent / "openapi"
SEED = 20260101
REQUESTS_MAX = 150          # an operation, in each phase
RUN_SECONDS_MAX = 600


@pytest.fixture(name="tallyd")
def _tallyd(tmp_path):
    with harness.Tallyd("--embedded", "--position-wait-ms", "200", data_dir=tmp_path / "data",
                        ready_file=tmp_path / "ready.json") as running:
        running.wait_ready()
        report = tally("load-sample", "--brokers", running.listening["brokers"], "--json")
        running.sample = json.loads(report.stdout)["position"]
        yield running


def reached(tallyd):
    """Positions of every kind that the server has reached."""
    event = tallyd.event("evt-1", tallyd.sample).headers["Tally-Position"]
    user = tallyd.user("user-1", tallyd.sample).headers["Tally-Position"]
    return ";".join([event, user, f"{event}, {user}", tallyd.sample, f"{user},{tallyd.sample}"])


def test_schemathesis_finds_nothing(tallyd, tmp_path):
    programs = virtual_environment.make(FOLDER / "requirements.txt")
    done = subprocess.run(
        [programs / "schemathesis", "--config-file", FOLDER / "schemathesis.toml", "run",
         f"http://{tallyd.http}/openapi.json", "--checks", "all", "--seed", str(SEED),
         "--max-examples", str(REQUESTS_MAX), "--continue-on-failure", "--no-color"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=RUN_SECONDS_MAX,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(FOLDER),
             "TALLY_TEST_POSITIONS": reached(tallyd)})
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{tallyd.output()}"
    assert "generated" in done.stdout, done.stdout
    assert tallyd.running(), tallyd.output()
