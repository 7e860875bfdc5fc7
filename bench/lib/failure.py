"""What ends a run of the benchmarks."""


class Failure(Exception):
    """Told to the person as it is."""


class Mismatch(Failure):
    """A contestant counted something else than it must."""
