"""One element as bytes: msgpack in the wire format that ``flax.serialization.msgpack_restore`` reads.

An element is a msgpack map from names to extension values of type 1; each holds (shape, dtype name, raw bytes in C
order). Lossless for every dtype, and nothing in it is executed on reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack
import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.specs import Element, ElementSpec, ragged_axes

_NDARRAY = 1


def encode(element: Element) -> bytes:
    """Return an element as bytes; equal elements give equal bytes."""
    return msgpack.packb({name: _pack(array) for name, array in element.items()}, use_bin_type=True)


class Encoder:
    """Does `encode` for elements of one specification; ten times faster, as all but the numbers is known beforehand.

    Parameters
    ----------
    spec
        Specification of the elements. With axes of varying length it is as fast as `encode`.
    """

    def __init__(self, spec: ElementSpec) -> None:
        self._names = tuple(spec)
        self._heads = None if ragged_axes(spec) else _heads(spec)

    def __call__(self, element: Element) -> bytes:
        """Return an element, which is as the specification says, as bytes."""
        if self._heads is None:
            return encode({name: element[name] for name in self._names})
        parts: list[Any] = []
        for name, head in self._heads.items():
            array = element[name]
            # A buffer is copied once; an array that is not in C order has none.
            parts += (head, array.data if array.flags.c_contiguous and array.size else array.tobytes())
        return b"".join(parts)


class BatchDecoder:
    """Does `decode` for many elements of one specification at once, stacked: where their numbers are is known.

    Parameters
    ----------
    spec
        Specification of the elements, without axes of varying length.
    """

    def __init__(self, spec: ElementSpec) -> None:
        self._spec = spec
        self._fields: list[tuple[str, slice, np.ndarray, slice]] = []
        end = 0
        for name, head in _heads(spec).items():
            begin, numbers = end, end + len(head)
            end = numbers + spec[name].num_bytes
            field = slice(begin, numbers), np.frombuffer(head, np.uint8), slice(numbers, end)
            self._fields.append((name, *field))
        self._num_bytes = end

    def __call__(self, records: Sequence[bytes]) -> Element | None:
        """Return the elements, stacked; None if a record is not as the specification says."""
        if any(len(record) != self._num_bytes for record in records):
            return None
        rows = np.frombuffer(b"".join(records), np.uint8).reshape(len(records), self._num_bytes)
        if not all(
            np.array_equal(rows[:, at], np.broadcast_to(head, (len(rows), len(head))))
            for _, at, head, _ in self._fields
        ):
            return None
        return {name: self._numbers(name, rows[:, place]) for name, _, _, place in self._fields}

    def _numbers(self, name: str, rows: np.ndarray) -> np.ndarray:
        item = self._spec[name]
        return rows.copy().view(item.dtype).reshape(len(rows), *item.shape)


def _heads(spec: ElementSpec) -> dict[str, bytes]:
    """Return what stands before the numbers of every array of an element, the first with what begins the element."""
    heads = {}
    before = msgpack.Packer().pack_map_header(len(spec))
    for name, item in spec.items():
        empty = np.zeros(item.shape, item.dtype)  # type: ignore[type-var]
        head = msgpack.packb(name) + msgpack.packb(_pack(empty), use_bin_type=True)
        heads[name] = before + head[: len(head) - empty.nbytes]
        before = b""
    return heads


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
