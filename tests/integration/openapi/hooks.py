"""What schemathesis is told beside the document (SCHEMATHESIS_HOOKS names this file).

Some rules a JSON schema cannot say: the two ends of a period belong together, a zone must exist, an
identifier is limited in bytes. A request that is to be accepted is mended to follow them; one that
is to be refused is left as it is. And what is true of every answer beyond the document is checked.
"""

import datetime
import itertools
import json
import os
import re
import urllib.parse
import zlib

import schemathesis

ZONES = ("Asia/Seoul", "UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati")
POSITIONS = os.environ["TALLY_TEST_POSITIONS"].split(";")   # that the server has reached
EARLIEST = datetime.datetime(2000, 1, 1)
HOURLY_DAYS_MAX = 10_000 // 24 - 1
DAILY_DAYS_MAX = 9_999


def pick(choices, seed):
    """The same of them for the same text."""
    return choices[zlib.crc32(str(seed).encode()) % len(choices)]


def period_from(query):
    """A period of whole hours, made of whatever ends were drawn."""
    seed = zlib.crc32(repr((query.get("startDate"), query.get("endDate"))).encode())
    days_max = HOURLY_DAYS_MAX if query.get("interval") == "hourly" else DAILY_DAYS_MAX
    start = EARLIEST + datetime.timedelta(hours=seed % (24 * 365 * 70))
    end = start + datetime.timedelta(hours=1 + seed // 7 % (24 * days_max))
    if seed % 3 == 0:
        return start.date().isoformat(), (end.date() + datetime.timedelta(days=1)).isoformat()
    return (start.isoformat(timespec=pick(("minutes", "seconds", "milliseconds"), seed))
            + pick(("", "Z", "+00:00"), seed), end.isoformat() + pick(("", "Z", "+09:00"), seed))


def well_ordered(query):
    """Whether the ends that the document has as examples were drawn."""
    return query.get("startDate") == "2026-01-01" and query.get("endDate") == "2026-02-01"


def cut(text):
    """Within 256 bytes, as UTF-8 and as NFC."""
    return text[:64]


def cut_segment(encoded):
    """The same, percent-encoded; not a dot segment, which clients remove."""
    text = cut(urllib.parse.unquote(encoded))
    return "dot" if text in (".", "..") else urllib.parse.quote(text, safe="")


def mend(case):
    """Makes of what follows the schemas what follows all rules."""
    query, path, headers = case.query or {}, case.path_parameters or {}, case.headers or {}
    if "timezone" in query and query["timezone"] not in ZONES:
        query["timezone"] = pick(ZONES, query["timezone"])
    if ("startDate" in query or "endDate" in query) and not well_ordered(query):
        query["startDate"], query["endDate"] = period_from(query)
    if isinstance(query.get("channel"), list):
        query["channel"] = [cut(name) for name in query["channel"]]
    for name in path:
        path[name] = cut_segment(path[name])
    if "Tally-Min-Position" in headers:
        headers["Tally-Min-Position"] = pick(POSITIONS, headers["Tally-Min-Position"])


@schemathesis.hook
def before_call(context, case, kwargs):  # pylint: disable=unused-argument
    """Only what is to be accepted."""
    if case.meta is None or case.meta.generation.mode == schemathesis.GenerationMode.POSITIVE:
        mend(case)


# --- What is true of every answer ---------------------------------------------------------------

TWO_DECIMALS = re.compile(
    r'"(?:\w*[rR]ate|roi|\w+Roi|roiAchievement|costPer\w+|revenuePer\w+)":([^",}\]{]+)')


@schemathesis.check
def numbers_are_written_as_promised(ctx, response, case):  # pylint: disable=unused-argument
    """Rates and per-unit values have two decimals; the schema cannot see 0.5 from 0.50."""
    for text in TWO_DECIMALS.findall(response.text):
        assert text == "null" or re.fullmatch(r"-?\d+\.\d\d", text), f"{text} in {response.text}"


@schemathesis.check
def a_problem_says_what_is_wrong(ctx, response, case):  # pylint: disable=unused-argument
    """The status is the one of the answer, and a bad parameter is named with what is allowed."""
    if response.status_code < 400 or response.request.method == "HEAD":
        return
    problem = json.loads(response.text)
    assert problem["status"] == response.status_code and problem["detail"], problem
    if problem["code"] == "invalid_parameter":
        assert problem["errors"], problem
        for error in problem["errors"]:
            assert error["allowed"], problem


@schemathesis.check
def errors_are_not_repeated(ctx, response, case):  # pylint: disable=unused-argument
    """One parameter is blamed once for one thing."""
    if response.status_code == 400:
        errors = json.loads(response.text)["errors"]
        said = [json.dumps(error, sort_keys=True) for error in errors]
        assert len(set(said)) == len(said), errors


@schemathesis.check
def json_has_no_duplicate_keys(ctx, response, case):  # pylint: disable=unused-argument
    """Which no parser tells by itself."""

    def unique(pairs):
        keys = [key for key, _ in pairs]
        assert len(set(keys)) == len(keys), keys
        return dict(pairs)

    if response.headers.get("content-type", [""])[0].endswith("json") and response.text:
        json.loads(response.text, object_pairs_hook=unique)
