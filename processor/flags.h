// How flags are declared: by name, each also as an environment variable.
#pragma once

#include <CLI/CLI.hpp>
#include <cctype>
#include <string>

namespace tally {

// "--topic-prefix" is TALLY_TOPIC_PREFIX.
inline std::string EnvironmentName(const std::string& flag) {
  std::string name = "TALLY_";
  for (const char c : flag.substr(2)) {
    name.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(c)));
  }
  return name;
}

template <typename T>
CLI::Option* Add(CLI::App& app, const char* group, const std::string& flag, T& value,
                 const std::string& help) {
  return app.add_option(flag, value, help)
      ->envname(EnvironmentName(flag))
      ->capture_default_str()
      ->group(group);
}

inline CLI::Option* AddSwitch(CLI::App& app, const char* group, const std::string& flag,
                              bool& value, const std::string& help) {
  return app.add_flag(flag, value, help)->envname(EnvironmentName(flag))->group(group);
}

}  // namespace tally
