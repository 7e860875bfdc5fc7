"""A gRPC client that knows nothing but what the server says of itself: it asks server reflection for
the service's messages, as grpcurl does. Health and reflection are written down here: no package has
their Python modules."""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import harness

SERVICE = "tally.v1.QueryService"
DETAILS = "grpc-status-details-bin"

_TEXT, _ENUM, _MESSAGE, _BYTES = 9, 14, 11, 12   # FieldDescriptorProto.Type
_ONE, _MANY = 1, 3                               # FieldDescriptorProto.Label


def _standard_messages():
    """The few fields used of grpc.health.v1, grpc.reflection.v1alpha and google.rpc.Status."""
    file = descriptor_pb2.FileDescriptorProto(name="standard.proto", package="standard",
                                              syntax="proto3")
    pool = descriptor_pool.DescriptorPool()

    def message(name, *fields):
        described = file.message_type.add(name=name)
        for field, number, kind, label, *type_name in fields:
            described.field.add(name=field, number=number, type=kind, label=label,
                                type_name=f".standard.{type_name[0]}" if type_name else None)

    serving = file.enum_type.add(name="ServingStatus")
    for number, name in enumerate(("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")):
        serving.value.add(name=name, number=number)
    message("HealthCheckRequest", ("service", 1, _TEXT, _ONE))
    message("HealthCheckResponse", ("status", 1, _ENUM, _ONE, "ServingStatus"))
    message("ReflectionRequest", ("file_containing_symbol", 4, _TEXT, _ONE),
            ("list_services", 7, _TEXT, _ONE))
    message("Files", ("file", 1, _BYTES, _MANY))
    message("Service", ("name", 1, _TEXT, _ONE))
    message("Services", ("service", 1, _MESSAGE, _MANY, "Service"))
    message("ReflectionResponse", ("files", 4, _MESSAGE, _ONE, "Files"),
            ("services", 6, _MESSAGE, _ONE, "Services"))
    message("Any", ("type_url", 1, _TEXT, _ONE), ("value", 2, _BYTES, _ONE))
    message("RpcStatus", ("code", 1, 5, _ONE), ("message", 2, _TEXT, _ONE),
            ("details", 3, _MESSAGE, _MANY, "Any"))
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {described.name: factory.GetPrototype(
        pool.FindMessageTypeByName(f"standard.{described.name}")) for described in file.message_type}


STANDARD = _standard_messages()


class GrpcClient:
    """One connection to one server. The names of services and their messages come from it."""

    def __init__(self, address, credentials=None, options=()):
        self.channel = (grpc.secure_channel(address, credentials, options) if credentials
                        else grpc.insecure_channel(address, options))
        self.pool = descriptor_pool.DescriptorPool()
        self.factory = message_factory.MessageFactory(self.pool)
        self.files = set()

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- Reflection

    def _reflect(self, **asked):
        method = self.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            STANDARD["ReflectionRequest"].SerializeToString,
            STANDARD["ReflectionResponse"].FromString)
        return next(iter(method(iter([STANDARD["ReflectionRequest"](**asked)]),
                                timeout=harness.WAIT_SECONDS_MAX)))

    def services(self):
        return sorted(each.name for each in self._reflect(list_services="*").services.service)

    def learn(self, symbol=SERVICE):
        """Asks for the file that defines the symbol, and what it needs."""
        waiting = [descriptor_pb2.FileDescriptorProto.FromString(each)
                   for each in self._reflect(file_containing_symbol=symbol).files.file]
        for file in reversed(waiting):
            if file.name not in self.files:
                self.files.add(file.name)
                self.pool.Add(file)
        return self

    def message(self, name):
        return self.factory.GetPrototype(self.pool.FindMessageTypeByName(name))

    # --- Calls

    def call(self, method, **more):
        """The response; raises grpc.RpcError."""
        return self.call_with_metadata(method, **more)[0]

    def call_with_metadata(self, method, metadata=(), timeout=harness.WAIT_SECONDS_MAX, **fields):
        """The response, and what the answer began with."""
        described = self.pool.FindServiceByName(SERVICE).FindMethodByName(method)
        request = self.message(described.input_type.full_name)
        response = self.message(described.output_type.full_name)
        answer, call = self.channel.unary_unary(
            f"/{SERVICE}/{method}", request.SerializeToString, response.FromString).with_call(
                request(**fields), metadata=metadata, timeout=timeout)
        return answer, dict(call.initial_metadata())

    def refusal(self, method, **more):
        """(status code, Problem) of a call that must fail."""
        try:
            answer = self.call(method, **more)
        except grpc.RpcError as error:
            return error.code(), self.problem(error)
        raise AssertionError(f"{method} {more} was answered: {answer}")

    def problem(self, error):
        """The tally.v1.Problem of an error; None: it has none."""
        for name, value in error.trailing_metadata() or ():
            if name == DETAILS:
                status = STANDARD["RpcStatus"].FromString(value)
                assert (status.code, status.message) == (error.code().value[0], error.details())
                (detail,) = status.details
                assert detail.type_url == "type.googleapis.com/tally.v1.Problem"
                return self.message("tally.v1.Problem").FromString(detail.value)
        return None

    # --- Health

    def health(self, service=""):
        """The name of the status."""
        answer = self.channel.unary_unary(
            "/grpc.health.v1.Health/Check", STANDARD["HealthCheckRequest"].SerializeToString,
            STANDARD["HealthCheckResponse"].FromString)(
                STANDARD["HealthCheckRequest"](service=service), timeout=harness.WAIT_SECONDS_MAX)
        return self._status_name(answer)

    def watch_health(self, service=""):
        """Names of statuses, as they change."""
        answers = self.channel.unary_stream(
            "/grpc.health.v1.Health/Watch", STANDARD["HealthCheckRequest"].SerializeToString,
            STANDARD["HealthCheckResponse"].FromString)(
                STANDARD["HealthCheckRequest"](service=service), timeout=harness.WAIT_SECONDS_MAX)
        return (self._status_name(answer) for answer in answers)

    @staticmethod
    def _status_name(answer):
        return type(answer).DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[
            answer.status].name
