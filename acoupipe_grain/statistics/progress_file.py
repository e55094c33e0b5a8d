"""How far a computation of statistics is, in a file from which it goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.statistics.array_statistics import ArrayStatistics
from acoupipe_grain.statistics.counted_rows import CountedRows
from acoupipe_grain.statistics.moments import Moments
from acoupipe_grain.statistics.statistics_file import StoredStatistics, read_statistics, write_statistics

SECONDS_BETWEEN_WRITES = 5.0
WRITES_SHARE = 10
"""Writing takes at most a tenth of the time."""


class Progressed:
    """Moments of a source's first records, in memory and in a file if there is one.

    Parameters
    ----------
    source
        What identifies the source.
    num_records
        How many records it has.
    rows
        What counts, by name of the array.
    path
        The file; read if it is there. None: there is none.

    Raises
    ------
    ArgumentError
        If the file is of another source, or of other arrays.
    DataError
        If the file is damaged, or something else.
    """

    def __init__(self, source: str, num_records: int, rows: Mapping[str, CountedRows], path: Path | None) -> None:
        self._source, self._num_records, self._rows, self._path = source, num_records, rows, path
        self.num_done = self._num_written = 0
        self.moments = {name: Moments.of_nothing(*of_array.shape) for name, of_array in rows.items()}
        if path is not None and path.exists():
            self._go_on_from(read_statistics(path))
        self._next_write = time.monotonic() + SECONDS_BETWEEN_WRITES

    def add(self, num_done: int, moments: Mapping[str, Moments]) -> None:
        """Add the moments of the records up to `num_done`, and write the file if it is time."""
        together = {name: so_far.merged_with(moments[name]) for name, so_far in self.moments.items()}
        # At once, for interruptions.
        self.moments, self.num_done = together, num_done
        if self._path is not None and time.monotonic() >= self._next_write:
            began = time.monotonic()
            self.write()
            took = time.monotonic() - began
            self._next_write = began + took + max(SECONDS_BETWEEN_WRITES, WRITES_SHARE * took)

    def write(self) -> None:
        """Write the file, if there is one and it does not say the same already."""
        if self._path is None or self._num_written == self.num_done:
            return
        num_done, arrays = self.num_done, self.arrays
        write_statistics(self._path, StoredStatistics(self._source, num_done, num_done == self._num_records, arrays))
        self._num_written = num_done

    @property
    def arrays(self) -> dict[str, ArrayStatistics]:
        """The statistics so far, by name of the array."""
        return {name: ArrayStatistics(rows.counted, rows.axes, self.moments[name]) for name, rows in self._rows.items()}

    def _go_on_from(self, stored: StoredStatistics) -> None:
        if stored.source != self._source:
            raise ArgumentError(
                f"resume={str(self._path)!r}: of another source, {stored.source}, not of {self._source}; give another "
                "file, or remove this one."
            )
        expected, found = _what_counts(self.arrays), _what_counts(stored.arrays)
        if expected != found:
            raise ArgumentError(
                f"resume={str(self._path)!r}: of other arrays, {found}, not {expected}; give another file, or remove "
                "this one."
            )
        self.num_done = self._num_written = stored.num_records
        self.moments = {name: stored.arrays[name].moments for name in self._rows}


def _what_counts(arrays: Mapping[str, ArrayStatistics]) -> dict[str, str]:
    return {
        name: f"{array.counted} of {dict(zip(array.counted.separate, array.moments.mean.shape, strict=True))}"
        for name, array in sorted(arrays.items())
    }
