#!/usr/bin/env python3
"""The check finds what was planted, and leaves alone what is right."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_tree  # pylint: disable=wrong-import-position

PLANTED = [
    # file, line, part of the message
    ("processor/domain/fold.cc", "#include <librdkafka/rdkafka.h>", "knows nothing of Kafka"),
    ("processor/domain/fold.cc", "#include <rocksdb/db.h>", "knows nothing of RocksDB"),
    ("processor/domain/fold.cc", "#include <boost/beast.hpp>", "knows nothing of HTTP"),
    ("processor/domain/fold.cc", '#include "store/store.h"', "may not include store/store.h"),
    ("processor/domain/fold.cc", '#include "query/reader.h"', "may not include query/reader.h"),
    ("processor/domain/fold.cc", '#include "processor/shard.h"', "may not include processor/shard"),
    ("processor/domain/fold.cc", '#include "absl/time/clock.h"', "knows nothing of clocks"),
    ("processor/domain/fold.cc", "auto t = std::chrono::system_clock::now();", "has no clock"),
    ("processor/shard.cc", "#include <librdkafka/rdkafka.h>", "knows nothing of Kafka"),
    ("processor/shard.cc", "#include <rocksdb/db.h>", "knows nothing of RocksDB"),
    ("processor/shard.cc", '#include "processor/kafka/source.h"', "may not include"),
    ("processor/shard.cc", '#include "query/http_server.h"', "may not include"),
    ("processor/shard.cc", "#include <rapidjson/writer.h>", "knows nothing of JSON answers"),
    ("processor/main.cc", "#include <rocksdb/db.h>", "knows nothing of RocksDB"),
    ("processor/kafka/source.cc", '#include "store/store.h"', "may not include"),
    ("processor/kafka/source.cc", "#include <rocksdb/db.h>", "knows nothing of RocksDB"),
    ("store/store.cc", '#include "processor/rows.h"', "may not include"),
    ("store/store.cc", '#include "processor/domain/record.h"', "may not include"),
    ("store/store.cc", '#include "query/reader.h"', "may not include"),
    ("store/store.cc", "#include <librdkafka/rdkafka.h>", "knows nothing of Kafka"),
    ("query/http.cc", '#include "processor/shard.h"', "may not include"),
    ("query/http.cc", '#include "store/store.h"', "may not include"),
    ("query/http.cc", "  #  include <rocksdb/db.h>", "knows nothing of RocksDB"),
    ("query/http.cc", "#include <librdkafka/rdkafka.h>", "knows nothing of Kafka"),
    ("tools/tally/load.cc", "#include <librdkafka/rdkafka.h>", "knows nothing of Kafka"),
    ("tools/tally/inspect.cc", "#include <rocksdb/db.h>", "knows nothing of RocksDB"),
    ("tests/processor/shard_test.cc", "#include <rocksdb/db.h>", "knows nothing of RocksDB"),
    ("tests/query/http_test.cc", "std::this_thread::sleep_for(1s);", "do not sleep"),
    ("tests/query/http_test.cc", "absl::SleepFor(absl::Seconds(1));", "do not sleep"),
    ("tests/integration/a_test.py", "    time.sleep(1)", "do not sleep"),
    ("tests/integration/a_test.py", 'BROKER = "localhost:9092"', "no fixed ports"),
    ("tests/integration/a_test.py", 'URL = "http://127.0.0.1:8080/livez"', "no fixed ports"),
    ("store/store.cc", "// TODO: the rest", "nothing is left open"),
    ("tools/run", "cd /root/tally", "a path of one machine"),
]

RIGHT = [
    ("processor/domain/fold.cc", '#include "processor/domain/fold.h"'),
    ("processor/domain/decode.cc", "#include <simdjson.h>"),
    ("processor/kafka/source.cc", "#include <librdkafka/rdkafka.h>"),
    ("processor/kafka/source.cc", '#include "processor/log_source.h"'),
    ("processor/shard.cc", '#include "store/store.h"'),
    ("processor/shard_reader.cc", '#include "query/reader.h"'),
    ("processor/main.cc", '#include "processor/kafka/source.h"'),
    ("processor/main.cc", '#include "query/http_server.h"'),
    ("store/rocks.cc", "#include <rocksdb/db.h>"),
    ("query/http.cc", "#include <boost/beast.hpp>"),
    ("query/views.cc", '#include "processor/domain/aggregate.h"'),
    ("tests/processor/config_test.cc", 'Parse("127.0.0.1:8080");  // never bound'),
    ("tests/integration/a_test.py", 'tallyd("--http-listen", "127.0.0.1:0")'),
]


def check(path, line):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / path
        file.parent.mkdir(parents=True)
        file.write_text("first line\n" + line + "\n", "utf-8")
        return list(check_tree.check_tree(pathlib.Path(folder)))


class CheckTreeTest(unittest.TestCase):
    def test_finds_what_was_planted(self):
        for path, line, message in PLANTED:
            with self.subTest(path=path, line=line):
                violations = check(path, line)
                self.assertEqual(1, len(violations), violations)
                self.assertTrue(violations[0].startswith(f"{path}:2: "), violations)
                self.assertIn(message, violations[0])

    def test_leaves_alone_what_is_right(self):
        for path, line in RIGHT:
            with self.subTest(path=path, line=line):
                self.assertEqual([], check(path, line))


if __name__ == "__main__":
    unittest.main()
