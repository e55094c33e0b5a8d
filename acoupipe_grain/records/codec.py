"""One element as bytes: msgpack in the wire format that ``flax.serialization.msgpack_restore`` reads.

An element is a msgpack map from names to extension values of type 1; each holds (shape, dtype name, raw bytes in C
order). Lossless for every dtype, and nothing in it is executed on reading.
"""

from __future__ import annotations

from typing import Any

import msgpack
import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.specs import Element

_NDARRAY = 1


def encode(element: Element) -> bytes:
    """Return an element as bytes; equal elements give equal bytes."""
    return msgpack.packb({name: _pack(array) for name, array in element.items()}, use_bin_type=True)


def decode(record: bytes) -> Element:
    """Return the element in `record`; its arrays share the record's memory and are read-only.

    Raises
    ------
    DataError
        If the bytes are not an encoded element.
    """
    try:
        element = msgpack.unpackb(record, ext_hook=_unpack, raw=False)
    except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
        raise DataError(f"not an encoded element ({type(error).__name__}: {error}).") from error
    if not isinstance(element, dict) or not all(isinstance(array, np.ndarray) for array in element.values()):
        raise DataError("not an encoded element: expected a map from names to arrays.")
    return element


def _pack(array: np.ndarray) -> msgpack.ExtType:
    return msgpack.ExtType(_NDARRAY, msgpack.packb((array.shape, array.dtype.name, array.tobytes()), use_bin_type=True))


def _unpack(code: int, data: bytes) -> Any:
    if code != _NDARRAY:
        return msgpack.ExtType(code, data)
    shape, dtype, buffer = msgpack.unpackb(data, raw=False)
    return np.frombuffer(buffer, dtype=np.dtype(dtype)).reshape(shape)
