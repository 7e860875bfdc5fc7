#include "bench/micro/temporary_folder.h"

#include <unistd.h>

#include <filesystem>

namespace tally::bench {
namespace {

std::filesystem::path Folder() {
  return std::filesystem::temp_directory_path() / ("tally_bench_micro-" + std::to_string(getpid()));
}

}  // namespace

std::string FreshPath() {
  static int given = 0;
  std::filesystem::create_directories(Folder());
  return (Folder() / std::to_string(given++)).string();
}

void RemoveTemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(Folder(), ignored);
}

}  // namespace tally::bench
