#include "tools/tally/backup_manifest.h"

#include <rapidjson/document.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "store/files.h"
#include "tools/tally/json_output.h"

namespace tally::cli {
namespace {

constexpr int kVersion = 1;
constexpr size_t kBytesMax = size_t{64} << 20;

std::string PathOf(const std::string& directory) { return directory + "/BACKUP.json"; }

absl::Status Damaged(const std::string& directory) {
  return absl::DataLossError(
      absl::StrCat(PathOf(directory), " is damaged: this backup cannot be relied on"));
}

bool ReadText(const rapidjson::Value& object, const char* name, std::string* text) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsString()) return false;
  text->assign(member->value.GetString(), member->value.GetStringLength());
  return true;
}

bool ReadOffsets(const rapidjson::Value& object, Offsets* offsets) {
  const auto member = object.FindMember("nextOffsets");
  if (member == object.MemberEnd() || !member->value.IsObject()) return false;
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    const auto offset = member->value.FindMember(Json::TopicKey(topic));
    if (offset == member->value.MemberEnd() || !offset->value.IsInt64()) return false;
    (*offsets)[static_cast<size_t>(topic)] = offset->value.GetInt64();
  }
  return true;
}

bool ReadShard(const rapidjson::Value& object, BackedUpShard* shard) {
  if (!object.IsObject()) return false;
  const auto partition = object.FindMember("shard");
  if (partition == object.MemberEnd() || !partition->value.IsInt()) return false;
  shard->partition = partition->value.GetInt();
  return shard->partition >= 0 && ReadText(object, "lineage", &shard->lineage) &&
         ReadText(object, "digest", &shard->digest) && ReadOffsets(object, &shard->next_offsets);
}

bool ReadShards(const rapidjson::Document& document, std::vector<BackedUpShard>* shards) {
  const auto list = document.FindMember("shards");
  if (list == document.MemberEnd() || !list->value.IsArray()) return false;
  for (const auto& from : list->value.GetArray()) {
    if (!ReadShard(from, &shards->emplace_back())) return false;
  }
  return true;
}

}  // namespace

BackedUpShard Describe(int32_t partition, const StoreIdentity& identity) {
  return {.partition = partition,
          .lineage = store::EncodeLineage(identity.lineage),
          .next_offsets = identity.checkpoint.next_offsets,
          .digest = domain::ToHex(identity.checkpoint.digest)};
}

absl::Status CheckIdentity(const BackedUpShard& said, const StoreIdentity& found) {
  const BackedUpShard is = Describe(said.partition, found);
  const char* what = is.lineage != said.lineage             ? "another lineage"
                     : is.next_offsets != said.next_offsets ? "other offsets"
                     : is.digest != said.digest             ? "another digest"
                                                            : nullptr;
  if (what == nullptr) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the store has ", what, " than BACKUP.json says"));
}

absl::Status WriteManifest(const std::string& directory, const BackupManifest& manifest) {
  Json json;
  json.Open();
  json.Number("tallyBackup", kVersion);
  json.Text("created", absl::FormatTime(absl::RFC3339_sec, manifest.created, absl::UTCTimeZone()));
  json.OpenList("shards");
  for (const BackedUpShard& shard : manifest.shards) {
    json.Open();
    json.Number("shard", shard.partition);
    json.Offsets("nextOffsets", shard.next_offsets);
    json.Text("digest", shard.digest);
    json.ExactText("lineage", shard.lineage);
    json.Close();
  }
  json.CloseList();
  json.Close();
  return store::WriteFileDurably(PathOf(directory), json.Take());
}

absl::StatusOr<BackupManifest> ReadManifest(const std::string& directory) {
  auto text = store::ReadSmallFile(PathOf(directory), kBytesMax);
  if (!text.ok()) return text.status();
  if (!text->has_value()) {
    return absl::NotFoundError(absl::StrCat(
        directory, " is no whole backup: it has no BACKUP.json, which is written last"));
  }
  rapidjson::Document document;
  document.Parse((*text)->data(), (*text)->size());
  if (document.HasParseError() || !document.IsObject()) return Damaged(directory);
  const auto version = document.FindMember("tallyBackup");
  if (version == document.MemberEnd() || !version->value.IsInt()) return Damaged(directory);
  if (version->value.GetInt() != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " is a backup of version ", version->value.GetInt(),
                     ", this tally knows version ", kVersion, ": use the one that made it"));
  }
  BackupManifest manifest;
  std::string created;
  std::string error;
  if (!ReadText(document, "created", &created) ||
      !absl::ParseTime(absl::RFC3339_full, created, &manifest.created, &error) ||
      !ReadShards(document, &manifest.shards)) {
    return Damaged(directory);
  }
  return manifest;
}

}  // namespace tally::cli
