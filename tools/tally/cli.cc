#include "tools/tally/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <optional>

#include "absl/time/time.h"
#include "processor/kafka_properties.h"
#include "tools/tally/backup.h"
#include "tools/tally/dlq.h"
#include "tools/tally/generate.h"
#include "tools/tally/get.h"
#include "tools/tally/inspect.h"
#include "tools/tally/load.h"
#include "tools/tally/rebuild.h"
#include "tools/tally/topics.h"
#include "tools/tally/verify.h"

namespace tally::cli {
namespace {

constexpr char kDescription[] =
    "tally - works with Tally, the live analytics of marketing events: makes topics, sends\n"
    "records, asks a running tallyd, looks into its data directory and its dead letters.";
constexpr char kFooter[] =
    "Data goes to standard output, messages to standard error.\n"
    "Exit codes: 0 done, 1 it failed (the message says why), 2 the command line is wrong;\n"
    "tally verify also ends with 3 when it could not check everything.\n"
    "NO_COLOR is honoured; TALLY_LOG_LEVEL=info shows what the Kafka client logs.\n"
    "Every sub-command explains itself: tally load --help";

constexpr char kTopicsExample[] =
    "Makes <prefix>event.created, <prefix>participant.registered, <prefix>distribution.completed\n"
    "and a dead-letter topic (.dlq) for each, with unlimited retention: the topics are the\n"
    "history. Those that exist with the same number of partitions are left alone.\n\n"
    "Example:\n"
    "  tally topics create --brokers localhost:9092 --partitions 12";
constexpr char kLoadSampleExample[] =
    "Three events of two users with 180 participants, all sent at once. Ends with the records per\n"
    "topic and the positions after them.\n\n"
    "Example:\n"
    "  tally load-sample --brokers localhost:9092\n"
    "  tally get event evt-1";
constexpr char kLoadExample[] =
    "One JSON object a line:\n"
    "  {\"topic\":\"sample.event.created\",\"key\":\"evt-1\",\"value\":{...}}\n"
    "  topic        the full name\n"
    "  key          a string, or null for none\n"
    "  value        an object is sent as its JSON text as it stands, a string as its bytes, null\n"
    "               is a tombstone; or valueBase64 for bytes that are not text\n"
    "  headers      optional, an object of strings or nulls\n"
    "  timestamp    optional, milliseconds since 1970; otherwise the time of sending\n"
    "  partition    optional; otherwise by key, with the partitioner\n"
    "A bad line is named and stops the load; what was sent before stays and is said. The "
    "summary's\n"
    "last line is a value for the Tally-Min-Position header (tally get --min-position).\n\n"
    "Examples:\n"
    "  tally load records.jsonl --brokers localhost:9092\n"
    "  zcat records.jsonl.gz | tally load - --brokers localhost:9092";
constexpr char kGenerateExample[] =
    "The same options give the same records, byte for byte. Names are g<seed>-evt-<n>,\n"
    "g<seed>-user-<n> and g<seed>-p<n>, so loads of different seeds do not meet.\n\n"
    "Examples:\n"
    "  tally generate --brokers localhost:9092 --events 1000 --participants 1000000 --skew 1\n"
    "  tally generate --duplicates 0.1 --resent 0.2 --output - | tally load - --brokers ...";
constexpr char kGetExample[] =
    "Examples:\n"
    "  tally get event evt-1\n"
    "  tally get event evt-1 --start-date 2026-01-01 --end-date 2026-02-01\n"
    "  tally get user user-1 --sort-by roi --size 5\n"
    "  tally get event evt-1 --json | jq .summary\n"
    "  tally get event evt-1 --min-position sample.event.created/3@17";
constexpr char kInspectExample[] =
    "Reads only, and may run beside a tallyd that uses the directory; each shard is shown as of "
    "its\n"
    "last checkpoint. Equal digests at equal offsets mean equal state.\n\n"
    "Examples:\n"
    "  tally inspect --data-dir data\n"
    "  tally inspect --data-dir data --event evt-1\n"
    "  tally inspect --data-dir data --scan --json";
constexpr char kVerifyExample[] =
    "Looks at every row: its checksum, whether it belongs to what there is, whether sums are the\n"
    "sums of their rows, and whether all rows together have the digest that the checkpoint says.\n"
    "Reads only, and may run beside a tallyd that uses the directory; each shard is checked as of\n"
    "its last checkpoint.\n"
    "With --against-log the topics are read again, to exactly the stored offsets, into a scratch\n"
    "store, by the code that tallyd runs. Where digests differ, the rows that differ are named "
    "with\n"
    "both values. Topics, partitioner and input UTC offset are the store's; no dead letters are\n"
    "written. It needs room for the biggest shard, and reads all its history.\n"
    "What cannot be checked: a log whose start retention has removed; what lies before an "
    "accepted\n"
    "log base.\n"
    "Exit codes: 0 all of it is right, 1 something differs (what, is listed), 2 the command line\n"
    "is wrong, 3 nothing differs, but not all could be checked (what and why, is said).\n\n"
    "Examples:\n"
    "  tally verify --data-dir data\n"
    "  tally verify --data-dir data --against-log --brokers localhost:9092\n"
    "  tally verify --data-dir data --shard 3 --json | jq '.shards[].firstDifferences'";
constexpr char kRebuildExample[] =
    "For a store that is wrong, damaged, of an older version, or of topics that were made again.\n"
    "tallyd must have ended. Every shard is made anew beside the old one, by the code that tallyd\n"
    "runs, to the old one's offsets (to the log's end where those cannot be used); it is checked "
    "and\n"
    "then takes the old one's place in one step. The old one is kept as shard-N.old. Settings are\n"
    "the old store's. Where retention has removed the topics' start nothing is changed: see\n"
    "tally restore.\n\n"
    "Examples:\n"
    "  tally rebuild --data-dir data --brokers localhost:9092\n"
    "  tally rebuild --data-dir data --shard 3 --brokers localhost:9092\n"
    "  tally rebuild --data-dir data --delete-old      (when all is well)";
constexpr char kBackupExample[] =
    "Copies every shard as of one of its checkpoints, row by row, and looks at every row of the\n"
    "copy; also beside a running tallyd. Also to another file system. The backup is a data\n"
    "directory with BACKUP.json (lineages, offsets, digests), which is written last: tally "
    "inspect\n"
    "and tally verify read it.\n\n"
    "Example:\n"
    "  tally backup --data-dir data --to /backups/2026-11-22";
constexpr char kRestoreExample[] =
    "Into a directory that no tallyd uses. A shard that is there already is never replaced: move\n"
    "it away. Every row is looked at before the shard is put in place. tallyd then goes on from "
    "the\n"
    "backup's offsets, which the topics must still reach back to.\n\n"
    "Examples:\n"
    "  tally restore --from /backups/2026-11-22 --data-dir data\n"
    "  tally restore --from /backups/2026-11-22 --data-dir data --shard 3";
constexpr char kDlqExample[] =
    "Records that tallyd refused, counted by topic and reason. One that was written more than "
    "once\n"
    "(dead letters are at-least-once) counts once; the others are 'repeated'.\n\n"
    "Examples:\n"
    "  tally dlq list --brokers localhost:9092\n"
    "  tally dlq list --details --json | jq '.letters[].detail'";

class CommandLine {
 public:
  explicit CommandLine(Console& console) : console_(console), app_(kDescription, "tally") {
    app_.footer(kFooter);
    app_.set_version_flag("--version", "tally " TALLY_VERSION);
    app_.require_subcommand(1);
    AddTopics();
    AddLoadSample();
    AddLoad();
    AddGenerate();
    AddGet();
    AddInspect();
    AddVerify();
    AddRebuild();
    AddBackup();
    AddRestore();
    AddDlq();
  }

