#include <string>
#include <vector>

#include "tools/tally/cli.h"

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  return tally::cli::RunTally(args, tally::cli::ProcessConsole());
}
