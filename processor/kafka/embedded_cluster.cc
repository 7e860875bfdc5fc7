#include "processor/kafka/embedded_cluster.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/kafka/client.h"

namespace tally::kafka {

class EmbeddedCluster::Impl {
 public:
  // The mock cluster needs a client instance for its bookkeeping; this one connects to nothing.
  absl::Status Start(int brokers) {
    ConfPtr conf(rd_kafka_conf_new());
    char text[512];
    if (rd_kafka_conf_set(conf.get(), "client.id", "tally-embedded", text, sizeof text) !=
        RD_KAFKA_CONF_OK) {
      return absl::InternalError(text);
    }
    rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text, sizeof text);
    if (handle_ == nullptr) return absl::InternalError(absl::StrCat("embedded broker: ", text));
    (void)conf.release();
    cluster_ = rd_kafka_mock_cluster_new(handle_, brokers);
    if (cluster_ == nullptr) return absl::InternalError("the embedded broker cannot listen");
    return absl::OkStatus();
  }

  ~Impl() {
    if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
    if (handle_ != nullptr) rd_kafka_destroy(handle_);
  }

  rd_kafka_mock_cluster_t* cluster() const { return cluster_; }

 private:
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

EmbeddedCluster::EmbeddedCluster(std::unique_ptr<Impl> impl, std::string brokers)
    : impl_(std::move(impl)), brokers_(std::move(brokers)) {}
EmbeddedCluster::~EmbeddedCluster() = default;

absl::StatusOr<std::unique_ptr<EmbeddedCluster>> EmbeddedCluster::Start(int brokers) {
  auto impl = std::make_unique<Impl>();
  if (absl::Status status = impl->Start(brokers); !status.ok()) return status;
  std::string addresses = rd_kafka_mock_cluster_bootstraps(impl->cluster());
  return std::unique_ptr<EmbeddedCluster>(
      new EmbeddedCluster(std::move(impl), std::move(addresses)));
}

absl::Status EmbeddedCluster::CreateTopic(const std::string& name, int32_t partitions) {
  if (partitions < 1) return absl::InvalidArgumentError("a topic needs at least one partition");
  return ToStatus(rd_kafka_mock_topic_create(impl_->cluster(), name.c_str(), partitions, 1),
                  absl::StrCat("create topic ", name));
}

void EmbeddedCluster::SetDown() { rd_kafka_mock_broker_set_down(impl_->cluster(), -1); }
void EmbeddedCluster::SetUp() { rd_kafka_mock_broker_set_up(impl_->cluster(), -1); }

}  // namespace tally::kafka
