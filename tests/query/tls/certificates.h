// Certificates made on the spot: P-256 unless something else is asked for.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tally::testing {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

struct Issue {
  std::string name = "localhost";   // common name
  int valid_from_seconds = -3600;   // relative to now
  int valid_until_seconds = 86400;  // relative to now
  int rsa_bits = 0;                 // 0: an elliptic curve's key
};

// A certificate authority.
class Authority {
 public:
  explicit Authority(const std::string& name);
  Identity Make(const Issue& issue) const;
  const std::string& certificate_pem() const { return self_.certificate_pem; }

 private:
  Identity self_;
};

// The key, encrypted with a passphrase.
std::string Encrypted(const std::string& key_pem);

// A folder of this test's own, removed with all that is in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // (Over)writes; the path.
  std::string Write(const std::string& name, std::string_view content) const;
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace tally::testing
