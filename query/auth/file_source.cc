#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "query/auth/jwks_source.h"

namespace tally::query::auth {
namespace {

class FileSource final : public JwksSource {
 public:
  explicit FileSource(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::string> Read() override {
    // Opening a pipe would wait for whoever writes to it.
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path_, ignored)) {
      return absl::UnavailableError(absl::StrCat(path_, " is not a file that can be read"));
    }
    std::ifstream file(path_, std::ios::binary);
    std::string text(kJwksBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || (!file && !file.eof())) {
      return absl::UnavailableError(absl::StrCat(path_, " cannot be read"));
    }
    text.resize(static_cast<size_t>(file.gcount()));
    if (text.size() > kJwksBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, " is larger than ", kJwksBytesMax, " bytes"));
    }
    return text;
  }
  void Cancel() override {}
  const std::string& name() const override { return path_; }

 private:
  const std::string path_;
};

}  // namespace

std::unique_ptr<JwksSource> MakeFileSource(std::string path) {
  return std::make_unique<FileSource>(std::move(path));
}

}  // namespace tally::query::auth
