"""What the black-box tests share: processes of tallyd and tally, HTTP, Kafka, waiting with deadlines.

Nothing here sleeps: a wait ends with what it waits for (a line of output, an exit, an answer), and
fails at its deadline with what was seen until then.
"""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import confluent_kafka
import confluent_kafka.admin

ROOT = pathlib.Path(__file__).resolve().parents[2]
TALLYD = os.environ.get("TALLYD", str(ROOT / "build/dev/processor/tallyd"))
TALLY = os.environ.get("TALLY", str(ROOT / "build/dev/tools/tally/tally"))
ALTER_STORE = os.environ.get("ALTER_STORE", str(ROOT / "build/dev/tests/processor/alter_store"))
MOVING_CLOCK = os.environ.get(
    "MOVING_CLOCK", str(ROOT / "build/dev/tests/integration/libmoving_clock.so"))

WAIT_SECONDS_MAX = 60          # generous: a deadline says "never", not "slow"
STOP_SECONDS_MAX = 10          # promised for a clean shutdown
NEVER_MS = "3600000"           # a checkpoint interval that no test lives to see
POSITION_WAIT_MS = 20_000      # how long tallyd itself waits for a Tally-Min-Position

INPUT_TOPICS = ("event.created", "participant.registered", "distribution.completed")


class Deadline:
    """A point in time that must not be reached."""

    def __init__(self, seconds=WAIT_SECONDS_MAX):
        self.end = time.monotonic() + seconds

    def left(self):
        return max(0.0, self.end - time.monotonic())

    def passed(self):
        return self.left() == 0.0


# --- Processes ----------------------------------------------------------------------------------


class Process:
    """A child process whose output is kept line by line. Ended, by its id, when the block ends."""

    def __init__(self, command, env=None, preexec_fn=None):
        self.command = [str(part) for part in command]
        full = {name: value for name, value in os.environ.items()
                if not name.startswith("TALLY_")}
        full.update(env or {})
        full["NO_COLOR"] = "1"
        self.popen = subprocess.Popen(  # pylint: disable=consider-using-with
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=full, text=True, encoding="utf-8", errors="replace",
            preexec_fn=preexec_fn)  # pylint: disable=subprocess-popen-preexec-fn
        self.changed = threading.Condition()
        self.lines = {"stdout": [], "stderr": []}
        self.readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("stdout", self.popen.stdout), ("stderr", self.popen.stderr))]
        for reader in self.readers:
            reader.start()

    def _read(self, name, stream):
        for line in stream:
            with self.changed:
                self.lines[name].append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def output(self):
        """Everything written until now, both streams."""
        with self.changed:
            return "\n".join(self.lines["stdout"] + self.lines["stderr"])

    def stdout(self):
        with self.changed:
            return "\n".join(self.lines["stdout"])

    def wait_for_output(self, pattern, seconds=WAIT_SECONDS_MAX):
        """Until a line matches; the match. Fails when the process ends without one."""
        deadline = Deadline(seconds)
        with self.changed:
            while True:
                for line in self.lines["stderr"] + self.lines["stdout"]:
                    if match := re.search(pattern, line):
                        return match
                ended = not any(reader.is_alive() for reader in self.readers)
                assert not ended and not deadline.passed(), (
                    f"no line matches {pattern!r} "
                    f"{'before the process ended' if ended else 'in time'}:\n" + "\n".join(
                        self.lines["stdout"] + self.lines["stderr"]))
                self.changed.wait(min(deadline.left(), 0.5))

    def pause(self, seconds=0.02):
        """Lets a moment pass between two questions; ends at once with the process."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(timeout=seconds)

    def running(self):
        return self.popen.poll() is None

    def exit_code(self, seconds=WAIT_SECONDS_MAX):
        """Waits for the end and for the last of the output."""
        try:
            code = self.popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self.command[0]} did not end in {seconds} s; it wrote\n"
                                 + self.output()) from error
        for reader in self.readers:
            reader.join(timeout=WAIT_SECONDS_MAX)
        return code

    def signal(self, number):
        self.popen.send_signal(number)

    def stop(self):
        """SIGTERM; the exit code, which must come within the promised time."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.exit_code(STOP_SECONDS_MAX)

    def kill(self):
        if self.running():
            self.popen.kill()
        return self.exit_code()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.popen.stdout.close()
        self.popen.stderr.close()


