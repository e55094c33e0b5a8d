"""Means and standard deviations of a source's arrays, stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.statistics.array_statistics import ArrayStatistics
from acoupipe_grain.statistics.statistics_file import StoredStatistics, checked_path, read_statistics, write_statistics


@dataclass(frozen=True, eq=False, repr=False)
class Statistics:
    """Means and standard deviations of arrays; equal to others with the same numbers of the same source.

    Attributes
    ----------
    source
        What identifies the source that they are of.
    num_records
        How many records it has.
    arrays
        By name of the array: axes, what counts, and counts, means and sums of squared deviations.

    Raises
    ------
    ArgumentError
        If there is an entry to be normalised of which no value counts.
    """

    source: str
    num_records: int
    arrays: Mapping[str, ArrayStatistics]

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrays", dict(self.arrays))
        for name, array in self.arrays.items():
            array.require_values(name)

    @cached_property
    def mean(self) -> Mapping[str, np.ndarray]:
        """Mean of each array, float64, in the shape of its separate axes; 0 for entries that are not normalised."""
        return {name: array.mean for name, array in self.arrays.items()}

    @cached_property
    def std(self) -> Mapping[str, np.ndarray]:
        """Biased standard deviation of each array, float64, in the shape of its separate axes.

        It is 1 where the variance is below 1e-16, and for entries that are not normalised.
        """
        return {name: array.std for name, array in self.arrays.items()}

    @cached_property
    def count(self) -> Mapping[str, np.ndarray]:
        """How many values of each array counted, int64, in the shape of its separate axes."""
        return {name: array.moments.count for name, array in self.arrays.items()}

    def save(self, path: str | Path) -> None:
        """Write the statistics to a JSON file, replacing what is there.

        Raises
        ------
        ArgumentError
            If its folder is not there.
        """
        stored = StoredStatistics(self.source, self.num_records, True, self.arrays)
        write_statistics(checked_path("path", path), stored)

    @classmethod
    def load(cls, path: str | Path) -> Statistics:
        """Read statistics that `save` or a finished `compute_statistics` wrote.

        Raises
        ------
        DataError
            If the file is not there, damaged or changed, of a later format, or of an unfinished computation.
        """
        path = Path(path)
        stored = read_statistics(path)
        if not stored.is_complete:
            raise DataError(
                f"{path}: statistics of {stored.num_records} records of an unfinished computation; give it to the same "
                "compute_statistics as resume, it goes on where it was."
            )
        try:
            return cls(stored.source, stored.num_records, stored.arrays)
        except ArgumentError as error:
            raise DataError(f"{path}: damaged ({error}).") from error

    def to_json(self) -> dict[str, Any]:
        """Return the statistics as a JSON mapping."""
        return StoredStatistics(self.source, self.num_records, True, self.arrays).to_json()

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, Statistics) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.source, self.num_records, *self.arrays))

    def __repr__(self) -> str:
        return f"Statistics({', '.join(self.arrays)} of {self.num_records} records of {self.source})"
