"""The array-record package, imported late: it has no wheel for Windows."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import ArgumentError, DataError


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
