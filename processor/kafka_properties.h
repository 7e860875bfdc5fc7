// librdkafka properties as users give them: --kafka-config, its environment variable, and a file.
// Nothing here repeats a value in a message: it may be a secret.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tally {

using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

// Whether a property's value must not be seen: passwords, keys, client secrets.
bool IsSecretKafkaProperty(std::string_view name);

// kInvalidArgument when a command line has --kafka-config with a secret: everybody on the machine
// reads command lines. `arguments`: all of them, without the program's name.
absl::Status RefuseSecretArguments(absl::Span<const std::string> arguments);

// "name=value" each. kInvalidArgument names the flag.
absl::StatusOr<KafkaProperties> ParseKafkaProperties(absl::Span<const std::string> texts);

struct KafkaPropertiesFile {
  KafkaProperties properties;
  std::string warning;  // it holds a secret and everybody may read it; "": nothing to say
};
// As of librdkafka's other clients (kcat -F): name=value lines, `#` begins a comment line, white
// space around names and values does not count. kInvalidArgument names file and line.
absl::StatusOr<KafkaPropertiesFile> ReadKafkaPropertiesFile(const std::string& path);

}  // namespace tally