  int Run(std::vector<std::string> args) {
    if (const absl::Status status = RefuseSecretArguments(args); !status.ok()) {
      return Usage(std::string(status.message()));
    }
    std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
    try {
      app_.parse(args);
    } catch (const CLI::Success& wanted) {  // --help, --version
      return app_.exit(wanted, console_.out, console_.err);
    } catch (const CLI::ParseError& error) {
      return Usage(error.what());
    }
    return run_();
  }

 private:
  int Usage(const std::string& what) {
    const CLI::App* command = &app_;
    std::string name = "tally";
    while (!command->get_subcommands().empty()) {
      command = command->get_subcommands().front();
      name += " " + command->get_name();
    }
    console_.Message(what);
    console_.Message("see " + name + " --help");
    return kUsage;
  }

  CLI::App* Command(CLI::App& parent, const std::string& name, const std::string& description,
                    const std::string& footer, std::function<int()> run) {
    CLI::App* command = parent.add_subcommand(name, description);
    command->footer(footer);
    command->callback([this, run = std::move(run)] { run_ = run; });
    return command;
  }

  // For commands that make a store anew; `when`: the flag that makes them do so, or nullptr.
  void AddReplay(CLI::App* command, ReplayFlags* flags, CLI::Option* when) {
    AddConnection(command, &flags->kafka);
    command
        ->add_option("--hash-key-file", flags->hash_key_file,
                     "the key that hides participants' ids; without it the key is derived")
        ->envname("TALLY_HASH_KEY_FILE");
    CLI::Option* memory = command
                              ->add_option("--memory-budget", flags->memory_bytes,
                                           "memory that the replay may take, such as 512MiB")
                              ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
                              ->check(CLI::Range(size_t{64} << 20, size_t{1} << 50))
                              ->default_str("256MiB");
    if (when != nullptr) memory->needs(when);
  }

