"""A stored data set as a source."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import DataError
from acoupipe_grain.records.array_record import import_array_record
from acoupipe_grain.records.codec import decode
from acoupipe_grain.records.manifest import read_manifest
from acoupipe_grain.specs import ArraySpec, Element
from acoupipe_grain.workers import StartsGrainWorkers


class ArrayRecordSource(StartsGrainWorkers):
    """The elements of an exported data set: deterministic, thread-safe, picklable.

    ``repr`` identifies the content, not the place: a data set that was moved or copied is the same.

    Parameters
    ----------
    path
        Folder written by `acoupipe_grain.export`.

    Raises
    ------
    DataError
        If the folder holds no complete data set, or a record cannot be read; the message names shard and record.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.manifest = read_manifest(self.path)
        self._starts = [row.start for row in self.manifest.shards]
        self._local = threading.local()

    @property
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""
        return self.manifest.content.element_spec

    @property
    def configuration(self) -> Mapping[str, Any]:
        """The configuration of the source that was exported."""
        return self.manifest.content.configuration

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements."""
        return self.manifest.content.tables

    def __len__(self) -> int:
        return self.manifest.content.num_records

    def __getitem__(self, index: int) -> Element:
        index = arguments.record_index(index, len(self))
        number = bisect.bisect_right(self._starts, index) - 1
        row = self.manifest.shards[number]
        try:
            # The element keeps the record's bytes alive; copies would only cost time.
            return decode(self._reader(number).read([index - row.start])[0])
        except (RuntimeError, ValueError, IndexError) as error:
            raise DataError(f"{row.name}, record {index - row.start} (index {index}): {error}") from error

    def _reader(self, number: int) -> Any:
        """Return this thread's reader of a shard; readers are opened on first use."""
        readers: dict[int, Any] = self._local.__dict__.setdefault("readers", {})
        if number not in readers:
            path = self.path / self.manifest.shards[number].name
            readers[number] = import_array_record().ArrayRecordReader(str(path), options="readahead_buffer_size:0")
        return readers[number]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_local"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"ArrayRecordSource(num_records={len(self)}, digest={self.manifest.digest})"
