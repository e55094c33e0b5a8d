"""The JSON file of statistics, finished or not: with a version and a digest of its own, replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.records.format import read_json, with_digest, write_json
from acoupipe_grain.statistics.array_statistics import ArrayStatistics

FORMAT_VERSION = 1
"""Version of the files this code writes, and the latest it reads."""


@dataclass(frozen=True, eq=False)
class StoredStatistics:
    """Statistics of a source's first records.

    Attributes
    ----------
    source
        What identifies the source.
    num_records
        How many records they are of.
    is_complete
        Whether these are all.
    arrays
        Statistics by name of the array.
    """

    source: str
    num_records: int
    is_complete: bool
    arrays: Mapping[str, ArrayStatistics]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON mapping."""
        return {
            "statistics_version": FORMAT_VERSION,
            "source": self.source,
            "num_records": self.num_records,
            "is_complete": self.is_complete,
            "arrays": {name: array.to_json() for name, array in self.arrays.items()},
        }


def write_statistics(path: Path, stored: StoredStatistics) -> None:
    """Write a file; it is never seen half-written."""
    write_json(path, with_digest(stored.to_json()))


def read_statistics(path: Path) -> StoredStatistics:
    """Read a file that `write_statistics` wrote.

    Raises
    ------
    DataError
        If it is not there, something else, damaged, changed since, or of a later format.
    """
    mapping = read_json(path)
    version = mapping.get("statistics_version")
    if version is None:
        raise DataError(f"{path}: holds no statistics.")
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path}: statistics_version={version!r}; this version of acoupipe_grain reads {FORMAT_VERSION}. Install "
            "a later one, or compute the statistics again."
        )
    if mapping.get("digest") != with_digest(mapping)["digest"]:
        raise DataError(
            f"{path}: damaged or changed after it was written, its digest does not fit; compute the statistics again."
        )
    try:
        arrays = {name: ArrayStatistics.from_json(array) for name, array in mapping["arrays"].items()}
        return StoredStatistics(mapping["source"], mapping["num_records"], mapping["is_complete"], arrays)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: damaged ({type(error).__name__}: {error}).") from error


def checked_path(argument: str, value: Any) -> Path:
    """Return the path of a file that can be written.

    Raises
    ------
    ArgumentError
        If it is no path, a folder, or in a folder that is not there.
    """
    if not isinstance(value, str | os.PathLike):
        raise ArgumentError(f"{argument}={value!r}: expected the path of a JSON file.")
    path = Path(value)
    if path.is_dir():
        raise ArgumentError(f"{argument}={str(path)!r}: is a folder; give the path of a JSON file.")
    if not path.absolute().parent.is_dir():
        raise ArgumentError(f"{argument}={str(path)!r}: its folder is not there; make it first.")
    return path
