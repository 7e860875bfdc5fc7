// The command line of `tally`: sub-commands, flags, environment variables, help.
#pragma once

#include <string>
#include <vector>

#include "tools/tally/console.h"

namespace tally::cli {

// Parses and runs one command; `args` without the program's name. Returns the exit code.
int RunTally(const std::vector<std::string>& args, Console& console);

}  // namespace tally::cli
