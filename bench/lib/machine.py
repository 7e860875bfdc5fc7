"""Where the numbers were measured."""

import os
import pathlib
import platform
import re
import subprocess


def facts(root, kafka):
    """What a reader needs to judge the numbers, by name."""
    memory_kib = int(first(r"^MemTotal:\s*(\d+)", "/proc/meminfo"))
    return {
        "cpu": first(r"^model name\s*: (.*)$", "/proc/cpuinfo"),
        "cores": os.cpu_count(),
        "memory": f"{memory_kib / 2**20:.0f} GiB",
        "kernel": platform.release(),
        "system": first(r'^PRETTY_NAME="(.*)"$', "/etc/os-release"),
        "tally": commit(root),
        "librdkafka": package("librdkafka1"),
        "rocksdb": package("librocksdb-dev"),
        "kafka": kafka.version(),
        "java": java(),
    }


def first(pattern, path):
    """What the pattern's group matches first in the file."""
    match = re.search(pattern, pathlib.Path(path).read_text("utf-8"), re.MULTILINE)
    return match[1] if match else "unknown"


def said(*command):
    """What a command prints, or "unknown"."""
    try:
        done = subprocess.run(command, check=True, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def package(name):
    """The version of a Debian package."""
    return said("dpkg-query", "-W", "-f", "${Version}", name)


def java():
    return said("java", "-version").splitlines()[0]


def commit(root):
    """The commit, and whether the tree differs from it."""
    where = ("git", "-C", str(root), "-c", f"safe.directory={root}")
    changed = said(*where, "status", "--porcelain", "--untracked-files=no")
    return said(*where, "rev-parse", "--short", "HEAD") + (" and changes" if changed else "")
