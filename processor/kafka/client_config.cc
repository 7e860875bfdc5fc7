#include "processor/kafka/client_config.h"

#include "processor/kafka/client.h"

namespace tally::kafka {

absl::Status Validate(const ClientConfig& config) {
  return Client::Create(RD_KAFKA_CONSUMER, config, ConsumerSettings(config), {}).status();
}

}  // namespace tally::kafka
