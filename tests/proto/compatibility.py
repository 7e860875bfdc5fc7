"""Definitions of messages and services only grow: what somebody compiled once means the same for ever.

  compatibility.py PROTO_DIR PROMISES [--accept]

PROMISES is a text file with a line for each field, enum value and method that there has ever been.
Exit 1 when one of them is gone or different, with the line, or when there are new ones that the file
lacks; --accept adds those (and only those).
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

FIELD = descriptor_pb2.FieldDescriptorProto


def type_of(field):
    name = field.type_name.lstrip(".") or FIELD.Type.Name(field.type)[len("TYPE_"):].lower()
    if field.label == FIELD.LABEL_REPEATED:
        return f"repeated {name}"
    return f"optional {name}" if field.proto3_optional else name


def lines_of_message(message, name):
    oneofs = [each.name for each in message.oneof_decl]
    for field in message.field:
        inside = field.HasField("oneof_index") and not field.proto3_optional
        where = f" in {oneofs[field.oneof_index]}" if inside else ""
        yield f"field {name} {field.number} {field.name} {type_of(field)}{where}"
    for reserved in message.reserved_range:
        yield from (f"reserved {name} {number}" for number in range(reserved.start, reserved.end))
    yield from (f"reserved {name} {each}" for each in message.reserved_name)
    yield from lines_of_enums(message.enum_type, name)
    for nested in message.nested_type:
        yield from lines_of_message(nested, f"{name}.{nested.name}")


def lines_of_enums(enums, scope):
    for enum in enums:
        for value in enum.value:
            yield f"value {scope}.{enum.name} {value.number} {value.name}"


def lines_of_service(service, scope):
    for method in service.method:
        streams = "stream " * method.client_streaming, "stream " * method.server_streaming
        yield (f"method {scope}.{service.name} {method.name} {streams[0]}"
               f"{method.input_type.lstrip('.')} to {streams[1]}{method.output_type.lstrip('.')}")


def lines_of(files):
    """Everything that these files promise, sorted."""
    lines = set()
    for file in files:
        for message in file.message_type:
            lines.update(lines_of_message(message, f"{file.package}.{message.name}"))
        lines.update(lines_of_enums(file.enum_type, file.package))
        for service in file.service:
            lines.update(lines_of_service(service, file.package))
    return sorted(lines)


def compile_all(proto_dir):
    """Descriptors of every .proto file under this folder."""
    files = sorted(each.relative_to(proto_dir).as_posix() for each in proto_dir.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", f"-I{proto_dir}", f"--descriptor_set_out={out.name}", *files],
                       check=True, timeout=60)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read()).file


def broken(promised, lines):
    """Promises that do not hold. A number may be given up only for good."""
    now = set(lines)
    for line in promised:
        if line in now:
            continue
        kind, name, number, *rest = line.split(" ")
        given_up = kind == "field" and {f"reserved {name} {number}",
                                        f"reserved {name} {rest[0]}"} <= now
        if not given_up:
            yield line


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proto_dir", type=pathlib.Path)
    parser.add_argument("promises", type=pathlib.Path)
    parser.add_argument("--accept", action="store_true")
    arguments = parser.parse_args()

    promised = arguments.promises.read_text("utf-8").splitlines()
    lines = lines_of(compile_all(arguments.proto_dir))
    violations = list(broken(promised, lines))
    for line in violations:
        print(f"gone or changed: {line}")
    new = sorted(set(lines) - set(promised))
    if arguments.accept and not violations:
        arguments.promises.write_text("\n".join(sorted({*promised, *new})) + "\n", "utf-8")
        return 0
    for line in new:
        print(f"new, to be promised with --accept: {line}")
    return 1 if violations or new else 0


if __name__ == "__main__":
    sys.exit(main())