class Answer:
    """An HTTP answer."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def exact(self):
        """JSON with numbers as their text, for what must be equal digit by digit."""
        return json.loads(self.body, parse_int=str, parse_float=str)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:2000]}"


def http_get(address, path, headers=None, seconds=WAIT_SECONDS_MAX):
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=seconds)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return Answer(response, response.read().decode("utf-8"))
    finally:
        connection.close()


class Tallyd(Process):
    """A running tallyd; `http` and `admin` are known once it listens."""

    def __init__(self, *flags, data_dir, ready_file, env=None, preexec_fn=None):
        self.data_dir = data_dir
        self.ready_file = pathlib.Path(ready_file)
        self.ready_file.unlink(missing_ok=True)
        defaults = {"--data-dir": data_dir, "--http-listen": "127.0.0.1:0",
                    "--ready-file": ready_file, "--position-wait-ms": POSITION_WAIT_MS,
                    "--checkpoint-interval-ms": 200}
        command = [TALLYD, *flags]
        for flag, value in defaults.items():
            command += [] if flag in flags else [flag, value]
        super().__init__(command, env, preexec_fn)
        self.listening = None

    def wait_listening(self):
        deadline = Deadline()
        while not self.listening:
            with contextlib.suppress(OSError, ValueError):
                self.listening = json.loads(self.ready_file.read_text("utf-8"))
                break
            assert self.running(), f"tallyd ended with {self.exit_code()}:\n{self.output()}"
            assert not deadline.passed(), f"tallyd does not listen:\n{self.output()}"
            self.pause()
        return self

    @property
    def http(self):
        return self.wait_listening().listening["http"]

    @property
    def admin(self):
        return self.wait_listening().listening["admin"]

    def wait_ready(self, seconds=WAIT_SECONDS_MAX):
        self.wait_probe("/readyz", 200, seconds)
        return self

    def wait_probe(self, path, status, seconds=WAIT_SECONDS_MAX):
        """Asks a probe until it answers with this status; the answer."""
        deadline = Deadline(seconds)
        while True:
            answer = http_get(self.admin, path)
            if answer.status == status:
                return answer
            assert self.running(), f"tallyd ended with {self.exit_code()}:\n{self.output()}"
            assert not deadline.passed(), f"{path} is still {answer!r}\n{self.output()}"
            self.pause()

    def get(self, path, position=None, **headers):
        """One answer, whatever it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if position:
            named["Tally-Min-Position"] = position
        return http_get(self.http, path, named)

    def read(self, path, position=None, seconds=WAIT_SECONDS_MAX):
        """A 200 answer not older than `position`, asked for again while it is a 503."""
        deadline = Deadline(seconds)
        while True:
            answer = self.get(path, position)
            if answer.status != 503:
                assert answer.status == 200, answer
                return answer
            assert self.running(), f"tallyd ended with {self.exit_code()}:\n{self.output()}"
            assert not deadline.passed(), f"{path} at {position}: {answer!r}\n{self.output()}"
            self.pause()

    def event(self, event_id, position=None, query=""):
        return self.read(event_path(event_id) + query, position)

    def user(self, user_id, position=None, query=""):
        path = f"/api/v1/users/{urllib.parse.quote(user_id, safe='')}/analytics"
        return self.read(path + query, position)

    def metrics(self):
        """{(name, frozenset of labels): value}."""
        return parse_metrics(http_get(self.admin, "/metrics").body)

    def metric(self, name, **labels):
        """The sum over all series of this name that have these labels; None without any."""
        values = [value for (found, with_labels), value in self.metrics().items()
                  if found == name and labels.items() <= dict(with_labels).items()]
        return sum(values) if values else None


def event_path(event_id, rest=""):
    return f"/api/v1/events/{urllib.parse.quote(event_id, safe='')}/analytics{rest}"


def parse_metrics(text):
    series = {}
    for line in text.splitlines():
        match = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
        if match and not line.startswith("#"):
            labels = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or "")
            series[match[1], frozenset(labels)] = float(match[3])
    return series


def tally(*arguments, check=True, stdin=None, env=None):
    """Runs the tally command; its completed process."""
    full = {**os.environ, "NO_COLOR": "1", **(env or {})}
    done = subprocess.run([TALLY, *map(str, arguments)], input=stdin, text=True,
                          capture_output=True, check=False, timeout=4 * WAIT_SECONDS_MAX,
                          encoding="utf-8", env=full)
    if check:
        assert done.returncode == 0, f"tally {arguments}: {done.returncode}\n{done.stderr}"
    return done


