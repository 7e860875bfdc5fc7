"""Answers: one line of JSON per event, sorted by its id, the same from every contestant."""

import datetime
import decimal
import functools
import http.client
import itertools
import json
import urllib.parse

from lib.failure import Failure, Mismatch

DIFFERENCES_SHOWN = 5
HTTP_SECONDS_MAX = 60


def compare(name, expected, found):
    """Mismatch, naming the first lines that differ, unless the two files are equal."""
    differing = list(itertools.islice(differences(expected, found), DIFFERENCES_SHOWN))
    if differing:
        raise Mismatch(f"{name} counted something else than it must:\n" + "\n".join(differing))


def differences(expected, found):
    """Each line that is not the same, as text."""
    with open(expected, "rb") as left, open(found, "rb") as right:
        for number, (a, b) in enumerate(itertools.zip_longest(left, right, fillvalue=b""), 1):
            if a != b:
                yield (f"line {number}: must be {a.decode(errors='replace').rstrip() or 'nothing'}"
                       f"\n{' ' * len(f'line {number}:')}      is "
                       f"{b.decode(errors='replace').rstrip() or 'nothing'}")


def event_ids(answers):
    """Of a file of answers."""
    with open(answers, encoding="utf-8") as lines:
        return [json.loads(line)["eventId"] for line in lines]


def hundredths(amount):
    """Of a JSON number, exactly."""
    return amount * 100 if isinstance(amount, int) else int(decimal.Decimal(amount) * 100)


@functools.lru_cache(maxsize=10_000)
def weight(timestamp):
    """Of an hour, so that what was counted in a wrong one is noticed."""
    moment = datetime.datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    return int(moment.timestamp()) // 3600 & 8191


def counts(point):
    """Of an hour."""
    return point["participants"], point["views"], hundredths(point["purchaseAmount"])


def from_dashboard(dashboard, timeline):
    """The line of an event from what tallyd's API says of it."""
    channels = dashboard["channelPerformance"]
    hours = [(weight(point["timestamp"]), counts(point)) for point in timeline["dataPoints"]
             if point["participants"] or point["views"] or point["purchaseAmount"]]
    if timeline["truncated"]:
        raise Failure(f"the timeline of {dashboard['eventId']} is truncated")
    line = {
        "eventId": dashboard["eventId"],
        "participants": dashboard["summary"]["participants"],
        "totalViews": dashboard["summary"]["totalViews"],
        "purchaseAmount": hundredths(dashboard["summary"]["purchaseAmount"]),
        "distributionCost": sum(hundredths(one["distributionCost"]) for one in channels),
        "channels": {one["channel"]: [one["participants"], one["impressions"],
                                      hundredths(one["purchaseAmount"]),
                                      hundredths(one["distributionCost"])]
                     for one in sorted(channels, key=lambda one: one["channel"].encode())},
        "hours": [len(hours), *(sum(counted[i] for _, counted in hours) for i in range(3))],
        "hoursWeighted": [sum(hour * counted[i] for hour, counted in hours) for i in range(3)],
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


class Api:
    """tallyd's HTTP API over one connection."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=HTTP_SECONDS_MAX)

    def get(self, path):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def json(self, path):
        status, body = self.get(path)
        if status != 200:
            raise Failure(f"{path}: {status} {body[:300]}")
        return json.loads(body, parse_float=decimal.Decimal)

    def line(self, event_id):
        path = "/api/v1/events/" + urllib.parse.quote(event_id, safe="") + "/analytics"
        return from_dashboard(self.json(path),
                              self.json(path + "/timeline?interval=hourly&timezone=UTC"))

    def close(self):
        self.connection.close()


def fetch(address, ids, path):
    """Writes the answers of a tallyd for these events."""
    api = Api(address)
    try:
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(api.line(event_id) for event_id in ids)
    finally:
        api.close()
