"""When a process came to rest."""

BUSY_SHARE = 0.10       # of one core; waiting for records takes less, compaction all of it
QUIET_SECONDS = 1.0


class Activity:
    """Fed with (time, CPU time) of a process: since when it has done no work to speak of."""

    def __init__(self, at, cpu):
        self.seen = (at, cpu)
        self.busy_until = at        # the end of the last interval in which it worked
        self.cpu_then = cpu

    def add(self, at, cpu):
        if cpu - self.seen[1] > BUSY_SHARE * (at - self.seen[0]):
            self.busy_until = at
            self.cpu_then = cpu
        self.seen = (at, cpu)

    def quiet(self):
        """Whether it has rested for long enough."""
        return self.seen[0] - self.busy_until >= QUIET_SECONDS
