#!/usr/bin/env python3
"""A failing seed, and its shrunken story, fail in the same way again in a new process.

  tests/sim/replay_test.py SIM

The failures are those of a model that is wrong on purpose (--wrong-model).
"""

import re
import subprocess
import sys
import unittest

SIM = sys.argv.pop(1)
FAILURE = re.compile(r"^FAILED: seed \d+, after \d+ steps: .*?^trace [0-9a-f]{16}$", re.S | re.M)
REPLAY = re.compile(r"^replay: sim (.*)$", re.M)
LIFE_SECONDS_MAX = 300


def sim(*arguments):
    """(exit code, failures told, replay commands told)"""
    done = subprocess.run([SIM, *arguments], capture_output=True, text=True, errors="replace",
                          check=False, timeout=LIFE_SECONDS_MAX)
    return done.returncode, FAILURE.findall(done.stdout), REPLAY.findall(done.stdout), done


class ReplayTest(unittest.TestCase):
    def replay(self, command):
        code, failures, _, done = sim(*command.split(), "--shrink", "0")
        self.assertEqual((code, len(failures)), (1, 1), done.stdout + done.stderr)
        return failures[0]

    def check(self, store, first):
        code, failures, commands, done = sim("--store", store, "--first", str(first), "--lives",
                                             "50", "--wrong-model", "6", "--shrink", "150")
        self.assertEqual((code, len(failures), len(commands)), (1, 2, 2), done.stdout)
        whole, short = failures
        self.assertEqual(self.replay(commands[0]), whole)
        self.assertIn("--keep", commands[1])
        self.assertLess(len(commands[1].split(",")), 60, "it is short")
        self.assertEqual(self.replay(commands[1]), short)

    def test_in_memory(self):
        for first in (1, 101, 201):
            with self.subTest(first=first):
                self.check("memory", first)

    def test_on_rocksdb(self):
        self.check("rocks", 1)

    def test_a_right_model_does_not_fail(self):
        code, failures, _, done = sim("--store", "memory", "--lives", "20")
        self.assertEqual((code, failures), (0, []), done.stdout)


if __name__ == "__main__":
    unittest.main()
