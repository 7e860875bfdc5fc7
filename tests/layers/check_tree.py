#!/usr/bin/env python3
"""Checks what the tree promises: who may include whom, and how tests are written.

  check_tree.py ROOT      prints every violation as file:line: text, exit 1 if there is any

The table of layers is ARCHITECTURE.md's: as a line of code, one knows from the folder what one may
include.
"""

import dataclasses
import pathlib
import re
import sys

# Headers of others that only some folders know, by what they are for.
FOREIGN = {
    "Kafka": r"librdkafka/",
    "RocksDB": r"rocksdb/",
    "HTTP": r"boost/beast",
    "Asio": r"boost/asio",
    "gRPC": r"grpc|.*\.grpc\.pb\.h",
    "JSON answers": r"rapidjson/",
    "metrics": r"prometheus/",
    "tokens": r"cjose/|jansson\.h",
    "fetching": r"curl/",
    "flags": r"CLI/",
    "logging": r"spdlog/",
    "clocks": r"absl/time/clock\.h|ctime|time\.h|sys/time\.h",
}


@dataclasses.dataclass
class Layer:
    """A folder: which of the project's headers it may include, and which of others'."""
    folder: str
    own: str                # regular expression, matched at the start of the included path
    foreign: tuple = ()     # keys of FOREIGN


# The first layer whose folder holds the file is the file's.
LAYERS = [
    Layer("processor/domain/", r"processor/domain/|proto/|tally/v1/"),
    Layer("processor/kafka/", r"processor/kafka/|processor/domain/|processor/[a-z_]+\.h$",
          ("Kafka", "logging", "clocks")),
    Layer("processor/main.cc", r"", tuple(set(FOREIGN) - {"Kafka", "RocksDB", "gRPC"})),
    Layer("processor/", r"processor/(?!kafka/)|store/|query/(reader|metrics)\.h$|proto/|tally/v1/",
          ("Asio", "metrics", "flags", "logging", "clocks")),
    Layer("store/", r"store/", ("RocksDB", "logging", "clocks")),
    Layer("query/grpc/", r"query/(?!auth/|http/)|processor/domain/|proto/|tally/v1/",
          ("gRPC", "Asio", "metrics", "logging", "clocks")),
    Layer("query/auth/",
          r"query/auth/|query/(authenticator|text|viewer)\.h$|processor/domain/identifier\.h$",
          ("metrics", "logging", "clocks", "tokens", "fetching")),
    Layer("query/", r"query/(?!auth/|grpc/)|processor/domain/|proto/|tally/v1/",
          ("HTTP", "Asio", "JSON answers", "metrics", "logging", "clocks")),
    Layer("tools/", r"tools/|processor/|store/|proto/|tally/v1/",
          tuple(set(FOREIGN) - {"Kafka", "RocksDB", "gRPC"})),
    Layer("tests/processor/domain/", r"tests/|processor/domain/|proto/|tally/v1/",
          ("Kafka",)),   # whose partitioners are compared with ours
    Layer("tests/processor/kafka/", r"", tuple(set(FOREIGN) - {"RocksDB", "gRPC"})),
    Layer("tests/store/", r"tests/|store/", ("RocksDB", "clocks")),
    Layer("tests/query/grpc/", r"tests/|query/|processor/domain/|proto/|tally/v1/",
          tuple(set(FOREIGN) - {"Kafka", "RocksDB"})),
    Layer("tests/query/auth/", r"tests/query/auth/|query/", ("metrics", "clocks", "tokens")),
    Layer("tests/query/", r"tests/|query/|processor/domain/|proto/|tally/v1/",
          tuple(set(FOREIGN) - {"Kafka", "RocksDB", "gRPC"})),
    Layer("tests/", r"", tuple(set(FOREIGN) - {"Kafka", "RocksDB", "gRPC"})),
    # What tallyd is judged by shares no code with it.
    Layer("bench/expectation/", r"bench/expectation/|bench/topics/|tally/v1/", ("flags",)),
    Layer("bench/ceiling/", r"bench/topics/", ("flags",)),
    Layer("bench/topics/", r"bench/topics/", ("Kafka",)),
    Layer("bench/", r"", tuple(FOREIGN)),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


@dataclasses.dataclass
class TextRule:
    """Something that has no place in files of these folders, with what to do instead."""
    folders: tuple
    pattern: re.Pattern
    message: str
    excuse: str = ""        # a line that holds this text is left alone


TEXT_RULES = [
    TextRule(("tests/",),
             re.compile(r"sleep_for|sleep_until|\busleep\(|nanosleep|SleepFor|\btime\.sleep|"
                        r"asyncio\.sleep|^\s*sleep [0-9.]"),
             "tests do not sleep: wait for what happens, with a deadline "
             "(a line that only has the name says 'nobody sleeps')", excuse="nobody sleeps"),
    TextRule(("tests/",),
             re.compile(r"(127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]):[1-9][0-9]*"),
             "tests use no fixed ports: bind port 0, ask which it became "
             "(a line that only handles the text says 'never bound')", excuse="never bound"),
    TextRule(("processor/domain/",),
             re.compile(r"system_clock|steady_clock|absl::Now\(|gettimeofday|\btime\(nullptr\)"),
             "the domain has no clock: time comes from the event"),
    TextRule(("",), re.compile(r"\b(TODO|FIXME|XXX)\b"),
             "nothing is left open in the code: do it, or say it where users see it"),
    TextRule(("",), re.compile(r"""(^|[\s"'=(])/(root|work|farm|home/[a-z]\w*)/"""),
             "a path of one machine has no place in the project"),
]

SOURCE = {".cc", ".h"}
TEXT = SOURCE | {".py", ".sh", ".proto", ".cmake", ".yml", ".yaml", ".json", ".xml", ""}
FOLDERS = ("processor", "store", "query", "tools", "tests", "bench", "proto", "deploy", "cmake")
THIS_FOLDER = "tests/layers/"   # its files quote what they forbid


def layer_of(path):
    return next((layer for layer in LAYERS if path.startswith(layer.folder)), None)


def include_violation(path, own, foreign, root):
    """Why the file at `path` may not include this; None: it may."""
    layer = layer_of(path)
    if not layer:
        return None
    included = own or foreign
    is_ours = own is not None and ((root / own).exists() or own.split("/")[0] in FOLDERS)
    if is_ours:
        if re.match(layer.own, included):
            return None
        return f"{layer.folder} may not include {included}"
    for name, pattern in FOREIGN.items():
        if re.match(f"(?:{pattern})", included) and name not in layer.foreign:
            return f"{layer.folder} knows nothing of {name}, may not include {included}"
    return None


def check_file(root, path):
    file = root / path
    try:
        lines = file.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(lines, 1):
        if file.suffix in SOURCE and (match := INCLUDE.match(line)):
            if why := include_violation(path, match[1], match[2], root):
                yield f"{path}:{number}: {why}"
        for rule in TEXT_RULES:
            if path.startswith(THIS_FOLDER) or not path.startswith(rule.folders):
                continue
            if rule.pattern.search(line) and not (rule.excuse and rule.excuse in line):
                yield f"{path}:{number}: {rule.message}"


def check_tree(root):
    """Every violation under `root`, in the order of files."""
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.is_file() and file.suffix in TEXT and "__pycache__" not in file.parts:
                yield from check_file(root, file.relative_to(root).as_posix())


def main():
    violations = list(check_tree(pathlib.Path(sys.argv[1])))
    print("\n".join(violations) if violations else "no violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
