"""What the API should answer, computed here once more from the records: a second opinion that shares
no code with tallyd. Exact throughout (integers of hundredths, fractions); numbers are given as the
text that the answer should have, as Answer.exact() reads it.
"""

import datetime
import fractions
import zoneinfo

HOUR = 3600
POINTS_MAX = 10_000


# --- Numbers ------------------------------------------------------------------------------------


def fixed2(hundredths):
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02}"


def money(hundredths):
    text = fixed2(hundredths)
    return text.rstrip("0").rstrip(".")


def rounded(quotient):
    """Half away from zero, to an integer."""
    magnitude = abs(quotient)
    whole = (2 * magnitude.numerator + magnitude.denominator) // (2 * magnitude.denominator)
    return -whole if quotient < 0 else whole


def ratio(above, below, scale):
    """above / below × scale in hundredths; None where there is nothing to divide by."""
    return None if below == 0 else rounded(fractions.Fraction(above * scale, below))


def percent(above, below):
    return ratio(above, below, 10_000)


def or_null(hundredths):
    return None if hundredths is None else fixed2(hundredths)


# --- State --------------------------------------------------------------------------------------


class Event:
    """One event as its records make it."""

    def __init__(self):
        self.described = None
        self.participants = {}      # id -> (channel, hour, amount)
        self.distributions = {}     # (channel, distribution id) -> content
        self.latest = {}            # channel -> (type, status)
        self.timestamp = None
        self.changes = 0            # records that changed anything

    def mark(self, timestamp):
        self.changes += 1
        self.timestamp = timestamp if self.timestamp is None else max(self.timestamp, timestamp)

    def create(self, record, timestamp):
        if record != self.described:
            self.described = record
            self.mark(timestamp)

    def register(self, record, timestamp):
        if record["participantId"] in self.participants:
            return
        self.participants[record["participantId"]] = (
            record["channel"], record["hour"], record["amount"])
        self.mark(timestamp)

    def distribute(self, elements, timestamp):
        """One record: changes nothing when every element stands already."""
        stands = all(self.distributions.get((each["channel"], each["id"])) == each
                     for each in elements)
        if stands:
            return
        for each in elements:
            self.distributions[each["channel"], each["id"]] = each
            self.latest[each["channel"]] = (each["type"], each["status"])
        self.mark(timestamp)

    def views(self):
        """(channel, hour, views) of successful distributions."""
        return [(each["channel"], each["hour"], each["views"])
                for each in self.distributions.values() if each["status"] == "SUCCESS"]

    def cost(self, channel=None):
        return sum(each["cost"] for each in self.distributions.values()
                   if channel in (None, each["channel"]))

    def channels(self):
        return {channel for channel, _, _ in self.participants.values()} | set(self.latest)

    def total_cost(self):
        return self.described["investment"] + self.cost()


class Hours:
    """The hours that are counted: [begin, end), or all."""

    def __init__(self, begin=None, end=None):
        self.begin, self.end = begin, end

    def __contains__(self, hour):
        return self.begin is None or self.begin <= hour < self.end

    def before(self):
        return Hours(2 * self.begin - self.end, self.begin)


ALL = Hours()


def count(events, hours, channels=None):
    """(participants, views, amount) of these hours and channels."""
    people = [(hour, amount) for event in events
              for channel, hour, amount in event.participants.values()
              if channels is None or channel in channels]
    views = [(hour, number) for event in events for channel, hour, number in event.views()
             if channels is None or channel in channels]
    return (sum(1 for hour, _ in people if hour in hours),
            sum(number for hour, number in views if hour in hours),
            sum(amount for hour, amount in people if hour in hours))


# --- Times --------------------------------------------------------------------------------------


def local(hour, zone):
    moment = datetime.datetime.fromtimestamp(hour * HOUR, datetime.timezone.utc)
    return moment.astimezone(zoneinfo.ZoneInfo(zone))


def stamp(hour, zone):
    return local(hour, zone).isoformat(timespec="seconds")


