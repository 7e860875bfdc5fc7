// alter_store SHARD-DIRECTORY EVENT ALTERATION: plants a wrong row; without arguments, lists what
// it can alter. For black-box tests; nothing else may have the store open for writing.
#include <cstdio>

#include "processor/rows.h"
#include "store/rocks_store.h"
#include "tests/fakes/altered_rows.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    for (const std::string& name : tally::AlterationNames()) std::puts(name.c_str());
    return argc == 1 ? 0 : 2;
  }
  tally::store::RocksStoreOptions options;
  options.path = argv[1];
  options.mode = tally::store::OpenMode::kMustExist;
  options.merger = std::make_shared<tally::HourMerger>();
  auto store = tally::store::OpenRocksStore(options);
  absl::Status status = store.status();
  if (status.ok()) status = tally::Alter(**store, argv[2], argv[3]);
  if (status.ok()) status = (*store)->Sync();
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
