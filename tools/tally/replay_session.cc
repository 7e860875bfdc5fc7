#include "tools/tally/replay_session.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/hash_key_file.h"
#include "processor/kafka/dead_letter_tail.h"
#include "processor/kafka/kafka_log_source.h"
#include "processor/log_check.h"
#include "processor/log_proof.h"

namespace tally::cli {

ReplaySession::ReplaySession(ReplayFlags flags, KafkaSession session)
    : flags_(std::move(flags)), session_(std::move(session)) {}

absl::StatusOr<std::unique_ptr<ReplaySession>> ReplaySession::Connect(const ReplayFlags& flags) {
  std::optional<domain::HashKey> key;
  if (!flags.hash_key_file.empty()) {
    auto read = ReadHashKeyFile(flags.hash_key_file);
    if (!read.ok()) return read.status();
    key = *read;
  }
  auto session = cli::Connect(flags.kafka);
  if (!session.ok()) return session.status();
  std::unique_ptr<ReplaySession> made(new ReplaySession(flags, *std::move(session)));
  made->hash_key_ = key;
  return made;
}

domain::HashKey ReplaySession::KeyFor(const store::Lineage& lineage) const {
  if (hash_key_) return *hash_key_;
  return domain::HashKey::Derived(session_.cluster_id, lineage.topic_prefix);
}

absl::Status ReplaySession::CheckLineage(const store::Lineage& lineage) const {
  if (lineage.fold_version != store::kFoldVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("its state was made by fold version ", lineage.fold_version,
                     "; this tally folds by version ", store::kFoldVersion,
                     ": use the one that came with its tallyd"));
  }
  if (lineage.cluster_id != session_.cluster_id) {
    return absl::FailedPreconditionError(
        absl::StrCat("its state is of the log of cluster ", lineage.cluster_id,
                     ", the brokers are of cluster ", session_.cluster_id, ": check --brokers"));
  }
  if (lineage.hash_key_fingerprint != KeyFor(lineage).Fingerprint()) {
    return absl::FailedPreconditionError(
        hash_key_ ? "its participants were hashed with another key: check --hash-key-file"
                  : "its participants were hashed with a key of its own: give --hash-key-file");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LogRange>> ReplaySession::Ranges(const store::Lineage& lineage) const {
  const auto names = InputTopics(lineage.topic_prefix);
  auto topics = session_.admin->DescribeTopics(names, flags_.kafka.timeout);
  if (!topics.ok()) return topics.status();
  std::vector<LogRange> ranges;
  for (const TopicInfo& topic : *topics) {
    if (topic.partitions <= lineage.partition) {
      return absl::NotFoundError(
          topic.partitions == 0
              ? absl::StrCat("topic ", topic.name, " does not exist")
              : absl::StrCat("topic ", topic.name, " has ", topic.partitions, " partitions"));
    }
    auto all = session_.admin->Ranges(topic.name, topic.partitions, flags_.kafka.timeout);
    if (!all.ok()) return all.status();
    ranges.push_back((*all)[static_cast<size_t>(lineage.partition)]);
  }
  return ranges;
}

absl::Status ReplaySession::CheckSameLog(const store::Lineage& lineage,
                                         const CheckpointRow& checkpoint) const {
  const LogQuestion question{.partition = lineage.partition,
                             .next = checkpoint.next_offsets,
                             .remembered = checkpoint.remembered};
  return CompareWithLog(*session_.admin, lineage.topic_prefix, {&question, 1}, flags_.kafka.timeout)
      .front()
      .status;
}

absl::StatusOr<Offsets> ReplaySession::LettersWrittenBelow(const store::Lineage& lineage) const {
  const auto names = InputTopics(lineage.topic_prefix);
  Offsets below{};
  for (size_t topic = 0; topic < names.size(); ++topic) {
    auto written = kafka::DeadLettersWrittenBelow(*session_.admin, names[topic], lineage.partition,
                                                  flags_.kafka.timeout);
    if (!written.ok()) return written.status();
    below[topic] = *written;
  }
  return below;
}

ReplayOptions ReplaySession::Plan(const store::Lineage& lineage, const Offsets& until,
                                  const std::string& path,
                                  const std::function<bool(int64_t)>& progress) const {
  ReplayOptions options{.lineage = lineage,
                        .until = until,
                        .hash_key = KeyFor(lineage),
                        .path = path,
                        .memory_bytes = flags_.memory_bytes,
                        .make_source = {},
                        .progress = progress};
  options.stall_max = std::max(options.stall_max, flags_.kafka.timeout);
  options.make_source = [config = session_.config, prefix = lineage.topic_prefix](
                            size_t queue_bytes_max) -> absl::StatusOr<std::unique_ptr<LogSource>> {
    kafka::ClientConfig with_queue = config;
    with_queue.queue_bytes_max = queue_bytes_max;
    return kafka::KafkaLogSource::Create(with_queue, prefix);
  };
  return options;
}

absl::StatusOr<std::unique_ptr<ScratchDirectory>> ScratchDirectory::Make(
    const std::string& parent) {
  std::error_code error;
  std::filesystem::path in = parent;
  if (parent.empty()) in = std::filesystem::temp_directory_path(error);
  std::string path = (in / "tally-scratch-XXXXXX").string();
  if (error || mkdtemp(path.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot make a scratch directory in ", in.string(),
                                               ": ", error ? error.message() : strerror(errno)));
  }
  return std::unique_ptr<ScratchDirectory>(new ScratchDirectory(std::move(path)));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tally::cli
