// Where a command reads and writes. Data goes to `out`, messages to `err`. Handed in, so that
// tests can run commands without a terminal.
#pragma once

#include <atomic>
#include <istream>
#include <ostream>
#include <string_view>

namespace tally::cli {

// What the process ends with; also documented in `tally --help`.
enum ExitCode : int { kOk = 0, kFailure = 1, kUsage = 2, kUnchecked = 3 };

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_color = false;        // `out` is a terminal and NO_COLOR is not set
  bool err_is_terminal = false;  // animation is welcome
  // Called by commands that end in an orderly way on SIGINT and SIGTERM; from then on the first
  // signal sets `interrupted` and a second one ends the process. May be nullptr.
  void (*catch_signals)() = nullptr;
  const std::atomic<bool>* interrupted = nullptr;

  bool Interrupted() const { return interrupted != nullptr && interrupted->load(); }
  // One line to `err`: "tally: …".
  void Message(std::string_view text) { err << "tally: " << text << '\n' << std::flush; }
};

// The process's own streams. `in` ends when a caught signal arrives while it waits for input.
Console& ProcessConsole();

}  // namespace tally::cli
