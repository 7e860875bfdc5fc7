"""Where the numbers were measured."""

import os
import pathlib
import platform
import re
import subprocess


def facts(kafka):
    """What a reader needs to judge the numbers, by name."""
    memory_kib = int(first(r"^MemTotal:\s*(\d+)", "/proc/meminfo"))
    return {
        "cpu": first(r"^model name\s*: (.*)$", "/proc/cpuinfo"),
        "cores": os.cpu_count(),
        "memory": f"{memory_kib / 2**20:.0f} GiB",
        "kernel": platform.release(),
        "system": first(r'^PRETTY_NAME="(.*)"$', "/etc/os-release"),
        "librdkafka": package("librdkafka1"),
        "rocksdb": package("librocksdb-dev"),
        "kafka": kafka.version(),
        "java": java(),
    }


def first(pattern, path):
    """What the pattern's group matches first in the file."""
    match = re.search(pattern, pathlib.Path(path).read_text("utf-8"), re.MULTILINE)
    return match[1] if match else "unknown"


def package(name):
    """The version of a Debian package."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.stdout or "unknown"


def java():
    done = subprocess.run(["java", "-version"], check=False, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.splitlines()[0] if done.stdout else "unknown"
