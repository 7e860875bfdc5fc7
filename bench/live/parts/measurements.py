"""What is measured, each on the same topics and the same data directory."""

import json
import shutil
import statistics

from lib import processes

from parts import daemon

IDLE_SECONDS = 20
QUIET_SECONDS = 3           # without a write: what the last work left to do is done
QUIET_SECONDS_MAX = 300
KILL_LOAD_RATE = 20_000


class Measurements:
    def __init__(self, options, load, say):
        self.options = options
        self.load = load
        self.say = say
        self.data_dir = options.state_dir / "data"

    def tallyd(self):
        return daemon.Tallyd(self.options.tallyd, self.options.brokers, self.options.prefix,
                             self.data_dir, self.options.tallyd_flag)

    def probe(self, what, tallyd, *flags):
        """One of the probe's measurements, as it writes it down."""
        out = self.options.state_dir / f"{what}.json"
        queued, watch = daemon.queued_seconds(tallyd.pid), processes.Stopwatch()
        said = processes.run([self.options.probe, what, "--server", tallyd.server,
                              "--json", out, *flags])
        queued = (daemon.queued_seconds(tallyd.pid) - queued) / watch.seconds()
        print(f"{said}  tallyd: {queued:.2f} threads on average could run and had no core",
              flush=True)
        return {**json.loads(out.read_text("utf-8")), "tallyd_threads_queued": queued}

    # --- Each returns what bench/run shows ------------------------------------------------------

    def replay(self):
        """Dashboards read while an empty tallyd replays everything."""
        shutil.rmtree(self.data_dir, ignore_errors=True)
        records = self.load.records()
        with self.tallyd() as tallyd:
            tallyd.wait_listening()
            found = self.probe("reads", tallyd, "--events", self.options.events,
                               "--seed", self.options.seed, "--rate", self.options.read_rate)
            found["participant_records"] = records
            found["ready_seconds"] = tallyd.wait_ready()
            tallyd.stop()
        return found

    def make_state(self):
        """The same without reads, unless there is a state already."""
        with self.tallyd() as tallyd:
            tallyd.wait_ready()
            tallyd.stop()

    def restart(self):
        """Time to readiness after a clean stop, and after kill -9 under a live load."""
        clean, stop, killed = [], [], []
        for _ in range(self.options.restarts):
            with self.tallyd() as tallyd:
                clean.append(tallyd.wait_ready())
                stop.append(tallyd.stop())
        for _ in range(self.options.restarts):
            with self.tallyd() as tallyd:
                tallyd.wait_ready()
                self.load.send(3 * KILL_LOAD_RATE, KILL_LOAD_RATE)
                tallyd.kill()
            with self.tallyd() as tallyd:
                killed.append(tallyd.wait_ready())
                tallyd.stop()
        found = {"participant_records": self.load.records(),
                 "state_bytes": state_bytes(self.data_dir),
                 "after_clean_stop_seconds": spread(clean),
                 "after_kill_seconds": spread(killed),
                 "clean_stop_seconds": spread(stop)}
        for name, text in (("after_clean_stop_seconds", "ready after a clean stop"),
                           ("after_kill_seconds", "ready after kill -9"),
                           ("clean_stop_seconds", "clean stop")):
            print(f"restart: {text}: median {found[name]['median']:.2f} s, "
                  f"max {found[name]['max']:.2f} s", flush=True)
        return found

    def idle(self):
        """CPU and disk writes when nothing comes."""
        with self.tallyd() as tallyd:
            tallyd.wait_ready()
            waited = self._wait_quiet(tallyd)
            cpu, written = processes.cpu_seconds(tallyd.pid), daemon.written_bytes(tallyd.pid)
            watch = processes.Stopwatch()
            tallyd.pause(IDLE_SECONDS)
            seconds = watch.seconds()
            found = {"seconds": seconds, "quiet_after_seconds": waited,
                     "cpu_percent_of_a_core":
                         100 * (processes.cpu_seconds(tallyd.pid) - cpu) / seconds,
                     "written_bytes": daemon.written_bytes(tallyd.pid) - written}
            tallyd.stop()
        print(f"idle: {found['cpu_percent_of_a_core']:.2f} % of a core, "
              f"{found['written_bytes']} bytes written in {seconds:.0f} s", flush=True)
        return found

    def latency(self):
        """From producing a record to an answer that shows it, at a steady rate."""
        with self.tallyd() as tallyd:
            tallyd.wait_ready()
            found = self.probe(
                "latency", tallyd, "--brokers", self.options.brokers,
                "--topic-prefix", self.options.prefix, "--seed", self.load.fresh_seed(),
                "--seconds", self.options.seconds, "--rate", self.options.rate,
                "--linger-ms", self.options.linger_ms)
            tallyd.stop()
        return found

    # --------------------------------------------------------------------------------------------

    def _wait_quiet(self, tallyd):
        """Until nothing has been written for a while (compaction is done); how long it took."""
        watch = processes.Stopwatch()
        seen, quiet = daemon.written_bytes(tallyd.pid), processes.Stopwatch()
        while quiet.seconds() < QUIET_SECONDS and watch.seconds() < QUIET_SECONDS_MAX:
            tallyd.pause(0.5)
            if (now := daemon.written_bytes(tallyd.pid)) != seen:
                seen, quiet = now, processes.Stopwatch()
        return watch.seconds()


def state_bytes(folder):
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "values": values}
