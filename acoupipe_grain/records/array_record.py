"""The array-record package, imported late: it has no wheel for Windows."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import ArgumentError, DataError, ExportError


def import_array_record() -> Any:
    """Return ``array_record.python.array_record_module``."""
    try:
        from array_record.python import array_record_module
    except ImportError as error:
        raise ArgumentError(
            "ArrayRecord files need the array-record package, which has wheels for Linux and macOS only; everything "
            "else of acoupipe_grain works without it."
        ) from error
    return array_record_module


class ShardWriter:
    """Writes one ArrayRecord file, every record readable on its own.

    Parameters
    ----------
    path
        The file.
    compression
        ArrayRecord's compression option.

    Raises
    ------
    ExportError
        By any method, if the system refuses: disk full, no permission, folder gone.
    """

    def __init__(self, path: Path, compression: str) -> None:
        self._path = path
        # group_size:1: the reader seeks to a record instead of decompressing its neighbours.
        self._writer = import_array_record().ArrayRecordWriter(str(path), f"group_size:1,{compression}")

    def write(self, record: bytes) -> None:
        """Append a record."""
        try:
            self._writer.write(record)
        except RuntimeError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Finish the file; nothing is readable before."""
        try:
            self._writer.close()
        except RuntimeError as error:
            raise self._failure(error) from error

    def _failure(self, error: RuntimeError) -> ExportError:
        return cannot_write(self._path, str(error))


def cannot_write(path: Path, reason: str) -> ExportError:
    """Return the error for a file of an export that the system does not let us write."""
    return ExportError(
        f"{path}: cannot be written ({reason}). Finished shards are kept: make room, or the folder writable, and run "
        "the same export again; it goes on where it was."
    )


def num_records_in(path: Path) -> int:
    """Return the number of records in a shard or raise `DataError` if it cannot be opened."""
    module = import_array_record()
    try:
        reader = module.ArrayRecordReader(str(path))
        try:
            return int(reader.num_records())
        finally:
            reader.close()
    except (RuntimeError, ValueError) as error:
        raise DataError(f"{path.name}: cannot be opened as an ArrayRecord file ({error}).") from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