  CLI::Option* AddKafka(CLI::App* command, KafkaOptions* options, bool sends) {
    CLI::Option* brokers = AddConnection(command, options);
    command
        ->add_option("--topic-prefix", options->topic_prefix, "what the topics' names start with")
        ->envname("TALLY_TOPIC_PREFIX")
        ->capture_default_str();
    if (sends) {
      command
          ->add_option("--partitioner", options->partitioner,
                       "places keys in partitions; must be what the other producers use")
          ->envname("TALLY_PARTITIONER")
          ->check(CLI::IsMember({"murmur2_random", "murmur2", "consistent_random", "consistent",
                                 "fnv1a_random", "fnv1a"}))
          ->capture_default_str();
    }
    return brokers;
  }

  CLI::Option* AddConnection(CLI::App* command, KafkaOptions* options) {
    CLI::Option* brokers =
        command->add_option("--brokers", options->brokers, "Kafka's addresses, host:port[,...]")
            ->envname("TALLY_BROKERS");
    command
        ->add_option_function<std::vector<std::string>>(
            "--kafka-config",
            [options](const std::vector<std::string>& texts) { AddProperties(texts, options); },
            "name=value for librdkafka (security.protocol, sasl.*, ssl.*); repeatable, or several "
            "separated by ';'; secrets are refused here, for them there are the variable and the "
            "file")
        ->envname("TALLY_KAFKA_CONFIG")
        ->type_name("NAME=VALUE")
        ->delimiter(';')
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command
        ->add_option_function<std::string>(
            "--kafka-config-file",
            [this, options](const std::string& path) { AddPropertiesFile(path, options); },
            "file of name=value lines, as for --kafka-config, which wins; '#' begins a comment")
        ->envname("TALLY_KAFKA_CONFIG_FILE")
        ->type_name("FILE");
    AddSeconds(command, "--timeout", &options->timeout,
               "seconds that one request to Kafka may take");
    return brokers;
  }

  static void AddProperties(const std::vector<std::string>& texts, KafkaOptions* options) {
    auto properties = ParseKafkaProperties(texts);
    if (!properties.ok()) throw Mistake(properties.status());
    for (auto& property : *properties) options->properties.push_back(std::move(property));
  }

  // First, so that --kafka-config wins.
  void AddPropertiesFile(const std::string& path, KafkaOptions* options) {
    auto file = ReadKafkaPropertiesFile(path);
    if (!file.ok()) throw Mistake(file.status());
    if (!file->warning.empty()) console_.Message(file->warning);
    options->properties.insert(options->properties.begin(), file->properties.begin(),
                               file->properties.end());
  }

  static CLI::ValidationError Mistake(const absl::Status& status) {
    return CLI::ValidationError(std::string(status.message()));
  }

  static void AddSeconds(CLI::App* command, const std::string& name, absl::Duration* duration,
                         const std::string& description) {
    command
        ->add_option_function<double>(
            name, [duration](double seconds) { *duration = absl::Seconds(seconds); }, description)
        ->check(CLI::Range(0.1, 3600.0))
        ->default_str(absl::FormatDuration(*duration));
  }

