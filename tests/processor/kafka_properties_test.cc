#include "processor/kafka_properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace tally {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class KafkaPropertiesTest : public ::testing::Test {
 protected:
  KafkaPropertiesTest() { std::remove(path_.c_str()); }
  absl::StatusOr<KafkaPropertiesFile> Read(const std::string& content, mode_t mode = 0600) {
    std::ofstream(path_, std::ios::binary) << content;
    chmod(path_.c_str(), mode);
    return ReadKafkaPropertiesFile(path_);
  }
  const std::string path_ = ::testing::TempDir() + "tally-kafka-properties-test";
};

TEST_F(KafkaPropertiesTest, ReadsLines) {
  const auto file = Read(
      "# for the test cluster\n"
      "\n"
      "security.protocol=SASL_SSL\r\n"
      "  sasl.username = tally \n"
      "sasl.password=a=b;c#d\n"
      "\t# indented\n"
      "empty=\n"
      "last=1");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->properties, (KafkaProperties{{"security.protocol", "SASL_SSL"},
                                               {"sasl.username", "tally"},
                                               {"sasl.password", "a=b;c#d"},
                                               {"empty", ""},
                                               {"last", "1"}}));
  EXPECT_EQ(file->warning, "");
  EXPECT_TRUE(Read("")->properties.empty());
}

TEST_F(KafkaPropertiesTest, NamesTheLineAndNotWhatIsInIt) {
  const auto file = Read("a=b\n\nsasl.password hunter2\n");
  EXPECT_THAT(std::string(file.status().message()), HasSubstr(path_ + ":3: needs name=value"));
  EXPECT_THAT(std::string(file.status().message()), Not(HasSubstr("hunter2")));
  EXPECT_FALSE(Read("=value").ok());
  EXPECT_FALSE(Read(std::string(2 << 20, '#')).ok());
  EXPECT_FALSE(ReadKafkaPropertiesFile("/").ok());
}

TEST_F(KafkaPropertiesTest, WarnsOfASecretThatEverybodyReads) {
  EXPECT_THAT(Read("sasl.password=x", 0644)->warning, HasSubstr("chmod o= it"));
  EXPECT_EQ(Read("sasl.password=x", 0640)->warning, "");
  EXPECT_EQ(Read("security.protocol=ssl", 0644)->warning, "");
}

TEST_F(KafkaPropertiesTest, KnowsSecrets) {
  for (const char* secret :
       {"sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "ssl_key",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config", "sasl.jaas.config"}) {
    EXPECT_TRUE(IsSecretKafkaProperty(secret)) << secret;
  }
  for (const char* open : {"sasl.username", "security.protocol", "ssl.key.location", "linger.ms"}) {
    EXPECT_FALSE(IsSecretKafkaProperty(open)) << open;
  }
}

TEST_F(KafkaPropertiesTest, OnlyTheFlagsOwnValueIsLookedAt) {
  EXPECT_TRUE(RefuseSecretArguments({"--topic-prefix", "sasl.password=x"}).ok());
  EXPECT_TRUE(RefuseSecretArguments({"--kafka-config-file", "sasl.password=x"}).ok());
  EXPECT_TRUE(RefuseSecretArguments({"--kafka-config"}).ok());
  EXPECT_FALSE(RefuseSecretArguments({"load", "--kafka-config", "sasl.password=x"}).ok());
}

}  // namespace
}  // namespace tally
