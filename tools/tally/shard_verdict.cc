#include "tools/tally/shard_verdict.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "processor/shard_store.h"
#include "tools/tally/json_output.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

constexpr size_t kRowsAtOnce = 4'096;
constexpr size_t kMemoryBytes = size_t{256} << 20;

std::string Count(uint64_t number) { return GroupDigits(absl::StrCat(number)); }

const char* NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEqual:
      return "equal";
    case Verdict::kDiffers:
      return "differs";
    case Verdict::kUnchecked:
      break;
  }
  return "unchecked";
}

absl::Status CheckVersion(const store::Lineage& lineage) {
  if (lineage.state_format_version == store::kStateFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("state format ", lineage.state_format_version, "; this tally reads format ",
                   store::kStateFormatVersion, ": use the one that came with its tallyd"));
}

absl::Status LookAtRows(const store::Snapshot& snapshot, const RowsProgress& progress,
                        StoreCheck& check, ShardVerdict* verdict) {
  auto lineage = ReadLineage(snapshot);
  if (!lineage.ok()) return lineage.status();
  verdict->lineage = *std::move(lineage);
  if (auto status = CheckVersion(*verdict->lineage); !status.ok()) return status;
  auto checkpoint = ReadCheckpoint(snapshot);
  if (!checkpoint.ok()) return checkpoint.status();
  verdict->checkpoint = *checkpoint;
  for (;;) {
    auto more = check.Step(kRowsAtOnce);
    verdict->rows = check.rows();
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (!progress(check.rows())) return absl::CancelledError("interrupted");
  }
  verdict->scan = check.scan();
  return absl::OkStatus();
}

std::string OffsetsText(const Offsets& offsets) {
  return absl::StrCat(offsets[0], "/", offsets[1], "/", offsets[2]);
}

bool AnyReplayed(const std::vector<ShardVerdict>& shards) {
  return std::any_of(shards.begin(), shards.end(),
                     [](const ShardVerdict& shard) { return shard.log_digest.has_value(); });
}

std::string DigestText(const std::optional<domain::Digest>& digest) {
  return digest ? domain::ToHex(*digest) : "-";
}

Table VerdictTable(const std::vector<ShardVerdict>& shards) {
  std::vector<Column> columns = {{"shard", Align::kRight},
                                 {"result"},
                                 {"at offsets"},
                                 {"events", Align::kRight},
                                 {"participants", Align::kRight},
                                 {"rows looked at", Align::kRight},
                                 {"digest of the rows"}};
  const bool replayed = AnyReplayed(shards);
  if (replayed) columns.push_back({"digest of the log"});
  Table table(std::move(columns));
  for (const ShardVerdict& shard : shards) {
    const auto& checkpoint = shard.checkpoint;
    std::vector<std::string> cells = {
        absl::StrCat(shard.partition),
        shard.verdict == Verdict::kDiffers ? "DIFFERS" : NameOf(shard.verdict),
        checkpoint ? OffsetsText(checkpoint->next_offsets) : "-",
        checkpoint ? Count(checkpoint->events) : "-",
        checkpoint ? Count(checkpoint->participants) : "-",
        Count(shard.rows),
        shard.scan ? domain::ToHex(shard.scan->digest) : "-"};
    if (replayed) cells.push_back(DigestText(shard.log_digest));
    table.AddRow(std::move(cells));
  }
  return table;
}

void AppendFindings(const ShardVerdict& shard, std::string* text) {
  for (const Finding& finding : shard.findings) {
    absl::StrAppend(text, "shard ", shard.partition, ", ", Printable(ToText(finding)), "\n");
  }
  if (shard.findings_count > shard.findings.size()) {
    absl::StrAppend(text, "shard ", shard.partition, ": and ",
                    Count(shard.findings_count - shard.findings.size()), " more\n");
  }
  if (!shard.why.empty()) {
    absl::StrAppend(text, "shard ", shard.partition, " ", NameOf(shard.verdict), ": ",
                    Printable(shard.why), "\n");
  }
}