  void AddTopics() {
    CLI::App* topics = app_.add_subcommand("topics", "the input and dead-letter topics");
    topics->require_subcommand(1);
    CLI::App* create = Command(*topics, "create", "make the topics", kTopicsExample,
                               [this] { return RunTopicsCreate(topics_, console_); });
    AddKafka(create, &topics_.kafka, false)->required();
    create->add_option("--partitions", topics_.partitions, "partitions of each topic")
        ->envname("TALLY_PARTITIONS")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    create
        ->add_option("--replication-factor", topics_.replication_factor,
                     "copies of each partition; -1 is the broker's default")
        ->envname("TALLY_REPLICATION_FACTOR")
        ->check(CLI::Range(int16_t{-1}, int16_t{100}))
        ->capture_default_str();
  }

  void AddLoadSample() {
    CLI::App* command = Command(app_, "load-sample", "send the sample data set", kLoadSampleExample,
                                [this] { return RunLoadSample(load_sample_, console_); });
    AddKafka(command, &load_sample_.kafka, true)->required();
    command->add_flag("--json", load_sample_.json, "the summary as JSON");
  }

  void AddLoad() {
    CLI::App* command = Command(app_, "load", "send the records of a JSONL file", kLoadExample,
                                [this] { return RunLoad(load_, console_); });
    AddKafka(command, &load_.kafka, true)->required();
    command->add_option("FILE", load_.file, "the file; - is standard input")->required();
    command->add_flag("--json", load_.json, "the summary as JSON");
  }

  void AddGenerate() {
    CLI::App* command = Command(app_, "generate", "make a synthetic load, reproducible by its seed",
                                kGenerateExample, [this] { return StartGenerate(); });
    AddKafka(command, &generate_.kafka, true);
    SyntheticOptions& load = generate_.load;
    const auto add = [command](const char* name, auto& value, const char* description) {
      return command->add_option(name, value, description)->capture_default_str();
    };
    add("--seed", load.seed, "seed of all randomness");
    add("--events", load.events, "number of events");
    add("--users", load.users, "number of users; 0 is one for ten events");
    add("--participants", load.participants, "number of participants, over all events");
    add("--duplicates", load.duplicates,
        "participants sent again, as a fraction of --participants; half of them with changed "
        "content");
    add("--skew", load.skew, "Zipf exponent of participants over events; 0 is even");
    add("--hot-share", load.hot_share,
        "fraction of the participants that take part in the first event, whatever the skew");
    add("--channels", load.channels, "number of channels");
    add("--distributions", load.distributions, "distribution records per event");
    add("--resent", load.resent,
        "event and distribution records sent again, as a fraction; half of them changed");
    command->add_option("--format", format_, "json or protobuf")
        ->check(CLI::IsMember({"json", "protobuf"}))
        ->capture_default_str();
    add("--start", start_, "date of the first record, YYYY-MM-DD or RFC 3339 (+09:00 by default)");
    add("--days", days_, "days over which the records' times are spread")
        ->check(CLI::Range(1, 3660));
    add("--rate", generate_.rate, "records a second; 0 is as fast as possible")
        ->check(CLI::Range(0.0, 1e9));
    command->add_option("--output", generate_.output,
                        "write JSONL to this file (- is standard output) instead of sending");
    command->add_flag("--json", generate_.json, "the summary as JSON");
  }

  int StartGenerate() {
    if (generate_.output.empty() && generate_.kafka.brokers.empty()) {
      console_.Message("--brokers or --output is required");
      console_.Message("see tally generate --help");
      return kUsage;
    }
    const absl::TimeZone zone = absl::FixedTimeZone(9 * 3600);
    absl::Time start;
    std::string error;
    if (!absl::ParseTime("%Y-%m-%d", start_, zone, &start, &error) &&
        !absl::ParseTime("%Y-%m-%dT%H:%M:%S", start_, zone, &start, &error) &&
        !absl::ParseTime(absl::RFC3339_full, start_, &start, &error)) {
      console_.Message("--start " + start_ + ": must be YYYY-MM-DD or an RFC 3339 time");
      return kUsage;
    }
    generate_.load.start = absl::ToUnixMillis(start);
    generate_.load.span = int64_t{days_} * 86'400'000;
    generate_.load.format = format_ == "protobuf" ? Format::kProtobuf : Format::kJson;
    generate_.load.topic_prefix = generate_.kafka.topic_prefix;
    return RunGenerate(generate_, console_);
  }

