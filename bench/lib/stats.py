"""The few statistics that the report needs."""

import statistics


def median(values):
    return statistics.median(values)


def spread(values):
    """(smallest, largest)."""
    return min(values), max(values)


def ratio(rate, ceiling):
    """None without a ceiling."""
    return rate / ceiling if ceiling else None


def time_at(progress, position):
    """When `position` was reached, between two of the (seconds, position) that were seen."""
    for (before, low), (after, high) in zip(progress, progress[1:]):
        if low <= position <= high and high > low:
            return before + (after - before) * (position - low) / (high - low)
    raise ValueError(f"{position} was never reached")


def rates_by_part(progress, parts):
    """Records a second in each of `parts` equal parts of the records.

    `progress` is [(seconds, records read by then)], growing, to the end.
    """
    progress = [(0.0, 0), *progress]
    total = progress[-1][1]
    times = [time_at(progress, total * part / parts) for part in range(parts + 1)]
    return [total / parts / (end - start) for start, end in zip(times, times[1:])]
