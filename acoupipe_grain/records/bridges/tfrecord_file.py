"""TFRecord files: a sequence of byte strings, each framed by its length and checksums.

A record is its length (8 bytes), the masked CRC-32C of these bytes (4), the data, and the masked CRC-32C of the data
(4), all little-endian. Headers alone say where the records are, so any record can be read on its own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.extras import import_extra

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_HEADER_BYTES = _LENGTH.size + _CHECKSUM.size
_MASK_DELTA = 0xA282EAD8
_COMPRESSED = {
    b"\x1f\x8b": "GZIP",
    **{bytes([0x78, level]): "ZLIB" for level in (0x01, 0x5E, 0x9C, 0xDA)},
}


@dataclass(frozen=True)
class RecordPositions:
    """Where the data of a file's records are: first byte and number of bytes, each int64 of shape (num_records,)."""

    starts: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)


def framed(data: bytes) -> bytes:
    """Return the bytes of one record in a file."""
    length = _LENGTH.pack(len(data))
    return b"".join((length, _masked_checksum(length), data, _masked_checksum(data)))


def find_records(path: Path) -> RecordPositions:
    """Return the positions of a file's records, from their headers alone.

    Raises
    ------
    ArgumentError
        If the file is compressed as a whole.
    DataError
        If it cannot be read, is no TFRecord file, ends within a record, or a length is damaged.
    """
    starts: list[int] = []
    lengths: list[int] = []
    try:
        with path.open("rb") as file:
            size, start = path.stat().st_size, 0
            while start < size:
                file.seek(start)
                length = _record_length(file, f"{path}, record {len(starts)}")
                end = start + _HEADER_BYTES + length + _CHECKSUM.size
                if end > size:
                    raise _truncated(f"{path}, record {len(starts)}")
                starts.append(start + _HEADER_BYTES)
                lengths.append(length)
                start = end
    except OSError as error:
        raise _unreadable(path, error) from error
    return RecordPositions(np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64))


def read_record(path: Path, positions: RecordPositions, number: int) -> bytes:
    """Return the data of one record.

    The file is opened and closed for it: threads and processes share nothing, and files do not stay open.

    Raises
    ------
    DataError
        If the file cannot be read, or the data are not those that were written.
    """
    length = int(positions.lengths[number])
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(int(positions.starts[number]))
            framed_data = file.read(length + _CHECKSUM.size)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(framed_data) < length + _CHECKSUM.size:
        raise _truncated(f"{path}, record {number}")
    data = framed_data[:length]
    if framed_data[length:] != _masked_checksum(data):
        raise DataError(f"{path}, record {number}: its data are damaged, the checksum differs; copy the file again.")
    return data


def _record_length(file: BinaryIO, name: str) -> int:
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        raise _truncated(name)
    length = header[: _LENGTH.size]
    if header[_LENGTH.size :] != _masked_checksum(length):
        is_first = file.tell() == _HEADER_BYTES
        if is_first and (compression := _COMPRESSED.get(header[:2])):
            raise ArgumentError(
                f"{file.name}: is compressed as a whole ({compression}), so that no record can be read on its own; "
                f"decompress it first, for example with Python's {compression.lower()} module."
            )
        if is_first:
            raise DataError(f"{name}: not a TFRecord file, or damaged: the checksum of its length differs.")
        raise DataError(f"{name}: its length is damaged, the checksum differs; copy the file again.")
    return int(_LENGTH.unpack(length)[0])


def _masked_checksum(data: bytes) -> bytes:
    checksum = import_extra("crc32c", "tfrecord", "TFRecord files").crc32c(data)
    rotated = (checksum >> 15) | (checksum << 17)
    return _CHECKSUM.pack((rotated + _MASK_DELTA) & 0xFFFFFFFF)


def _truncated(name: str) -> DataError:
    return DataError(f"{name}: the file ends within the record; copy it again.")


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: cannot be read ({error.strerror or error}).")