  void AddGet() {
    CLI::App* get = app_.add_subcommand("get", "ask a running tallyd for a dashboard");
    get->footer(kGetExample);
    get->require_subcommand(1);
    AddGetSubject(get, "event", "the dashboard of an event", Subject::kEvent);
    AddGetSubject(get, "user", "the dashboard of a user over all events", Subject::kUser);
  }

  void AddGetSubject(CLI::App* get, const char* name, const char* description, Subject subject) {
    CLI::App* command = Command(*get, name, description, kGetExample, [this, subject] {
      get_.subject = subject;
      return RunGet(get_, console_);
    });
    command->add_option("ID", get_.id, "its identifier")
        ->required()
        ->check(CLI::Validator(
            [](std::string& id) { return id.empty() ? std::string("must not be empty") : ""; },
            ""));
    command->add_option("--server", get_.server, "where tallyd listens")
        ->envname("TALLY_SERVER")
        ->capture_default_str();
    CLI::Option* from = command->add_option("--start-date", get_.start_date,
                                            "period from: date or date-time on the hour");
    CLI::Option* to =
        command->add_option("--end-date", get_.end_date, "period to, this one not included");
    from->needs(to);
    to->needs(from);
    command->add_option("--timezone", get_.timezone, "IANA name; the server's default: Asia/Seoul");
    if (subject == Subject::kUser) AddPaging(command);
    command->add_option("--min-position", get_.min_position,
                        "wait until the answer reflects at least this: a position of an earlier "
                        "answer, or topic/partition@nextOffset[,...]");
    command
        ->add_option("--ca-file", get_.ca_file,
                     "https: PEM file of the authorities that may vouch for tallyd; without, "
                     "the system's")
        ->envname("TALLY_CA_FILE");
    AddIdentity(command);
    command->add_option("--token-file", get_.token_file,
                        "file with the Bearer token to send; without, that of the environment "
                        "variable TALLY_TOKEN, if there is one");
    AddSeconds(command, "--timeout", &get_.timeout, "seconds to wait for the answer");
    command->add_flag("--json", get_.json, "the answer as tallyd sent it");
    command->add_flag("--show-headers", get_.show_headers,
                      "the answer's headers to standard error");
  }

  void AddIdentity(CLI::App* command) {
    CLI::Option* cert =
        command
            ->add_option("--cert-file", get_.identity.cert_file,
                         "https: PEM file of the certificate to show, where tallyd asks for one "
                         "(--tls-client-ca)")
            ->envname("TALLY_CERT_FILE");
    CLI::Option* key = command
                           ->add_option("--key-file", get_.identity.key_file,
                                        "PEM file of that certificate's private key")
                           ->envname("TALLY_KEY_FILE");
    cert->needs(key);
    key->needs(cert);
  }

  void AddPaging(CLI::App* command) {
    command->add_option("--page", get_.page, "page of the events, from 0");
    command->add_option("--size", get_.size, "events on a page, 1 to 100");
    command->add_option("--sort-by", get_.sort_by,
                        "participants, totalViews, engagementRate, roi or eventId");
    command->add_option("--order", get_.order, "asc or desc");
  }

  void AddInspect() {
    CLI::App* command = Command(app_, "inspect", "what a data directory holds", kInspectExample,
                                [this] { return RunInspect(inspect_, console_); });
    command->add_option("--data-dir", inspect_.data_dir, "tallyd's data directory")
        ->envname("TALLY_DATA_DIR")
        ->required();
    CLI::Option* event =
        command->add_option("--event", inspect_.event_id, "the rows of this event only");
    command->add_option("--limit", inspect_.rows_max, "rows of each kind to show with --event")
        ->check(CLI::Range(0, 10'000'000))
        ->capture_default_str();
    command
        ->add_flag("--scan", inspect_.scan,
                   "read every row, count it and compute the digest anew; can take long")
        ->excludes(event);
    command->add_flag("--json", inspect_.json, "as JSON");
  }

  int StartVerify() {
    if (verify_.against_log && verify_.replay.kafka.brokers.empty()) {
      console_.Message("--against-log needs --brokers");
      console_.Message("see tally verify --help");
      return kUsage;
    }
    return RunVerify(verify_, console_);
  }

