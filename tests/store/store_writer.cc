// The process that the crash tests kill: store_writer PATH FIRST_COMMIT. Commits the sequence of
// store_testing.h for ever and writes one byte to standard output after each commit.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "store/rocks_store.h"
#include "tests/store/store_testing.h"

int main(int argc, char** argv) {
  using namespace tally::store;  // NOLINT: a test program
  if (argc != 3) return 2;
  RocksStoreOptions options;
  options.path = argv[1];
  options.merger = std::make_shared<SumMerger>();
  options.ingest_rows_min = kSequenceBigRows;
  auto store = OpenRocksStore(options);
  if (!store.ok()) {
    std::cerr << store.status() << "\n";
    return 1;
  }
  for (uint64_t n = std::strtoull(argv[2], nullptr, 10);; ++n) {
    if (absl::Status status = Commit(**store, SequenceCommit(n)); !status.ok()) {
      std::cerr << status << "\n";
      return 1;
    }
    if (write(STDOUT_FILENO, "c", 1) != 1) return 0;
  }
}