void WriteFinding(const Finding& finding, Json& json) {
  const auto text_or_null = [&json](const char* name, const std::string& text) {
    if (text.empty()) return json.Null(name);
    json.Text(name, text);
  };
  json.Open();
  text_or_null("eventId", finding.event_id);
  text_or_null("row", finding.row);
  text_or_null("field", finding.field);
  json.Text("stored", finding.stored);
  json.Text("expected", finding.expected);
  json.Close();
}

void WriteVerdict(const ShardVerdict& shard, Json& json) {
  json.Open();
  json.Number("shard", shard.partition);
  json.Text("result", NameOf(shard.verdict));
  if (shard.why.empty()) {
    json.Null("reason");
  } else {
    json.Text("reason", shard.why);
  }
  if (shard.checkpoint) {
    json.Offsets("nextOffsets", shard.checkpoint->next_offsets);
    json.Text("storedDigest", domain::ToHex(shard.checkpoint->digest));
  }
  if (shard.lineage) json.Offsets("logBase", shard.lineage->log_base);
  if (shard.scan) json.Text("rowsDigest", domain::ToHex(shard.scan->digest));
  if (shard.log_digest) json.Text("logDigest", domain::ToHex(*shard.log_digest));
  json.Number("rows", static_cast<domain::Int128>(shard.rows));
  json.Number("differences", static_cast<domain::Int128>(shard.findings_count));
  json.OpenList("firstDifferences");
  for (const Finding& finding : shard.findings) WriteFinding(finding, json);
  json.CloseList();
  json.Close();
}

}  // namespace

Verdict VerdictOf(const absl::Status& status) {
  if (status.ok()) return Verdict::kEqual;
  return absl::IsDataLoss(status) ? Verdict::kDiffers : Verdict::kUnchecked;
}

void CheckRows(const store::Snapshot& snapshot, size_t findings_max, const RowsProgress& progress,
               ShardVerdict* verdict) {
  StoreCheck check(snapshot, {.memory_bytes = kMemoryBytes, .findings_kept_max = findings_max});
  const absl::Status status = LookAtRows(snapshot, progress, check, verdict);
  verdict->why = std::string(status.message());
  verdict->verdict = VerdictOf(status);
  verdict->findings = check.findings().kept();
  verdict->findings_count = check.findings().count();
  if (verdict->findings_count > 0) verdict->verdict = Verdict::kDiffers;
}

Verdict Worst(const std::vector<ShardVerdict>& shards) {
  const auto any = [&shards](Verdict verdict) {
    return std::any_of(shards.begin(), shards.end(),
                       [verdict](const ShardVerdict& shard) { return shard.verdict == verdict; });
  };
  if (any(Verdict::kDiffers)) return Verdict::kDiffers;
  return shards.empty() || any(Verdict::kUnchecked) ? Verdict::kUnchecked : Verdict::kEqual;
}

std::string VerdictsText(const std::string& data_dir, const std::vector<ShardVerdict>& shards,
                         bool color) {
  std::string text =
      absl::StrCat("data directory ", Printable(data_dir), ", ", shards.size(),
                   shards.size() == 1 ? " shard: " : " shards: ", NameOf(Worst(shards)), "\n");
  if (const Table table = VerdictTable(shards); !table.empty()) {
    absl::StrAppend(&text, "\n", table.Render(color));
  }
  std::string findings;
  for (const ShardVerdict& shard : shards) AppendFindings(shard, &findings);
  if (!findings.empty()) absl::StrAppend(&text, "\n", findings);
  return text;
}

std::string VerdictsJson(const std::string& data_dir, const std::vector<ShardVerdict>& shards) {
  Json json;
  json.Open();
  json.Text("dataDir", data_dir);
  json.Text("result", NameOf(Worst(shards)));
  json.OpenList("shards");
  for (const ShardVerdict& shard : shards) WriteVerdict(shard, json);
  json.CloseList();
  json.Close();
  return json.Take();
}

}  // namespace tally::cli