  void AddVerify() {
    CLI::App* command = Command(app_, "verify", "whether a data directory is right", kVerifyExample,
                                [this] { return StartVerify(); });
    command->add_option("--data-dir", verify_.data_dir, "tallyd's data directory")
        ->envname("TALLY_DATA_DIR")
        ->required();
    command->add_option("--shard", verify_.shards, "only this one; repeatable")
        ->check(CLI::Range(0, 99'999));
    command->add_option("--limit", verify_.findings_max, "differences to list, of each shard")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    CLI::Option* against = command->add_flag("--against-log", verify_.against_log,
                                             "replay the topics and compare with what they make");
    AddReplay(command, &verify_.replay, against);
    command
        ->add_option("--scratch-dir", verify_.scratch_dir,
                     "where to replay into; by default where temporary files go")
        ->needs(against)
        ->check(CLI::ExistingDirectory);
    command->add_flag("--allow-unchecked", verify_.allow_unchecked,
                      "exit 0 when what could be checked is right, though not all could be");
    command->add_flag("--json", verify_.json, "as JSON");
  }

  int StartRebuild() {
    if (!rebuild_.delete_old && rebuild_.replay.kafka.brokers.empty()) {
      console_.Message("--brokers is required");
      console_.Message("see tally rebuild --help");
      return kUsage;
    }
    return RunRebuild(rebuild_, console_);
  }

  void AddRebuild() {
    CLI::App* command = Command(app_, "rebuild", "make stores anew from the topics",
                                kRebuildExample, [this] { return StartRebuild(); });
    command->add_option("--data-dir", rebuild_.data_dir, "tallyd's data directory")
        ->envname("TALLY_DATA_DIR")
        ->required();
    command->add_option("--shard", rebuild_.shards, "only this one; repeatable")
        ->check(CLI::Range(0, 99'999));
    AddReplay(command, &rebuild_.replay, nullptr);
    command->add_flag("--delete-old", rebuild_.delete_old,
                      "rebuild nothing, delete what earlier rebuilds have kept");
  }

  void AddBackup() {
    CLI::App* command = Command(app_, "backup", "copy a data directory, also one in use",
                                kBackupExample, [this] { return RunBackup(backup_, console_); });
    command->add_option("--data-dir", backup_.data_dir, "tallyd's data directory")
        ->envname("TALLY_DATA_DIR")
        ->required();
    command->add_option("--to", backup_.to, "where the backup is made; missing, or empty")
        ->required();
    command->add_option("--shard", backup_.shards, "only this one; repeatable")
        ->check(CLI::Range(0, 99'999));
  }

  void AddRestore() {
    CLI::App* command = Command(app_, "restore", "put a backup into a data directory",
                                kRestoreExample, [this] { return RunRestore(restore_, console_); });
    command->add_option("--from", restore_.from, "the backup")->required();
    command->add_option("--data-dir", restore_.data_dir, "tallyd's data directory; made if missing")
        ->envname("TALLY_DATA_DIR")
        ->required();
    command->add_option("--shard", restore_.shards, "only this one; repeatable")
        ->check(CLI::Range(0, 99'999));
  }

  void AddDlq() {
    CLI::App* dlq = app_.add_subcommand("dlq", "the dead-letter topics");
    dlq->require_subcommand(1);
    CLI::App* list = Command(*dlq, "list", "what is in them, by reason", kDlqExample,
                             [this] { return RunDlqList(dlq_, console_); });
    AddKafka(list, &dlq_.kafka, false)->required();
    list->add_flag("--details", dlq_.details, "each letter's coordinates and detail, too");
    list->add_option("--limit", dlq_.details_max, "show this many letters with --details")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    list->add_flag("--json", dlq_.json, "as JSON");
  }

  Console& console_;
  CLI::App app_;
  std::function<int()> run_;

  TopicsCreateOptions topics_;
  LoadSampleOptions load_sample_;
  LoadOptions load_;
  GenerateOptions generate_;
  std::string format_ = "json";
  std::string start_ = "2026-01-01";
  int days_ = 30;
  GetOptions get_;
  InspectOptions inspect_;
  VerifyOptions verify_;
  RebuildOptions rebuild_;
  BackupOptions backup_;
  RestoreOptions restore_;
  DlqListOptions dlq_;
};

}  // namespace

int RunTally(const std::vector<std::string>& args, Console& console) {
  return CommandLine(console).Run(args);
}

}  // namespace tally::cli
