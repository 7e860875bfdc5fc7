"""The table for a person and the JSON for programs."""

from lib.stats import median, ratio, spread

COLUMNS = ("contestant", "runs", "records/s", "lowest … highest", "of ceiling", "seconds",
           "engine CPU-µs", "broker CPU-µs", "peak MiB", "disk B/participant")


def summarise(runs, summary):
    """{contestant: numbers} of one workload's runs, medians over them."""
    by_name = {}
    for run in runs:
        by_name.setdefault(run.contestant, []).append(run)
    ceilings = [run.rate for run in by_name.get("ceiling", [])]
    ceiling = median(ceilings) if ceilings else None
    return {name: summarise_one(each, ceiling, summary) for name, each in by_name.items()}


def summarise_one(runs, ceiling, summary):
    rates = [run.rate for run in runs]
    state = [run.state_bytes for run in runs if run.state_bytes]
    return {
        "runs": len(runs),
        "records_per_second": median(rates),
        "spread": spread(rates),
        "of_ceiling": ratio(median(rates), ceiling),
        "seconds": median(run.seconds for run in runs),
        "engine_cpu_us": median(run.engine_cpu_seconds / run.records * 1e6 for run in runs),
        "broker_cpu_us": median(run.broker_cpu_seconds / run.records * 1e6 for run in runs),
        "peak_rss_bytes": max(run.peak_rss_bytes for run in runs),
        "state_bytes": median(state) if state else None,
        "state_bytes_per_participant":
            median(state) / summary["participants"] if state else None,
        **{name: median(run.details[name] for run in runs)
           for name in ("caught_up_seconds", "durable_seconds") if name in runs[0].details},
    }


def row(name, numbers):
    low, high = numbers["spread"]
    share, bytes_each = numbers["of_ceiling"], numbers["state_bytes_per_participant"]
    return (name, str(numbers["runs"]), f"{numbers['records_per_second']:,.0f}",
            f"{low:,.0f} … {high:,.0f}", f"{share:.3f}" if share else "",
            f"{numbers['seconds']:.2f}", f"{numbers['engine_cpu_us']:.2f}",
            f"{numbers['broker_cpu_us']:.2f}", f"{numbers['peak_rss_bytes'] / 2**20:,.0f}",
            f"{bytes_each:.1f}" if bytes_each else "")


def table(rows):
    """A table in Markdown that is aligned as text, too: numbers to the right."""
    widths = [max(len(each[i]) for each in rows) for i in range(len(rows[0]))]
    lines = []
    for each in rows:
        cells = [each[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(each[1:], widths[1:])]
        lines.append(f"| {' | '.join(cells)} |")
    rules = ["-" * (widths[0] + 2)] + ["-" * (width + 1) + ":" for width in widths[1:]]
    lines.insert(1, f"|{'|'.join(rules)}|")
    return "\n".join(lines)


def times_as_fast(numbers):
    """How many times as fast as the others tallyd is, the ceilings left out."""
    if "tallyd" not in numbers:
        return []
    rate = numbers["tallyd"]["records_per_second"]
    ratios = [f"{rate / other['records_per_second']:.1f} × {name}"
              for name, other in numbers.items()
              if name != "tallyd" and not name.startswith("ceiling")]
    return ["tallyd is as fast as " + ", ".join(ratios)] if ratios else []


def versions(runs):
    """What the contestants say of themselves, each once."""
    said = {run.details["version"]: None for run in runs if "version" in run.details}
    return ["versions: " + ", ".join(said)] if said else []


def notes(runs):
    """What does not fit into the table."""
    yield from versions(runs)
    for run in runs:
        details = run.details
        if "caught_up_seconds" in details:
            yield (f"tallyd: caught up after {details['caught_up_seconds']:.2f} s, durable after "
                   f"{details['durable_seconds']:.2f} s, compaction drained after "
                   f"{run.seconds:.2f} s; {details['checkpoints']:.0f} checkpoints")
        if "rates_by_tenth" in details:
            tenths = details["rates_by_tenth"]
            yield ("tallyd by tenths of the log, records/s: "
                   + ", ".join(f"{rate:,.0f}" for rate in tenths)
                   + f"; last of first {tenths[-1] / tenths[0]:.2f}")


def workload_text(prepared, runs):
    """One workload's part of the report."""
    workload, summary = prepared.workload, prepared.summary
    title = (f"{workload.name}: {workload.about}; {summary['records']:,} records, "
             f"{summary['bytes'] / summary['records']:.0f} bytes each (key and value), "
             f"{summary['participants']:,} participants, {summary['events']:,} events, "
             f"{workload.partitions} partitions"
             + (f", --memory-budget {workload.memory_budget}" if workload.memory_budget else ""))
    numbers = summarise(runs, summary)
    rows = [COLUMNS] + [row(name, each) for name, each in numbers.items()]
    return "\n".join([title, "", table(rows), "", *times_as_fast(numbers), *notes(runs)])
