#include "tests/query/grpc/grpc_client.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/wrappers.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "rpc_status.pb.h"

namespace tally::testing {
namespace {

using google::protobuf::Message;

constexpr char kService[] = "tally.v1.QueryService";

std::unique_ptr<Message> New(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

::grpc::ByteBuffer ToBuffer(const Message& message) {
  const ::grpc::Slice slice(message.SerializeAsString());
  return ::grpc::ByteBuffer(&slice, 1);
}

std::string ToBytes(const ::grpc::ByteBuffer& buffer) {
  std::vector<::grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const ::grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

std::chrono::system_clock::time_point Deadline() {
  return std::chrono::system_clock::now() + std::chrono::seconds(GrpcClient::kWaitSeconds);
}

std::optional<v1::Problem> ProblemOf(const ::grpc::Status& status) {
  RpcStatus details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) {
    return std::nullopt;
  }
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
  v1::Problem problem;
  if (details.details_size() != 1 || !details.details(0).UnpackTo(&problem)) return std::nullopt;
  return problem;
}

GrpcClient::GrpcClient(uint16_t port, std::shared_ptr<::grpc::ChannelCredentials> credentials) {
  ::grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetSslTargetNameOverride("localhost");
  if (credentials == nullptr) credentials = ::grpc::InsecureChannelCredentials();
  channel_ = ::grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), credentials, arguments);
}

GrpcReply GrpcClient::Call(const std::string& method, const std::string& request_text,
                           const Metadata& metadata) const {
  ::grpc::ClientContext context;
  context.set_deadline(Deadline());
  for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
  return Call(context, method, request_text);
}

GrpcReply GrpcClient::Call(::grpc::ClientContext& context, const std::string& method,
                           const std::string& request_text) const {
  const google::protobuf::MethodDescriptor* described =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          absl::StrCat(kService, ".", method));
  const auto request = New(described->input_type());
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request_text, request.get()))
      << request_text;

  ::grpc::GenericStub stub(channel_);
  ::grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, absl::StrCat("/", kService, "/", method),
                                          ToBuffer(*request), &queue);
  call->StartCall();
  ::grpc::ByteBuffer bytes;
  GrpcReply reply;
  call->Finish(&bytes, &reply.status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  for (const auto& [name, value] : context.GetServerTrailingMetadata()) {
    reply.trailing_metadata.emplace(std::string(name.data(), name.size()),
                                    std::string(value.data(), value.size()));
  }
  if (reply.ok()) {
    reply.response = New(described->output_type());
    EXPECT_TRUE(reply.response->ParseFromString(ToBytes(bytes)));
  }
  reply.problem = ProblemOf(reply.status);
  return reply;
}

}  // namespace tally::testing
