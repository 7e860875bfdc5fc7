"""tallyd's metrics, read from its Prometheus text."""

import re

SAMPLE = re.compile(r'^(\w+)(?:\{([^}]*)\})? (\S+)$', re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')


def parse(text):
    """[(name, labels, value)] of all samples."""
    return [(name, dict(LABEL.findall(labels)), float(value))
            for name, labels, value in SAMPLE.findall(text)]


def total(samples, name, **labels):
    """The sum over all samples of that name whose labels are so."""
    return sum(value for each, has, value in samples
               if each == name and labels.items() <= has.items())


def records_read(samples):
    """How many records the shards have taken."""
    return round(total(samples, "tally_records_total"))


def durable(samples, records):
    """Whether so many records are read, and all of what they changed is committed."""
    return (round(total(samples, "tally_next_offset")) >= records
            and total(samples, "tally_checkpoint_age_seconds") == 0)