def stamp_ms(millis, zone):
    moment = datetime.datetime.fromtimestamp(millis // 1000, datetime.timezone.utc)
    moment = moment.replace(microsecond=millis % 1000 * 1000).astimezone(zoneinfo.ZoneInfo(zone))
    return moment.isoformat(timespec="milliseconds" if millis % 1000 else "seconds")


def hour_of(year, month, day, zone, hour=0):
    """The first moment that is this local time or, where clocks skip it, the change."""
    moment = datetime.datetime(year, month, day, hour, tzinfo=zoneinfo.ZoneInfo(zone))
    return int(moment.timestamp()) // HOUR


def bucket_begin(hour, interval, zone):
    """Where the bucket begins that the hour is in."""
    if interval == "hourly":
        return hour
    day = local(hour, zone).date()
    if interval == "weekly":
        day -= datetime.timedelta(days=day.weekday())
    elif interval == "monthly":
        day = day.replace(day=1)
    return hour_of(day.year, day.month, day.day, zone)


def bucket_end(begin, interval, zone):
    """Where the next one begins; `begin` is a bucket's."""
    if interval == "hourly":
        return begin + 1
    step = {"daily": 1, "weekly": 7, "monthly": 32}[interval]
    # Noon is in the same day whatever clocks do at midnight.
    day = local(begin, zone).date() + datetime.timedelta(days=step)
    if interval == "monthly":
        day = day.replace(day=1)
    return hour_of(day.year, day.month, day.day, zone)


# --- Views --------------------------------------------------------------------------------------


class Asked:
    """The parameters that several views share."""

    def __init__(self, zone="Asia/Seoul", hours=ALL, now_hour=0, **more):
        self.zone, self.hours, self.now_hour, self.more = zone, hours, now_hour, more

    def period(self):
        if self.hours is ALL:
            return None
        return {"startDate": stamp(self.hours.begin, self.zone),
                "endDate": stamp(self.hours.end, self.zone), "timezone": self.zone}

    def delta_hours(self):
        return Hours(self.now_hour - 24, self.now_hour) if self.hours is ALL else self.hours


def target_roi(events, of_user):
    """In hundredths, exact: a user's is weighted by costs."""
    if not of_user:
        return fractions.Fraction(events[0].described["target"])
    costs = sum(event.total_cost() for event in events)
    weighted = sum(event.total_cost() * event.described["target"] for event in events)
    return fractions.Fraction(weighted, costs) if costs else fractions.Fraction(0)


def summary(events, asked, of_user):
    people, views, amount = count(events, asked.hours)
    window = asked.delta_hours()
    delta = count(events, window)[0] - count(events, window.before())[0]
    return {"participants": str(people), "participantsDelta": str(delta), "totalViews": str(views),
            "engagementRate": fixed2(percent(people, views) or 0), "purchaseAmount": money(amount),
            "targetRoi": fixed2(rounded(target_roi(events, of_user)))}


def roi_block(events, of_user):
    cost = sum(event.total_cost() for event in events)
    expected = sum(event.described["revenue"] for event in events)
    people, _, realized = count(events, ALL)
    target = target_roi(events, of_user)
    achieved = None
    if cost and target:
        achieved = rounded(fractions.Fraction(expected - cost, cost) * 100 * 100 * 100 * 100
                           / target)
    return {"totalCost": money(cost), "expectedRevenue": money(expected),
            "netProfit": money(expected - cost), "roi": or_null(percent(expected - cost, cost)),
            "realizedRevenue": money(realized),
            "realizedRoi": or_null(percent(realized - cost, cost)),
            "targetRoi": fixed2(rounded(target)), "roiAchievement": or_null(achieved),
            "costPerAcquisition": or_null(ratio(cost, people, 1))}


class Channel:
    """One channel over the events: what rows and comparisons are made of."""

    def __init__(self, name, events, hours, of_user):
        having = [event for event in events if name in event.channels()]
        latest = [event.latest[name] for event in having if name in event.latest]
        types = {kind for kind, _ in latest}
        self.name = name
        self.kind = types.pop() if len(types) == 1 else None
        self.status = latest[0][1] if latest and not of_user else None
        self.people, self.views, self.amount = count(having, hours, {name})
        self.people_ever, self.views_ever, self.amount_ever = count(having, ALL, {name})
        self.cost = sum(event.cost(name) for event in having)
        self.rate = percent(self.people, self.views) or 0
        self.acquisition = ratio(self.cost, self.people_ever, 1)

    def row(self):
        return {"channel": self.name, "channelType": self.kind, "status": self.status,
                "impressions": str(self.views), "participants": str(self.people),
                "conversionRate": fixed2(self.rate), "purchaseAmount": money(self.amount),
                "distributionCost": money(self.cost),
                "costPerAcquisition": or_null(self.acquisition)}

    def roi_row(self):
        return {"channel": self.name, "distributionCost": money(self.cost),
                "purchaseAmount": money(self.amount_ever),
                "costPerAcquisition": or_null(self.acquisition),
                "costPerView": or_null(ratio(self.cost, self.views_ever, 1))}


CHANNEL_KEYS = {"impressions": "views", "participants": "people", "conversionRate": "rate",
                "distributionCost": "cost", "costPerAcquisition": "acquisition"}


def name_bytes(channel):
    return channel.name.encode()


def channels_of(events, hours, of_user, names=None):
    found = {name for event in events for name in event.channels()}
    return [Channel(name, events, hours, of_user)
            for name in found if names is None or name in names]


def in_order(items, key, tie, descending):
    """Nulls last and ties ascending, in either order."""
    having = sorted((each for each in items if key(each) is not None), key=tie)
    lacking = sorted((each for each in items if key(each) is None), key=tie)
    return sorted(having, key=key, reverse=descending) + lacking


def sorted_channels(channels, sort_by, order):
    if sort_by == "channel":
        return sorted(channels, key=name_bytes, reverse=order == "desc")
    return in_order(channels, lambda each: getattr(each, CHANNEL_KEYS[sort_by]), name_bytes,
                    order != "asc")


def best(channels, key, highest):
    ranked = [each for each in in_order(channels, lambda each: getattr(each, key), name_bytes,
                                        highest) if getattr(each, key) is not None]
    return ranked[0].name if ranked else None


def comparison(channels):
    def average(values, scale):
        return or_null(ratio(sum(values), len(channels), scale))

    views = sum(each.views for each in channels)
    rate = percent(sum(each.people for each in channels), views) or 0
    return {"best": {"impressions": best(channels, "views", True),
                     "participants": best(channels, "people", True),
                     "conversionRate": best(channels, "rate", True),
                     "costPerAcquisition": best(channels, "acquisition", False)},
            "average": {"impressions": average([each.views for each in channels], 100),
                        "participants": average([each.people for each in channels], 100),
                        "conversionRate": fixed2(rate) if channels else None,
                        "distributionCost": average([each.cost for each in channels], 1)}}


def last_updated(events, asked):
    stamps = [event.timestamp for event in events if event.timestamp is not None]
    return stamp_ms(max(stamps), asked.zone) if stamps else None


def performance(events, asked, of_user):
    rows = sorted_channels(channels_of(events, asked.hours, of_user), "impressions", "desc")
    return [each.row() for each in rows]


def event_dashboard(name, event, asked):
    return {"eventId": name, "eventTitle": event.described["eventTitle"],
            "userId": event.described["userId"], "status": event.described["status"],
            "period": asked.period(), "summary": summary([event], asked, False),
            "channelPerformance": performance([event], asked, False),
            "roi": roi_block([event], False), "currency": "KRW",
            "lastUpdatedAt": last_updated([event], asked)}


def user_dashboard(name, events, asked):
    """`events`: {id: event}."""
    page, size = asked.more.get("page", 0), asked.more.get("size", 20)
    items = [event_item(event_id, event, asked) for event_id, event in events.items()]
    sort_by = asked.more.get("sortBy", "participants")
    order = asked.more.get("order", "asc" if sort_by == "eventId" else "desc")

    def key(item):
        return None if item[sort_by] is None else fractions.Fraction(item[sort_by])

    def tie(item):
        return item["eventId"].encode()

    if sort_by == "eventId":
        items.sort(key=tie, reverse=order == "desc")
    else:
        items = in_order(items, key, tie, order == "desc")
    everything = list(events.values())
    return {"userId": name, "totalEvents": str(len(events)),
            "activeEvents": str(sum(1 for event in everything
                                    if event.described["status"] == "ACTIVE")),
            "period": asked.period(), "summary": summary(everything, asked, True),
            "channelPerformance": performance(everything, asked, True),
            "roi": roi_block(everything, True),
            "eventPerformances": {
                "page": str(page), "size": str(size), "totalElements": str(len(items)),
                "totalPages": str(-(-len(items) // size)),
                "items": items[page * size:(page + 1) * size]},
            "currency": "KRW", "lastUpdatedAt": last_updated(everything, asked)}


def event_item(name, event, asked):
    people, views, _ = count([event], asked.hours)
    cost = event.total_cost()
    return {"eventId": name, "eventTitle": event.described["eventTitle"],
            "status": event.described["status"], "participants": str(people),
            "totalViews": str(views), "engagementRate": fixed2(percent(people, views) or 0),
            "totalCost": money(cost),
            "roi": or_null(percent(event.described["revenue"] - cost, cost))}


def channels_view(subject, events, asked):
    of_user = "userId" in subject
    sort_by = asked.more.get("sortBy", "impressions")
    order = asked.more.get("order", "asc" if sort_by == "channel" else "desc")
    channels = channels_of(events, asked.hours, of_user, asked.more.get("channel"))
    return {**subject, "period": asked.period(),
            "channels": [each.row() for each in sorted_channels(channels, sort_by, order)],
            "comparison": comparison(channels), "lastUpdatedAt": last_updated(events, asked)}


def roi_view(subject, events, asked):
    of_user = "userId" in subject
    block = roi_block(events, of_user)
    people, views, realized = count(events, ALL)
    cost = sum(event.total_cost() for event in events)
    channels = in_order(channels_of(events, ALL, of_user), lambda each: each.cost, name_bytes, True)
    return {**subject,
            "cost": {"totalInvestment": money(sum(event.described["investment"]
                                                  for event in events)),
                     "distributionCost": money(sum(event.cost() for event in events)),
                     "totalCost": block["totalCost"]},
            "revenue": {key: block[key] for key in ("expectedRevenue", "realizedRevenue")},
            "roi": {"netProfit": block["netProfit"], "roi": block["roi"],
                    "realizedNetProfit": money(realized - cost),
                    "realizedRoi": block["realizedRoi"], "targetRoi": block["targetRoi"],
                    "roiAchievement": block["roiAchievement"]},
            "efficiency": {"costPerAcquisition": block["costPerAcquisition"],
                           "costPerView": or_null(ratio(cost, views, 1)),
                           "revenuePerParticipant": or_null(ratio(realized, people, 1))},
            "channels": [each.roi_row() for each in channels],
            "currency": "KRW", "lastUpdatedAt": last_updated(events, asked)}


def edges_of(events, asked, interval, channels):
    """(edges, first is cut, last is cut, truncated)."""
    if asked.hours is ALL:
        hours = [hour for event in events for channel, hour, _ in event.participants.values()
                 if channels is None or channel in channels]
        hours += [hour for event in events for channel, hour, views in event.views()
                  if views and (channels is None or channel in channels)]
        if not hours:
            return [], False, False, False
        begin, end = min(hours), max(hours) + 1
    else:
        begin, end = asked.hours.begin, asked.hours.end
    edges = [bucket_begin(begin, interval, asked.zone)]
    while edges[-1] < end:
        edges.append(bucket_end(edges[-1], interval, asked.zone))
    first_cut = last_cut = truncated = False
    if asked.hours is not ALL:
        first_cut, last_cut = edges[0] < begin, edges[-1] > end
        edges[0], edges[-1] = begin, end
    elif len(edges) > POINTS_MAX + 1:
        truncated, edges = True, edges[-POINTS_MAX - 1:]
    return edges, first_cut, last_cut, truncated


def peak(points, key):
    highest = max((int(point[key]) for point in points), default=0)
    if highest == 0:
        return None
    first = next(point for point in points if int(point[key]) == highest)
    return {"timestamp": first["timestamp"], "value": str(highest)}


def growth(points, edges, first_cut, last_cut, now_hour):
    whole = list(zip(points, edges[1:]))[first_cut:len(points) - last_cut]
    ended = [int(point["participants"]) for point, end in whole if end <= now_hour]
    if len(ended) < 2:
        return None
    return or_null(percent(ended[-1] - ended[-2], ended[-2]))


def timeline_view(subject, events, asked):
    interval, channels = asked.more.get("interval", "daily"), asked.more.get("channel")
    edges, first_cut, last_cut, truncated = edges_of(events, asked, interval, channels)
    points = []
    for begin, end in zip(edges, edges[1:]):
        people, views, amount = count(events, Hours(begin, end), channels)
        before = count(events, Hours(-10**9, end), channels)[0]
        points.append({"timestamp": stamp(begin, asked.zone), "participants": str(people),
                       "views": str(views), "purchaseAmount": money(amount),
                       "cumulativeParticipants": str(before)})
    period = {"startDate": stamp(edges[0], asked.zone), "endDate": stamp(edges[-1], asked.zone),
              "timezone": asked.zone} if edges else None
    return {**subject, "interval": interval, "period": period, "truncated": truncated,
            "dataPoints": points,
            "peak": {"participants": peak(points, "participants"), "views": peak(points, "views")},
            "growthRate": growth(points, edges, first_cut, last_cut, asked.now_hour),
            "lastUpdatedAt": last_updated(events, asked)}
