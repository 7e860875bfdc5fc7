"""Keeps a program's files out of the page cache, as if there were no memory for them."""

import contextlib
import os
import threading

EVERY_SECONDS = 0.25


class Dropped:
    """While the block runs, what is below `folder` is dropped from the page cache all the time.

    It needs no privileges. Pages not written back yet stay until the kernel has done so.
    """

    def __init__(self, folder):
        self.folder = folder
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def _run(self):
        while not self.ended.wait(EVERY_SECONDS):
            for where, _, names in os.walk(self.folder):
                for name in names:
                    with contextlib.suppress(OSError):
                        drop(os.path.join(where, name))


def drop(path):
    file = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)
