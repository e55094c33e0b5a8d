"""Moments of groups of records, one after another: groups are the same wherever one begins, so sums are, too."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np

from acoupipe_grain import workers
from acoupipe_grain.errors import DataError
from acoupipe_grain.records.batches import batch_size_for, element_batches
from acoupipe_grain.specs import (
    DataSource,
    Element,
    batch_of,
    compute_batch_of,
    element_num_bytes,
    largest_num_bytes,
    lengths_of,
    ragged_axes,
)
from acoupipe_grain.statistics.counted_rows import CountedRows
from acoupipe_grain.statistics.moments import Moments
from acoupipe_grain.statistics.row_buffer import MIN_ROWS

GROUP_BYTES = 4 * 2**20
MAX_BATCH_RECORDS = 1024
MAX_SINGLE_RECORDS = 32
"""Of sources that give one at a time, which may take long; also where nothing says how long they are."""
MAX_THREADS = 8
READ_BYTES = 256 * 2**20
"""What threads may hold at once."""

ByName: TypeAlias = Mapping[str, Moments]


class RecordGroups:
    """The records of a source in groups of a few MiB, each reduced to the moments of its arrays.

    Parameters
    ----------
    source
        Any data source.
    rows
        What counts, by name of the array.
    name
        What identifies the source, for messages.
    """

    def __init__(self, source: DataSource, rows: Mapping[str, CountedRows], name: str) -> None:
        self._source, self._rows, self._name = source, rows, name
        self._spec = source.element_spec
        self._is_stopped = threading.Event()
        self._needed = tuple(dict.fromkeys(needed for of_array in rows.values() for needed in of_array.names))

    def from_record(self, start: int) -> Generator[tuple[int, ByName]]:
        """Yield the end of each group and its moments, in order; `start` is the end of one, or 0.

        Raises
        ------
        DataError
            If an element is not what the specification says, or a value that counts is not finite.
        """
        return self._computed(start) if compute_batch_of(self._source) is not None else self._read(start)

    def _computed(self, start: int) -> Generator[tuple[int, ByName]]:
        num_records = len(self._source)
        batch_size = batch_size_for(self._source, num_records)
        for rows in element_batches(self._source, start, num_records, batch_size):
            elements = [(index, self._checked(index, element)) for index, element in rows]
            moments = self._moments(elements)
            if not _are_finite(moments):
                self._report_not_finite(elements)
            yield rows[-1][0] + 1, moments

    def _read(self, start: int) -> Generator[tuple[int, ByName]]:
        """Read and reduce in threads: NumPy and files leave the interpreter to others meanwhile."""
        size, num_records = self._group_size(), len(self._source)
        allowed = getattr(self._source, "read_options", {}).get("num_threads", MAX_THREADS)
        num_threads = max(1, min(READ_BYTES // self._thread_bytes(), workers.num_cores(), MAX_THREADS, allowed))
        groups = (range(first, min(first + size, num_records)) for first in range(start, num_records, size))
        pool = ThreadPoolExecutor(num_threads)
        self._is_stopped.clear()
        running: deque[tuple[int, Future[ByName]]] = deque()
        try:
            for group in itertools.islice(groups, 2 * num_threads):
                running.append((group.stop, pool.submit(self._read_group, group)))
            while running:
                stop, future = running.popleft()
                moments = future.result()
                for group in itertools.islice(groups, 1):
                    running.append((group.stop, pool.submit(self._read_group, group)))
                yield stop, moments
        finally:
            self._is_stopped.set()
            pool.shutdown(cancel_futures=True)

    def _read_group(self, group: Sequence[int]) -> ByName:
        moments = self._moments(self._elements(group))
        if not _are_finite(moments):
            self._report_not_finite(itertools.chain.from_iterable(self._elements([index]) for index in group))
        return moments

    def _elements(self, group: Sequence[int]) -> Iterable[tuple[int, Element]]:
        """Yield arrays with a leading axis of records, and the index of the first."""
        batched = batch_of(self._source)
        if batched is not None:
            yield group[0], self._checked_batch(group, batched(group))
            return
        for index in group:
            if self._is_stopped.is_set():
                return  # nobody asks for this group any more
            # Without a name for the element: of a large one no second is there meanwhile.
            yield index, self._checked(index, self._source[index])

    def _moments(self, elements: Iterable[tuple[int, Element]]) -> ByName:
        buffers = {name: rows.buffer() for name, rows in self._rows.items()}
        for _, arrays in elements:
            for name, rows in self._rows.items():
                rows.add(arrays, buffers[name])
            del arrays
        return {name: buffer.moments().reshaped(*self._rows[name].shape) for name, buffer in buffers.items()}

    def _checked(self, index: int, element: Any) -> Element:
        """Return the arrays that are needed, with a leading axis of one record."""
        for name in self._needed:
            problem = self._spec[name].mismatch(element[name]) if name in element else "is missing"
            if problem:
                raise DataError(f"record {index} of {self._name}: {name!r} {problem}.")
        return {name: element[name][np.newaxis] for name in self._needed}

    def _checked_batch(self, group: Sequence[int], batch: Mapping[str, Any]) -> Element:
        """Return the arrays that are needed of many records."""
        first = {name: batch[name][0, ...] for name in self._needed if name in batch}
        self._checked(group[0], first)
        if wrong := [name for name in first if len(batch[name]) != len(group)]:
            raise DataError(
                f"records {group[0]} ... {group[-1]} of {self._name}: {wrong[0]!r} has {len(batch[wrong[0]])} records."
            )
        return {name: batch[name] for name in self._needed}

    def _report_not_finite(self, elements: Iterable[tuple[int, Element]]) -> None:
        for index, arrays in elements:
            for name, moments in self._moments([(index, arrays)]).items():
                if not moments.is_finite:
                    raise DataError(
                        f"record {index} of {self._name}: {name!r} has values that are not finite; leave the record "
                        "out, or the values by a mask."
                    )

    def _thread_bytes(self) -> int:
        """Return what a thread holds: a record or a group, and the blocks of wide rows."""
        blocks = sum(np.dtype(float).itemsize * MIN_ROWS * rows.num_columns for rows in self._rows.values())
        return max(GROUP_BYTES, largest_num_bytes(self._source), blocks)

    def _group_size(self) -> int:
        lengths = {axis: int(np.mean(of_axis)) for axis, of_axis in lengths_of(self._source).items()}
        if set(ragged_axes(self._spec)) - set(lengths):
            return MAX_SINGLE_RECORDS
        most = MAX_SINGLE_RECORDS if batch_of(self._source) is None else MAX_BATCH_RECORDS
        return max(1, min(most, GROUP_BYTES // max(1, element_num_bytes(self._spec, lengths))))


def _are_finite(moments: ByName) -> bool:
    return all(of_array.is_finite for of_array in moments.values())
