#include "tools/tally/console.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <streambuf>

namespace tally::cli {
namespace {

std::atomic<bool> process_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void OnSignal(int) { process_interrupted.store(true); }

void CatchSignals() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one has its default effect
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// std::cin's own buffer would wait on after a signal.
class StandardInput final : public std::streambuf {
 protected:
  int_type underflow() override {
    ssize_t bytes = 0;
    do {
      bytes = read(STDIN_FILENO, buffer_.data(), buffer_.size());
    } while (bytes < 0 && errno == EINTR && !process_interrupted.load());
    if (bytes <= 0) return traits_type::eof();
    setg(buffer_.data(), buffer_.data(), buffer_.data() + bytes);
    return traits_type::to_int_type(*gptr());
  }

 private:
  std::array<char, 1 << 16> buffer_;
};

bool ColorAllowed() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

}  // namespace

Console& ProcessConsole() {
  static StandardInput input;
  static std::istream in(&input);
  std::ios::sync_with_stdio(false);
  static Console console{in,
                         std::cout,
                         std::cerr,
                         isatty(STDOUT_FILENO) == 1 && ColorAllowed(),
                         isatty(STDERR_FILENO) == 1,
                         CatchSignals,
                         &process_interrupted};
  return console;
}

}  // namespace tally::cli
