"""The protobuf messages of ``tf.train.Example``.

They are described in a descriptor pool of their own. The generated classes of other packages enter protobuf's
process-wide pool, where TensorFlow's are refused after them, and they after TensorFlow's; these live beside both.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from acoupipe_grain.extras import import_extra

_PACKAGE = "tensorflow"
_LISTS = {"bytes_list": "BytesList", "float_list": "FloatList", "int64_list": "Int64List"}


@dataclass(frozen=True)
class ExampleMessages:
    """Message classes of one descriptor pool, and the exception that parsing something else raises."""

    example: Any
    bytes_list: Any
    decode_error: type[Exception]


@functools.cache
def example_messages() -> ExampleMessages:
    """Return the messages.

    Raises
    ------
    ArgumentError
        If protobuf is not installed.
    """
    pool = _import_protobuf("descriptor_pool").DescriptorPool()
    pool.Add(_description())
    class_of = _import_protobuf("message_factory").GetMessageClass
    return ExampleMessages(
        example=class_of(pool.FindMessageTypeByName(f"{_PACKAGE}.Example")),
        bytes_list=class_of(pool.FindMessageTypeByName(f"{_PACKAGE}.BytesList")),
        decode_error=_import_protobuf("message").DecodeError,
    )


def _description() -> Any:
    """Return what TensorFlow's ``example.proto`` and ``feature.proto`` say of examples."""
    types = _import_protobuf("descriptor_pb2").FieldDescriptorProto
    file = _import_protobuf("descriptor_pb2").FileDescriptorProto(
        name="tensorflow/core/example/example.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, value_type in zip(_LISTS.values(), (types.TYPE_BYTES, types.TYPE_FLOAT, types.TYPE_INT64), strict=True):
        file.message_type.add(name=name).field.add(name="value", number=1, label=types.LABEL_REPEATED, type=value_type)

    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, (name, message) in enumerate(_LISTS.items(), start=1):
        _add_message_field(feature, name, number, message, types.LABEL_OPTIONAL).oneof_index = 0

    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=types.LABEL_OPTIONAL, type=types.TYPE_STRING)
    _add_message_field(entry, "value", 2, "Feature", types.LABEL_OPTIONAL)
    _add_message_field(features, "feature", 1, "Features.FeatureEntry", types.LABEL_REPEATED)

    example = file.message_type.add(name="Example")
    _add_message_field(example, "features", 1, "Features", types.LABEL_OPTIONAL)
    return file


def _add_message_field(message: Any, name: str, number: int, type_name: str, label: int) -> Any:
    return message.field.add(
        name=name,
        number=number,
        label=label,
        type=_import_protobuf("descriptor_pb2").FieldDescriptorProto.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.{type_name}",
    )


def _import_protobuf(module: str) -> Any:
    return import_extra(f"google.protobuf.{module}", "tfrecord", "TFRecord files")
