"""An element as a serialised ``tf.train.Example``: flat lists of numbers under the names of its arrays.

Real numbers are a float_list, integers and booleans an int64_list, complex numbers a float_list with a last axis of 2
(real, imaginary). The lists have no shape: the reader says it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.records.bridges.tfrecord_messages import example_messages
from acoupipe_grain.specs import ArraySpec, Element, ElementSpec, cast_exactly

_LIST_DTYPES = {"float_list": "float32", "int64_list": "int64"}
_REMEDIES = {
    "float_list": "give it the dtype float32, float16 or complex64 in element_spec",
    "int64_list": "give it an integer dtype or bool in element_spec",
    "bytes_list": "leave it out of element_spec, or write its numbers as a float_list or int64_list",
    None: "leave it out of element_spec",
}


@dataclass(frozen=True)
class Encoding:
    """How TensorFlow sees an array.

    Attributes
    ----------
    kind
        "float_list" (tf.float32) or "int64_list" (tf.int64).
    shape
        Shape of the array of such numbers, None for axes that differ between elements.
    """

    kind: str
    shape: tuple[int | None, ...]


def encoding_of(array_spec: ArraySpec) -> Encoding:
    """Return how an array is encoded."""
    kind = np.dtype(array_spec.dtype).kind
    if kind == "c":
        return Encoding("float_list", (*array_spec.shape, 2))
    return Encoding("float_list" if kind == "f" else "int64_list", array_spec.shape)


def encode_example(element: Element) -> bytes:
    """Return an element as a serialised example; equal elements give equal bytes."""
    messages = example_messages()
    example = messages.example()
    for name, array in element.items():
        feature = example.features.feature[name]
        if array.dtype.kind in "fc":
            feature.float_list.SetInParent()  # or an empty list would be no feature
            # A list of float32 and a list of one byte string have the same wire format; number by number takes 20
            # times longer.
            feature.float_list.MergeFromString(messages.bytes_list(value=[_float32_bytes(array)]).SerializeToString())
        else:
            feature.int64_list.SetInParent()
            feature.int64_list.value.extend(array.astype(np.int64).ravel().tolist())
    # Deterministic: in the order of the names.
    serialised: bytes = example.SerializeToString(deterministic=True)
    return serialised


def _float32_bytes(array: np.ndarray) -> bytes:
    """Return real and complex numbers as little-endian float32 in C order."""
    return array.astype("<c8" if array.dtype.kind == "c" else "<f4").tobytes()


def parse_example(record: bytes) -> Mapping[str, Any]:
    """Return the features in a serialised example by their names.

    Raises
    ------
    DataError
        If the bytes are no such example.
    """
    messages = example_messages()
    try:
        features: Mapping[str, Any] = messages.example.FromString(record).features.feature
    except messages.decode_error as error:
        raise DataError(f"not a tf.train.Example ({error}).") from error
    return features


def decode_features(features: Mapping[str, Any], element_spec: ElementSpec) -> Element:
    """Return the element that the features named in the specification are.

    Of one axis of varying length, the size follows from the length of the list; where there are several, the feature
    ``<name>_shape`` says the shape of the list.

    Raises
    ------
    DataError
        If a feature is missing, of another kind, or does not have the specified shape; the message names it.
    """
    return {name: _decoded(features, name, array_spec) for name, array_spec in element_spec.items()}


def _decoded(features: Mapping[str, Any], name: str, array_spec: ArraySpec) -> np.ndarray:
    encoding = encoding_of(array_spec)
    values = _values(features, name, encoding.kind)
    shape = _shape(features, name, encoding.shape, len(values))
    if np.dtype(array_spec.dtype).kind == "c":
        return values.view(np.complex64).reshape(shape[:-1])
    try:
        return cast_exactly(name, values, array_spec.dtype).reshape(shape)
    except DataError as error:
        raise DataError(f"{error} Or give it another dtype in element_spec, or leave it out there.") from error


def _values(features: Mapping[str, Any], name: str, kind: str) -> np.ndarray:
    if name not in features:
        raise DataError(f"has no feature {name!r}; there are {', '.join(sorted(features)) or 'none'}.")
    found = features[name].WhichOneof("kind")
    if found != kind:
        raise DataError(f"feature {name!r} is of the kind {found or 'empty'}, not {kind}; {_REMEDIES[found]}.")
    return np.array(getattr(features[name], kind).value, dtype=_LIST_DTYPES[kind])


def _shape(features: Mapping[str, Any], name: str, shape: tuple[int | None, ...], count: int) -> tuple[int, ...]:
    """Return the shape of a list of `count` numbers, its axes of varying length filled in."""
    expected = shape
    if shape.count(None) == 1:
        others = math.prod(size for size in shape if size is not None)
        shape = tuple(count // max(1, others) if size is None else size for size in shape)
    elif None in shape:
        given = _values(features, f"{name}_shape", "int64_list").tolist()
        fits = len(given) == len(shape) and all(size in (None, other) for size, other in zip(shape, given, strict=True))
        if not fits or min(given) < 0:
            raise DataError(f"feature '{name}_shape' is {given}, element_spec says {list(shape)}.")
        shape = tuple(given)
    sizes = tuple(size for size in shape if size is not None)
    if math.prod(sizes) != count:
        raise DataError(
            f"feature {name!r} has {count} numbers, which are not of the shape {expected}; correct element_spec."
        )
    return sizes