@contextlib.contextmanager
def taken_port():
    """A loopback port that somebody else listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@contextlib.contextmanager
def refusing_port():
    """A loopback port that refuses connections and that nobody else gets meanwhile."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def free_ports(count):
    """Loopback ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


# --- Kafka --------------------------------------------------------------------------------------


@contextlib.contextmanager
def broker(folder, port=0, settings=()):
    """A broker of a test's own, which it may stop, kill or pause; its address."""
    command = [str(ROOT / "tools/kafka")]
    more = [f"--set={setting}" for setting in settings]
    try:
        yield subprocess.run([*command, "start", "--dir", str(folder), "--port", str(port), *more],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                             check=True, timeout=3 * WAIT_SECONDS_MAX).stdout.strip()
    finally:
        subprocess.run([*command, "stop", "--dir", str(folder), "--now"], check=False,
                       stdin=subprocess.DEVNULL, timeout=WAIT_SECONDS_MAX)


class Kafka:
    """The topics of one test: its own prefix on the shared broker."""

    def __init__(self, brokers, prefix, partitions=4):
        self.brokers = brokers
        self.prefix = prefix
        self.partitions = partitions
        self.admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": brokers})

    def topic(self, suffix):
        return self.prefix + suffix

    def topics(self):
        return [self.topic(suffix) for suffix in INPUT_TOPICS]

    def dlq(self, suffix):
        return self.topic(suffix) + ".dlq"

    def create_topics(self, partitions=None, config=None, suffixes=INPUT_TOPICS, dead=True):
        """As tallyd --create-topics does it, or wrong on purpose."""
        settings = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
        settings.update(config or {})
        names = [self.topic(suffix) for suffix in suffixes]
        self._create([(name, settings) for name in names]
                     + ([(name + ".dlq", {}) for name in names] if dead else []),
                     partitions or self.partitions)
        return self

    def _create(self, topics, partitions):
        futures = self.admin.create_topics(
            [confluent_kafka.admin.NewTopic(name, partitions, 1, config=config)
             for name, config in topics], operation_timeout=WAIT_SECONDS_MAX)
        for future in futures.values():
            future.result(timeout=WAIT_SECONDS_MAX)
        self._wait_led([name for name, _ in topics], partitions)

    def delete_topics(self, topics):
        """Returns when the broker tells nobody of them any more: they can be made again."""
        futures = self.admin.delete_topics(topics, operation_timeout=WAIT_SECONDS_MAX)
        for future in futures.values():
            future.result(timeout=WAIT_SECONDS_MAX)
        deadline = Deadline()
        while not set(topics).isdisjoint(
                self.admin.list_topics(timeout=WAIT_SECONDS_MAX).topics):
            assert not deadline.passed(), f"{topics} do not go"

    def add_partitions(self, partitions):
        """To the input topics; returns when the broker tells everybody of it."""
        futures = self.admin.create_partitions(
            [confluent_kafka.admin.NewPartitions(topic, partitions) for topic in self.topics()])
        for future in futures.values():
            future.result(timeout=WAIT_SECONDS_MAX)
        self._wait_led(self.topics(), partitions)

    def _wait_led(self, topics, partitions):
        """A broker learns of what the controller did a moment after the controller answered."""
        deadline = Deadline()
        while True:
            known = self.admin.list_topics(timeout=WAIT_SECONDS_MAX).topics
            led = [len([partition for partition in known[topic].partitions.values()
                        if partition.leader >= 0]) if topic in known else 0 for topic in topics]
            if led == [partitions] * len(topics):
                return
            assert not deadline.passed(), \
                f"the broker tells of {led} led partitions of {topics}, not of {partitions}"

    def delete_records(self, tmp_path, topic, offset):
        """Below `offset`, of every partition, as retention does it."""
        asked = tmp_path / "delete.json"
        partitions = ",".join(f'{{"topic":"{topic}","partition":{number},"offset":{offset}}}'
                              for number in range(self.partitions))
        asked.write_text(f'{{"version":1,"partitions":[{partitions}]}}', "utf-8")
        subprocess.run([str(ROOT / "tools/kafka"), "run-tool", "delete-records",
                        "--bootstrap-server", self.brokers, "--offset-json-file", str(asked)],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       timeout=120)

    def producer(self, **config):
        return Producer(self, {"partitioner": "murmur2_random", **config})

    def consume(self, names, isolation="read_committed"):
        """Every record of these topics until their ends as of now, by topic and partition."""
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.brokers, "group.id": f"{self.prefix}-test",
            "enable.auto.commit": False, "auto.offset.reset": "error",
            "isolation.level": isolation, "enable.partition.eof": True})
        try:
            found = {}
            metadata = consumer.list_topics(timeout=WAIT_SECONDS_MAX).topics
            for name in names:
                for partition in metadata[name].partitions if name in metadata else ():
                    found[name, partition] = []
            consumer.assign([confluent_kafka.TopicPartition(name, partition, 0)
                             for name, partition in found])
            at_end, deadline = set(), Deadline(2 * WAIT_SECONDS_MAX)
            while len(at_end) < len(found):
                assert not deadline.passed(), f"reading {names} takes too long"
                for message in consumer.consume(5000, timeout=1):
                    place = message.topic(), message.partition()
                    if not message.error():
                        found[place].append(message)
                    elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:  # pylint: disable=protected-access
                        at_end.add(place)
                    else:
                        raise AssertionError(message.error())
            return found
        finally:
            consumer.close()

    def partition_of(self, key):
        return murmur2_partition(key.encode(), self.partitions)


