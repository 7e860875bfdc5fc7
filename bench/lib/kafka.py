"""The one Kafka of a run."""

import json
import pathlib
import re

from lib import processes

# A broker that does not limit: enough heap, big socket buffers, and as in production no flushing
# of its own (the operating system writes back).
HEAP_MB = 1024
SETTINGS = {
    "socket.send.buffer.bytes": 4 << 20,
    "socket.receive.buffer.bytes": 4 << 20,
    "log.segment.bytes": 1 << 30,
    "num.network.threads": 2,
    "num.io.threads": 4,
}


class Kafka:
    """Started with the block, stopped with it; its data stays when `keep` says so."""

    def __init__(self, root, folder, keep):
        self.tool = [root / "tools/kafka"]
        self.folder = pathlib.Path(folder)
        self.keep = keep
        self.brokers = ""
        self.pid = 0
        self.cluster = ""

    def __enter__(self):
        flags = [text for name, value in SETTINGS.items() for text in ("--set", f"{name}={value}")]
        try:
            self.brokers = processes.run([*self.tool, "start", "--dir", self.folder, "--resume",
                                          "--heap-mb", HEAP_MB, *flags]).strip()
            state = json.loads((self.folder / "kafka.json").read_text("utf-8"))
        except BaseException:
            self._stop()
            raise
        self.pid = state["pid"]
        self.cluster = state["cluster"]
        return self

    def __exit__(self, *_):
        self._stop()

    def _stop(self):
        processes.run([*self.tool, "stop", "--dir", self.folder,
                       *(["--keep"] if self.keep else [])])

    def cpu_seconds(self):
        return processes.cpu_seconds(self.pid)

    def delete_topics(self, prefix):
        """All topics whose names begin so; their files are gone a moment later."""
        self.run_tool("topics", "--delete", "--if-exists", "--topic", re.escape(prefix) + ".*")

    def version(self):
        return self.run_tool("topics", "--version").split()[0]

    def run_tool(self, tool, *arguments):
        return processes.run([*self.tool, "run-tool", "--dir", self.folder, tool, *arguments])
