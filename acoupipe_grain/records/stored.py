"""A stored data set as a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.records.codec import BatchDecoder, decode
from acoupipe_grain.records.manifest import check_shard_sizes, read_manifest
from acoupipe_grain.records.readers import ShardReaders
from acoupipe_grain.specs import ArraySpec, Element, check_element, ragged_axes, stack_elements
from acoupipe_grain.workers import StartsGrainWorkers


class ArrayRecordSource(StartsGrainWorkers):
    """The elements of an exported data set: deterministic, thread-safe, picklable.

    ``repr`` identifies the content, not the place: a data set that was moved or copied is the same. Of an export of a
    range of records, the first is ``source[0]``.

    Parameters
    ----------
    path
        Folder written by `acoupipe_grain.export`.

    Raises
    ------
    DataError
        If the folder holds no complete data set, a shard is missing or has another size, or a record cannot be read;
        the message names shard and record.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        self.manifest = read_manifest(self.path)
        check_shard_sizes(self.path, self.manifest)
        self._open()

    def _open(self) -> None:
        self._readers = ShardReaders([self.path / row.name for row in self.manifest.shards])
        self._decode_batch = None if ragged_axes(self.element_spec) else BatchDecoder(self.element_spec)

    @property
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""
        return self.manifest.plan.element_spec

    @property
    def configuration(self) -> Mapping[str, Any]:
        """What identifies the stored data, with the configuration of the source that was exported."""
        return {
            "class": type(self).__name__,
            "digest": self.manifest.digest,
            "source": self.manifest.plan.configuration,
        }

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What was said of the data set when it was exported."""
        return self.manifest.plan.metadata

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements."""
        return self.manifest.plan.tables

    def __len__(self) -> int:
        return self.manifest.plan.num_records

    def __getitem__(self, index: int) -> Element:
        index = arguments.record_index(index, len(self))
        number, position = divmod(index, self.manifest.plan.records_per_shard)
        try:
            return decode(self._readers.read(number, [position])[0])
        except (RuntimeError, ValueError, IndexError) as error:
            name = self.manifest.shards[number].name
            raise DataError(f"{name}, record {position} (index {index}): {error}") from error

    @property
    def lengths(self) -> Mapping[str, np.ndarray]:
        """How long axes that differ in length are in each record, by name, if the source that was stored knew it."""
        return {axis: np.array(lengths) for axis, lengths in self.manifest.plan.lengths.items()}

    @property
    def normalised(self) -> Mapping[str, np.ndarray]:
        """Which entries of arrays are to be normalised, as the source that was stored said."""
        return {name: np.array(flags, dtype=bool) for name, flags in self._said("normalised").items()}

    @property
    def unvoiced(self) -> Mapping[str, np.ndarray]:
        """Up to which values entries of arrays do not count in statistics, as the source that was stored said."""
        said = self._said("unvoiced").items()
        return {
            name: np.array([-np.inf if value is None else value for value in values], np.float32)
            for name, values in said
        }

    def _said(self, name: str) -> Mapping[str, Sequence[Any]]:
        said: Mapping[str, Sequence[Any]] = getattr(self.manifest.plan, name)
        if not said:
            raise AttributeError(f"the source that was stored has no {name!r}")
        return said

    @property
    def batch(self) -> Callable[[Sequence[int]], Element]:
        """Many elements, stacked, read together, where all have the same size."""
        if self._decode_batch is None:
            raise AttributeError(
                f"{type(self).__name__!r} has no vectorised access 'batch' where records differ in size"
            )
        return self._read_batch

    def _read_batch(self, indices: Sequence[int]) -> Element:
        assert self._decode_batch is not None
        if not len(indices):
            raise ArgumentError(f"indices={indices!r}: expected at least one record.")
        numbers = np.array([arguments.record_index(index, len(self)) for index in indices])
        shards, positions = np.divmod(numbers, self.manifest.plan.records_per_shard)
        records: list[bytes] = [b""] * len(numbers)
        try:
            for shard in np.unique(shards).tolist():
                rows = np.flatnonzero(shards == shard).tolist()
                for row, record in zip(rows, self._readers.read(shard, positions[rows].tolist()), strict=True):
                    records[row] = record
        except (RuntimeError, ValueError, IndexError):
            records = []  # by itself, the broken one is named
        batch = self._decode_batch(records) if records else None
        return stack_elements(map(self._checked, indices)) if batch is None else batch

    def _checked(self, index: int) -> Element:
        element = self[index]
        check_element(element, self.element_spec, f"record {index} of {self!r}")
        return element

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: value for name, value in super().__getstate__().items() if name not in ("_readers", "_decode_batch")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._open()

    def __repr__(self) -> str:
        return f"ArrayRecordSource(num_records={len(self)}, digest={self.manifest.digest[:16]})"