class Producer:
    """Sends records and remembers where they went."""

    def __init__(self, kafka, config):
        self.kafka = kafka
        self.next_offsets = {}
        self.errors = []
        self.client = confluent_kafka.Producer({
            "bootstrap.servers": kafka.brokers, "linger.ms": 5,
            "queue.buffering.max.messages": 1_000_000, **config})

    def _delivered(self, error, message):
        if error:
            self.errors.append(error)
            return
        place = message.topic(), message.partition()
        self.next_offsets[place] = max(self.next_offsets.get(place, 0), message.offset() + 1)

    def send(self, suffix, value, key=None, **more):
        """An object as JSON under its eventId, or bytes as they are."""
        if isinstance(value, dict):
            key = value.get("eventId") if key is None else key
            value = json.dumps(value, ensure_ascii=False).encode()
        while True:
            try:
                self.client.produce(self.kafka.topic(suffix), value, key,
                                    on_delivery=self._delivered, **more)
                self.client.poll(0)
                return
            except BufferError:
                self.client.poll(1)

    def flush(self):
        """Waits for the acknowledgements; the position after everything sent, for
        Tally-Min-Position."""
        assert self.client.flush(WAIT_SECONDS_MAX) == 0, "records were not acknowledged"
        assert not self.errors, self.errors
        return self.position()

    def position(self):
        return position_text(self.next_offsets)


def position_text(next_offsets):
    return ",".join(f"{topic}/{partition}@{offset}"
                    for (topic, partition), offset in sorted(next_offsets.items()))


def murmur2_partition(key, partitions):
    """Java's default partitioner, computed here once more so that it is checked independently."""
    length, magic, mask = len(key), 0x5BD1E995, 0xFFFFFFFF
    value = (0x9747B28C ^ length) & mask
    for start in range(0, length - length % 4, 4):
        part = int.from_bytes(key[start:start + 4], "little") * magic & mask
        part = (part ^ part >> 24) * magic & mask
        value = value * magic & mask ^ part
    rest = key[length - length % 4:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * magic & mask
    value = (value ^ value >> 13) * magic & mask
    value ^= value >> 15
    return (value & 0x7FFFFFFF) % partitions


def unique_prefix(name):
    """A topic prefix for one test: readable, and never used before on this broker."""
    digest = hashlib.sha256(os.urandom(16)).hexdigest()[:8]
    return f"{re.sub('[^a-z0-9]+', '-', name.lower())[:40]}-{digest}."


# --- Records ------------------------------------------------------------------------------------


def event_created(event_id, user_id="user-1", **more):
    return {"eventId": event_id, "userId": user_id, "eventTitle": f"title of {event_id}",
            "createdAt": "2026-01-01T00:00:00+09:00", **more}


def participant(event_id, participant_id, **more):
    return {"eventId": event_id, "participantId": participant_id, "channel": "SNS",
            "registeredAt": "2026-01-01T10:00:00+09:00", **more}


def distribution(event_id, channel="SNS", views=100, **more):
    return {"eventId": event_id, "completedAt": "2026-01-01T08:00:00+09:00", "channel": channel,
            "expectedViews": views, **more}
