"""The alarms for operators: over metrics that a live tallyd has, each with its paragraph in README."""

import re
import shutil
import subprocess

import certificates
import harness
import pytest
import tokens
from faults import bad_record, participants, send

RULES = harness.ROOT / "deploy/prometheus/tally.rules.yml"
METRIC = r"\b(?:tally|process)_\w+"
README = (harness.ROOT / "README.md").read_text("utf-8")


def rules():
    """[(alarm, its expression, its text)]"""
    text = RULES.read_text("utf-8")
    found = []
    for part in text.split("- alert: ")[1:]:
        name = part.split()[0]
        expression = re.search(r"^ +expr: (?:>-\n)?(.*?)\n +(?:for|labels):", part, re.S | re.M)[1]
        found.append((name, expression, part))
    return found


@pytest.fixture(name="exposed")
def series_of_a_live_tallyd(kafka, start, tmp_path):
    """{metric: label names}, of one with TLS, tokens and gRPC that has met what the alarms are for."""
    kafka.create_topics(config={"retention.ms": "600000000"})
    cert, key = certificates.self_signed(tmp_path, "127.0.0.1")
    keys = tmp_path / "jwks.json"
    keys.write_text(tokens.jwks(tokens.RsaKey("rsa")), "utf-8")
    plain = start("--audit-interval", "1s", name="plain").wait_ready()
    kafka.producer().send("event.created", bad_record(1), key="k")
    position = send(kafka, 0, 5)
    assert participants(plain, "evt-0", position) == 5
    secured = start("--tls-cert", cert, "--tls-key", key, "--auth", "jwt", "--auth-jwks", keys,
                    "--auth-issuer", tokens.ISSUER, "--auth-audience", tokens.AUDIENCE,
                    "--grpc-listen", "127.0.0.1:0", name="secured").wait_ready()
    wanted = {name for _, expression, _ in rules() for name in re.findall(METRIC, expression)}
    deadline, found = harness.Deadline(), {}
    while not wanted <= found.keys() and not deadline.passed():
        for tallyd in (plain, secured):
            for name, labels in tallyd.metrics():
                found.setdefault(name, set()).update(dict(labels))
        plain.pause()
    return found


def test_every_alarm_is_over_metrics_that_there_are(exposed):
    for alarm, expression, part in rules():
        metrics = set(re.findall(METRIC, expression))
        assert metrics or "up{" in expression, alarm
        assert metrics <= exposed.keys(), alarm
        labels = set().union(*(exposed[metric] for metric in metrics)) | {"instance"}
        used = set(re.findall(r"[{,]\s*(\w+)=~?\"", expression.replace("up{job=", "")))
        used |= set(re.findall(r"\$labels\.(\w+)", part))
        assert used <= labels, f"{alarm}: {used - labels}"


@pytest.mark.skipif(shutil.which("promtool") is None,
                    reason="no promtool (Debian: prometheus): THE ALARMS' EXPRESSIONS ARE NOT TRIED")
def test_alarms_go_off_when_they_should_and_not_else():
    done = subprocess.run(["promtool", "test", "rules", "tally.rules.test.yml"], cwd=RULES.parent,
                          check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alarm_has_its_paragraph(kafka):  # pylint: disable=unused-argument
    names = [alarm for alarm, _, _ in rules()]
    assert len(names) == len(set(names)) >= 20
    for alarm, _, part in rules():
        anchor = re.search(r"runbook: README\.md#(\w+)$", part, re.M)[1]
        assert anchor == alarm.lower()
        row = re.search(rf'^\| <a id="{anchor}"></a>`{alarm}`.*$', README, re.M)
        assert row, f"{alarm} has no row in README.md"
        cells = [cell.strip() for cell in row[0].strip("|").split(" | ")]
        assert len(cells) == 4 and all(cells), row[0]
    assert set(re.findall(r'<a id="tally\w+"></a>`(\w+)`', README)) == set(names)
    assert RULES.name in README
