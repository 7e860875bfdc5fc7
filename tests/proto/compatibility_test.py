"""The check of compatibility notices what breaks clients, and nothing else."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import compatibility

BEFORE = """
syntax = "proto3";
package p;
message M {
  reserved 9;
  string a = 1;
  optional int64 b = 2;
  repeated N c = 3;
  oneof which { string d = 4; string e = 5; }
  message N { bool x = 1; }
}
enum E { E_UNSPECIFIED = 0; E_ONE = 1; }
service S { rpc Get(M) returns (M); rpc Watch(M) returns (stream M); }
"""

# (what, replaced by, what is said of it)
BREAKING = [
    ("string a = 1;", "", "field p.M 1 a string"),
    ("string a = 1;", "reserved 1;", "field p.M 1 a string"),
    ("string a = 1;", 'reserved "a";', "field p.M 1 a string"),
    ("string a = 1;", "string a = 6;", "field p.M 1 a string"),
    ("string a = 1;", "string z = 1;", "field p.M 1 a string"),
    ("string a = 1;", "bytes a = 1;", "field p.M 1 a string"),
    ("string a = 1;", "optional string a = 1;", "field p.M 1 a string"),
    ("string a = 1;", "repeated string a = 1;", "field p.M 1 a string"),
    ("optional int64 b", "int64 b", "field p.M 2 b optional int64"),
    ("optional int64 b", "optional int32 b", "field p.M 2 b optional int64"),
    ("repeated N c", "N c", "field p.M 3 c repeated p.M.N"),
    ("string e = 5; }", "} string e = 5;", "field p.M 5 e string in which"),
    ("reserved 9;", "", "reserved p.M 9"),
    ("bool x = 1;", "", "field p.M.N 1 x bool"),
    ("E_ONE = 1;", "", "value p.E 1 E_ONE"),
    ("E_ONE = 1;", "E_ONE = 2;", "value p.E 1 E_ONE"),
    ("E_ONE = 1;", "E_FIRST = 1;", "value p.E 1 E_ONE"),
    ("rpc Get(M) returns (M);", "", "method p.S Get p.M to p.M"),
    ("rpc Get(M)", "rpc Fetch(M)", "method p.S Get p.M to p.M"),
    ("rpc Get(M)", "rpc Get(stream M)", "method p.S Get p.M to p.M"),
    ("(stream M)", "(M)", "method p.S Watch p.M to stream p.M"),
]

HARMLESS = [
    ("", ""),
    ("string a = 1;", "string a = 1; string f = 6;"),
    ("string a = 1;", "reserved 1; reserved \"a\";"),
    ("string a = 1;", "// Said better.\n  string a = 1;"),
    ("E_ONE = 1;", "E_ONE = 1; E_TWO = 2;"),
    ("rpc Get(M) returns (M);", "rpc Get(M) returns (M); rpc More(M) returns (M);"),
]


def lines_of(text):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "p.proto").write_text(text, "utf-8")
        return compatibility.lines_of(compatibility.compile_all(pathlib.Path(folder)))


class CompatibilityTest(unittest.TestCase):
    def setUp(self):
        self.promised = lines_of(BEFORE)

    def broken(self, old, new):
        after = BEFORE.replace(old, new, 1) if old else BEFORE
        self.assertTrue(not old or after != BEFORE, f"there is no {old!r}")
        return list(compatibility.broken(self.promised, lines_of(after)))

    def test_what_breaks_clients(self):
        for old, new, said in BREAKING:
            with self.subTest(old=old, new=new):
                self.assertEqual(self.broken(old, new), [said])

    def test_what_does_not(self):
        for old, new in HARMLESS:
            with self.subTest(new=new):
                self.assertEqual(self.broken(old, new), [])

    def test_what_is_new_is_asked_for_and_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "p.proto").write_text(BEFORE, "utf-8")
            promises = pathlib.Path(folder) / "promises"
            promises.write_text("\n".join(self.promised[1:]) + "\n", "utf-8")

            def run(*flags):
                return subprocess.run(
                    [sys.executable, compatibility.__file__, folder, promises, *flags],
                    capture_output=True, text=True, check=False, timeout=60)

            asked = run()
            self.assertEqual((asked.returncode, asked.stdout),
                             (1, f"new, to be promised with --accept: {self.promised[0]}\n"))
            self.assertEqual(run("--accept").returncode, 0)
            self.assertEqual(run().returncode, 0)
            self.assertEqual(promises.read_text("utf-8").splitlines(), self.promised)


if __name__ == "__main__":
    unittest.main()
