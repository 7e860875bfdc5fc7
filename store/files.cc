#include "store/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace tally::store {
namespace {

absl::Status FromErrno(int error, absl::string_view doing, const std::string& path) {
  const std::string what = absl::StrCat(doing, " ", path, ": ", std::strerror(error));
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(what);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(absl::StrCat(what, "; make room on that disk"));
    case ENOENT:
      return absl::NotFoundError(what);
    default:
      return absl::UnavailableError(what);
  }
}

std::string DirectoryOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

absl::Status WriteNew(const std::string& path, std::string_view content) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return FromErrno(errno, "writing", path);
  const absl::Cleanup closed = [fd] { close(fd); };
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno(errno, "writing", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : FromErrno(errno, "writing", path);
}

}  // namespace

absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, "opening", path);
  const absl::Cleanup closed = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : FromErrno(errno, "writing", path);
}

absl::Status WriteFileDurably(const std::string& path, std::string_view content) {
  const std::string partial = path + ".new";
  if (auto status = WriteNew(partial, content); !status.ok()) {
    unlink(partial.c_str());
    return status;
  }
  if (rename(partial.c_str(), path.c_str()) != 0) return FromErrno(errno, "writing", path);
  return SyncDirectory(DirectoryOf(path));
}

absl::StatusOr<std::optional<std::string>> ReadSmallFile(const std::string& path,
                                                         size_t bytes_max) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::optional<std::string>();
  if (fd < 0) return FromErrno(errno, "reading", path);
  const absl::Cleanup closed = [fd] { close(fd); };
  std::string content(bytes_max + 1, '\0');
  size_t bytes = 0;
  while (bytes < content.size()) {
    const ssize_t got = read(fd, content.data() + bytes, content.size() - bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, "reading", path);
    if (got == 0) break;
    bytes += static_cast<size_t>(got);
  }
  if (bytes > bytes_max) {
    return absl::DataLossError(absl::StrCat(path, " is longer than ", bytes_max, " bytes"));
  }
  content.resize(bytes);
  return std::optional<std::string>(std::move(content));
}

absl::Status RenameDurably(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    return FromErrno(errno, absl::StrCat("renaming ", from, " to"), to);
  }
  absl::Status status = SyncDirectory(DirectoryOf(to));
  if (DirectoryOf(from) != DirectoryOf(to)) status.Update(SyncDirectory(DirectoryOf(from)));
  return status;
}

absl::Status ExchangeDurably(const std::string& one, const std::string& other) {
  if (renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) {
    const int error = errno;
    const std::string doing = absl::StrCat("exchanging ", one, " and");
    if (error == EINVAL || error == ENOSYS) {
      return absl::UnimplementedError(absl::StrCat(doing, " ", other, ": ", strerror(error)));
    }
    return FromErrno(error, doing, other);
  }
  absl::Status status = SyncDirectory(DirectoryOf(one));
  if (DirectoryOf(one) != DirectoryOf(other)) status.Update(SyncDirectory(DirectoryOf(other)));
  return status;
}

}  // namespace tally::store
