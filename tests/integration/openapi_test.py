"""The examples of /openapi.json, and so of /docs, are what the sample data answers."""

import json
import pathlib
import re
import urllib.parse

import harness
import pytest
from harness import tally

SOURCES = pathlib.Path(__file__).parents[2] / "query"


@pytest.fixture(name="tallyd", scope="module")
def _tallyd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    with harness.Tallyd("--embedded", data_dir=folder / "data",
                        ready_file=folder / "ready.json") as running:
        running.wait_ready()
        report = tally("load-sample", "--brokers", running.listening["brokers"], "--json")
        running.sample = json.loads(report.stdout)["position"]
        running.document = running.get("/openapi.json").exact()
        yield running


def look_up(document, value):
    while "$ref" in value:
        target = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        value = target
    return value


def operations(document):
    """(operationId, path with its examples, operation) of the analytics routes."""
    for path, methods in document["paths"].items():
        operation = methods["get"]
        for parameter in operation["parameters"]:
            parameter = look_up(document, parameter)
            if parameter["in"] == "path":
                value = urllib.parse.quote(parameter["example"], safe="")
                path = path.replace("{" + parameter["name"] + "}", value)
        if path.startswith("/api/"):
            yield operation["operationId"], path, operation


def test_example_answers_are_what_is_answered(tallyd):
    seen = 0
    for name, path, operation in operations(tallyd.document):
        example = operation["responses"]["200"]["content"]["application/json"]["example"]
        answer = tallyd.read(path, tallyd.sample).exact()
        # When the sample data was loaded; and "the last 24 hours" are not January's.
        assert example.pop("lastUpdatedAt") and answer.pop("lastUpdatedAt")
        assert answer == example, name
        seen += 1
    assert seen == 8


def test_example_requests_are_answered(tallyd):
    seen = 0
    for name, path, operation in operations(tallyd.document):
        for request in operation.get("x-requests", ()):
            headers = {key.replace("-", "_"): value
                       for key, value in request.get("headers", {}).items()}
            answer = tallyd.get(path + request["query"], **headers)
            assert answer.status == 200, (name, request, answer)
            assert answer.headers["ETag"] and answer.headers["Tally-Position"]
            seen += 1
    assert seen >= 8


def test_the_example_problem_is_what_is_answered(tallyd):
    example = tallyd.document["components"]["responses"]["BadRequest"]["content"]
    example = example["application/problem+json"]["example"]
    answer = tallyd.get(harness.event_path("evt-1", "?startDate=2026-01-01T09:30&endDate=2026-02-01"
                                                    "&timezone=Asia/Kolkata"))
    assert answer.status == 400
    assert answer.exact() == example


def codes_in_sources():
    """Every stable code that the servers can answer with, as they are written down."""
    codes = set(re.findall(r'\{Code::\w+, \d{3}, [^"]*"(\w+)"',
                           (SOURCES / "problem.cc").read_text("utf-8")))
    for source in SOURCES.glob("http/*.cc"):
        codes.update(re.findall(r'ProblemResponse\(\s*\d{3},\s*"(\w+)"', source.read_text("utf-8")))
    return codes


def test_every_code_of_a_problem_is_documented(tallyd):
    documented = tallyd.document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert set(documented) == codes_in_sources(), "openapi.json lists them: Problem.code"


def test_every_status_of_the_server_is_documented(tallyd):
    """Those that any request can meet, before a route is asked."""
    statuses = set()
    for source in ("dispatch", "session"):
        text = (SOURCES / f"http/{source}.cc").read_text("utf-8")
        statuses.update(re.findall(r"ProblemResponse\(\s*(\d{3}),", text))
    assert statuses >= {"400", "405", "431"}
    for path, methods in tallyd.document["paths"].items():
        missing = statuses - {"404"} - set(methods["get"]["responses"])
        assert not missing, f"{path} lacks {missing}"


def test_documented_limits_are_the_real_ones(tallyd):
    """Requests on both sides of a limit: the document's numbers are not just text."""
    schemas = tallyd.document["components"]["schemas"]
    parameters = tallyd.document["components"]["parameters"]
    size = parameters["Size"]["schema"]
    for value, status in ((size["minimum"], 200), (size["maximum"], 200), ("0", 400), ("101", 400)):
        assert tallyd.get(f"/api/v1/users/user-1/analytics?size={value}").status == status
    page = parameters["Page"]["schema"]
    for value, status in ((page["maximum"], 200), (str(int(page["maximum"]) + 1), 400)):
        assert tallyd.get(f"/api/v1/users/user-1/analytics?page={value}").status == status
    longest = int(schemas["Identifier"]["maxLength"])
    for length, status in ((longest, 404), (longest + 1, 400)):
        assert tallyd.get(harness.event_path("e" * length)).status == status
