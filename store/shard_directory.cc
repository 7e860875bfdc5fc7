#include "store/shard_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tally::store {
namespace {

constexpr std::string_view kFormatHead = "tally data directory\nlayout ";
constexpr size_t kFileBytesMax = 1024 * 1024;
constexpr int32_t kPartitionMax = 99'999;

std::string FormatPath(const std::string& path) { return path + "/FORMAT"; }
std::string LockPath(const std::string& path) { return path + "/LOCK"; }
std::string ShardsPath(const std::string& path) { return path + "/SHARDS"; }

absl::Status FromErrno(int error, const std::string& path, absl::string_view doing) {
  const std::string what =
      absl::StrCat("data directory ", path, ": ", doing, ": ", std::strerror(error));
  switch (error) {
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(absl::StrCat(
          what, "; give the user that runs this access to it, or choose another --data-dir"));
    case EROFS:
      return absl::PermissionDeniedError(
          absl::StrCat(what, "; mount it for writing, or choose another --data-dir"));
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(absl::StrCat(what, "; make room on that disk"));
    case ENOTDIR:
    case EEXIST:
      return absl::FailedPreconditionError(
          absl::StrCat("data directory ", path,
                       " is not a directory (or a part of its path is none); choose another "
                       "--data-dir"));
    case ENOENT:
      return absl::NotFoundError(what);
    default:
      return absl::UnavailableError(what);
  }
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Like mkdir -p.
absl::Status MakeDirectory(const std::string& path) {
  for (size_t end = 1; end <= path.size(); ++end) {
    if (end != path.size() && path[end] != '/') continue;
    if (mkdir(path.substr(0, end).c_str(), 0750) == 0) continue;
    struct stat info {};
    const int error = errno;
    if (stat(path.substr(0, end).c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
    return FromErrno(error, path, "making it");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ListNames(const std::string& path) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return FromErrno(errno, path, "reading it");
  std::vector<std::string> names;
  while (const dirent* entry = readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(dir);
  return names;
}

// nullopt: no such file.
absl::StatusOr<std::optional<std::string>> ReadSmallFile(const std::string& path,
                                                         const std::string& file) {
  const File in(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.fd() < 0 && errno == ENOENT) return std::optional<std::string>();
  if (in.fd() < 0) return FromErrno(errno, path, absl::StrCat("opening ", file));
  std::string content(kFileBytesMax, '\0');
  const ssize_t bytes = read(in.fd(), content.data(), content.size());
  if (bytes < 0) return FromErrno(errno, path, absl::StrCat("reading ", file));
  content.resize(static_cast<size_t>(bytes));
  return std::optional<std::string>(std::move(content));
}

absl::Status WriteAndSync(const File& out, std::string_view content, const std::string& path) {
  const ssize_t bytes = write(out.fd(), content.data(), content.size());
  if (bytes != static_cast<ssize_t>(content.size())) {
    return FromErrno(bytes < 0 ? errno : ENOSPC, path, "writing to it");
  }
  return fsync(out.fd()) == 0 ? absl::OkStatus() : FromErrno(errno, path, "writing to it");
}

// `file` in the directory `path`: all of the content or what was there before, also after a crash.
absl::Status WriteDurably(const std::string& path, const std::string& file,
                          std::string_view content) {
  const std::string made = file + ".new";
  {
    const File out(open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (out.fd() < 0) return FromErrno(errno, path, "writing to it");
    if (absl::Status status = WriteAndSync(out, content, path); !status.ok()) return status;
  }
  if (rename(made.c_str(), file.c_str()) != 0) return FromErrno(errno, path, "writing to it");
  const File dir(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.fd() < 0 || fsync(dir.fd()) != 0) return FromErrno(errno, path, "writing to it");
  return absl::OkStatus();
}

absl::Status WriteFormat(const std::string& path) {
  return WriteDurably(path, FormatPath(path),
                      absl::StrCat(absl::string_view(kFormatHead.data(), kFormatHead.size()),
                                   kLayoutVersion, "\n"));
}

absl::Status CheckFormat(const std::string& path, std::string_view content) {
  uint32_t layout = 0;
  bool readable = content.starts_with(kFormatHead);
  if (readable) {
    content.remove_prefix(kFormatHead.size());
    const auto [end, error] =
        std::from_chars(content.data(), content.data() + content.size(), layout);
    readable = error == std::errc() && end != content.data() + content.size() && *end == '\n';
  }
  if (!readable) {
    return absl::FailedPreconditionError(
        absl::StrCat("data directory ", path, ": ", FormatPath(path),
                     " is damaged or not of Tally; choose another --data-dir"));
  }
  if (layout == kLayoutVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("data directory ", path, " has layout ", layout, ", this binary knows layout ",
                   kLayoutVersion, " only: use the ", layout > kLayoutVersion ? "newer" : "older",
                   " version of Tally that made it, or choose another --data-dir"));
}

// Without FORMAT, a directory is taken only if there is nothing of anybody else's in it.
absl::Status CheckForeign(const std::string& path) {
  const absl::StatusOr<std::vector<std::string>> names = ListNames(path);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (name == "lost+found" || name == "LOCK" || name == "FORMAT.new") continue;
    return absl::FailedPreconditionError(
        absl::StrCat("data directory ", path, " is not empty (there is ", name,
                     ") and no Tally data directory (there is no FORMAT): choose an empty or new "
                     "directory as --data-dir"));
  }
  return absl::OkStatus();
}

// Whether it is a Tally data directory already.
absl::StatusOr<bool> CheckContent(const std::string& path) {
  const absl::StatusOr<std::optional<std::string>> format = ReadSmallFile(path, FormatPath(path));
  if (!format.ok()) return format.status();
  absl::Status status = format->has_value() ? CheckFormat(path, **format) : CheckForeign(path);
  if (!status.ok()) return status;
  return format->has_value();
}

absl::Status InUse(const std::string& path) {
  const absl::StatusOr<std::optional<std::string>> pid = ReadSmallFile(path, LockPath(path));
  std::string who = "another process";
  if (pid.ok() && pid->has_value() && !(*pid)->empty()) {
    who = absl::StrCat("process ", (*pid)->substr(0, (*pid)->find('\n')));
  }
  return absl::FailedPreconditionError(absl::StrCat("data directory ", path, " is in use by ", who,
                                                    ": stop it, or choose another --data-dir"));
}

absl::StatusOr<int> Lock(const std::string& path) {
  File lock(open(LockPath(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (lock.fd() < 0) return FromErrno(errno, path, "writing to it");
  if (flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return InUse(path);
    return FromErrno(errno, path, "locking it");
  }
  if (ftruncate(lock.fd(), 0) != 0) return FromErrno(errno, path, "writing to it");
  absl::Status status = WriteAndSync(lock, absl::StrCat(getpid(), "\n"), path);
  if (!status.ok()) return status;
  return lock.Release();
}

absl::Status CheckIsDirectory(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return FromErrno(errno, path, "reading it");
    return absl::NotFoundError(
        absl::StrCat("data directory ", path, " does not exist; check --data-dir"));
  }
  return S_ISDIR(info.st_mode) ? absl::OkStatus() : FromErrno(ENOTDIR, path, "");
}

absl::Status CheckReadOnly(const std::string& path) {
  if (absl::Status status = CheckIsDirectory(path); !status.ok()) return status;
  const absl::StatusOr<std::optional<std::string>> format = ReadSmallFile(path, FormatPath(path));
  if (!format.ok()) return format.status();
  if (format->has_value()) return CheckFormat(path, **format);
  return absl::NotFoundError(
      absl::StrCat(path, " is no Tally data directory (there is no FORMAT); check --data-dir"));
}

std::optional<int32_t> ParseShardName(std::string_view name) {
  constexpr std::string_view kPrefix = "shard-";
  if (name.size() != kPrefix.size() + 5 || !name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  int32_t partition = 0;
  std::from_chars(name.data(), name.data() + name.size(), partition);
  return partition;
}

}  // namespace

DataDir::DataDir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

DataDir& DataDir::operator=(DataDir&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_fd_, other.lock_fd_);
  return *this;
}

DataDir::~DataDir() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

absl::StatusOr<DataDir> DataDir::Open(const std::string& given, DataDirMode mode) {
  std::string path = given;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty()) return absl::FailedPreconditionError("the data directory's name is empty");
  if (mode == DataDirMode::kReadOnly) {
    if (absl::Status status = CheckReadOnly(path); !status.ok()) return status;
    return DataDir(std::move(path), -1);
  }
  if (absl::Status status = MakeDirectory(path); !status.ok()) return status;
  // Before the lock: nothing is to be written into a directory of somebody else's.
  absl::StatusOr<bool> formatted = CheckContent(path);
  if (!formatted.ok()) return formatted.status();
  absl::StatusOr<int> lock_fd = Lock(path);
  if (!lock_fd.ok()) return lock_fd.status();
  DataDir dir(std::move(path), *lock_fd);
  // Again: another process may have made it or filled it meanwhile.
  formatted = CheckContent(dir.path_);
  if (!formatted.ok()) return formatted.status();
  if (!*formatted) {
    if (absl::Status status = WriteFormat(dir.path_); !status.ok()) return status;
  }
  return dir;
}

std::string DataDir::ShardPath(int32_t partition) const {
  assert(partition >= 0 && partition <= kPartitionMax);
  return absl::StrFormat("%s/shard-%05d", path_, partition);
}

absl::StatusOr<std::vector<int32_t>> DataDir::ListShards() const {
  const absl::StatusOr<std::vector<std::string>> names = ListNames(path_);
  if (!names.ok()) return names.status();
  std::vector<int32_t> partitions;
  for (const std::string& name : *names) {
    struct stat info {};
    const std::optional<int32_t> partition = ParseShardName(name);
    if (!partition.has_value()) continue;
    if (stat((path_ + "/" + name).c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      partitions.push_back(*partition);
    }
  }
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

absl::Status DataDir::ExpectShards(const std::vector<int32_t>& partitions) const {
  const std::string content = absl::StrCat(absl::StrJoin(partitions, " "), "\n");
  const std::string file = ShardsPath(path_);
  const absl::StatusOr<std::optional<std::string>> before = ReadSmallFile(path_, file);
  if (before.ok() && *before == content) return absl::OkStatus();
  absl::Status status = WriteDurably(path_, file, content);
  if (!status.ok()) unlink(file.c_str());
  return status;
}

absl::StatusOr<std::optional<std::vector<int32_t>>> DataDir::ExpectedShards() const {
  const std::string file = ShardsPath(path_);
  const absl::StatusOr<std::optional<std::string>> content = ReadSmallFile(path_, file);
  if (!content.ok()) return content.status();
  if (!content->has_value()) return std::optional<std::vector<int32_t>>();
  const absl::Status damaged =
      absl::DataLossError(absl::StrCat(file, " is damaged; tallyd writes it anew when it starts"));
  if (!absl::EndsWith(**content, "\n")) return damaged;
  std::vector<int32_t> partitions;
  for (const absl::string_view word :
       absl::StrSplit(**content, absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    int32_t partition = 0;
    if (!absl::SimpleAtoi(word, &partition) || partition < 0 || partition > kPartitionMax) {
      return damaged;
    }
    partitions.push_back(partition);
  }
  std::sort(partitions.begin(), partitions.end());
  return std::optional<std::vector<int32_t>>(std::move(partitions));
}

}  // namespace tally::store
