#include "processor/kafka_properties.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tally {
namespace {

constexpr std::streamsize kFileBytesMax = 1 << 20;
constexpr std::string_view kFlag = "--kafka-config";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Cuts off and returns what is before the first separator.
std::string_view Next(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view head = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return head;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// nullopt: no name=value.
std::optional<std::pair<std::string, std::string>> Split(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = Trim(text.substr(0, equals));
  if (name.empty()) return std::nullopt;
  return std::pair(std::string(name), std::string(Trim(text.substr(equals + 1))));
}

absl::Status RefuseSecrets(std::string_view properties) {
  while (!properties.empty()) {
    std::string_view property = Next(properties, ';');
    const std::string name(Trim(Next(property, '=')));
    if (!IsSecretKafkaProperty(name)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        std::string(kFlag), " ", name,
        " is a secret, and everybody on this machine can read command lines: put it into a file "
        "(--kafka-config-file) or into the environment (TALLY_KAFKA_CONFIG)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(static_cast<size_t>(kFileBytesMax) + 1, '\0');
  if (file) file.read(content.data(), kFileBytesMax + 1);
  if (!file.eof()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--kafka-config-file ", path,
        file ? " is too large for one" : " cannot be read; check that it exists and may be read"));
  }
  content.resize(static_cast<size_t>(file.gcount()));
  return content;
}

// Group-readable is how Kubernetes hands a secret to a process that is not root.
bool EverybodyReads(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0;
}

}  // namespace

bool IsSecretKafkaProperty(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(absl::string_view(name.data(), name.size()));
  return Contains(lower, "password") || Contains(lower, "secret") || lower == "ssl.key.pem" ||
         lower == "ssl_key" || lower == "sasl.oauthbearer.config" || lower == "sasl.jaas.config";
}

absl::Status RefuseSecretArguments(absl::Span<const std::string> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view rest = arguments[i];
    if (Next(rest, '=') != kFlag) continue;
    if (arguments[i] == kFlag && i + 1 < arguments.size()) rest = arguments[i + 1];
    if (absl::Status status = RefuseSecrets(rest); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<KafkaProperties> ParseKafkaProperties(absl::Span<const std::string> texts) {
  KafkaProperties properties;
  for (const std::string& text : texts) {
    auto property = Split(text);
    if (!property.has_value()) return absl::InvalidArgumentError("--kafka-config needs NAME=VALUE");
    properties.push_back(*std::move(property));
  }
  return properties;
}

absl::StatusOr<KafkaPropertiesFile> ReadKafkaPropertiesFile(const std::string& path) {
  const auto content = ReadFile(path);
  if (!content.ok()) return content.status();
  KafkaPropertiesFile file;
  bool secret = false;
  std::string_view rest = *content;
  for (int number = 1; !rest.empty(); ++number) {
    const std::string_view line = Trim(Next(rest, '\n'));
    if (line.empty() || line.front() == '#') continue;
    auto property = Split(line);
    if (!property.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--kafka-config-file ", path, ":", number, ": needs name=value"));
    }
    secret = secret || IsSecretKafkaProperty(property->first);
    file.properties.push_back(*std::move(property));
  }
  if (secret && EverybodyReads(path)) {
    file.warning = absl::StrCat("--kafka-config-file ", path,
                                " holds a secret and can be read by every user of this machine; "
                                "chmod o= it");
  }
  return file;
}

}  // namespace tally
