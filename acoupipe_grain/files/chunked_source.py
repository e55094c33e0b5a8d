"""What sources of chunks of files have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from jaxtyping import Int64

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.files.chunks import Chunks
from acoupipe_grain.files.file_source import FileSource
from acoupipe_grain.memory import require_memory
from acoupipe_grain.named_files import NamedFiles
from acoupipe_grain.specs import ArraySpec, Element, element_num_bytes

MAX_FIRST_ROW = 2**31 - 1
"""Elements say where their chunk begins as int32."""

INT32 = np.dtype(np.int32)


class ChunkedSource(FileSource):
    """Chunks of files, one after another: deterministic, thread-safe, picklable.

    Parameters
    ----------
    files
        What is read.
    chunks
        The records.
    axes
        Rows of a chunk for one element along each axis that is as long as the chunk, by name of the axis.
    chunk_argument
        The argument that makes records shorter.

    Raises
    ------
    ArgumentError
        If a chunk begins later than elements can say, or the longest does not fit into memory.
    """

    first = "first_row"
    """What elements call the beginning of their chunk."""
    sample_rate: int | None = None
    """Hz, of all files; None if elements do not say it."""

    def __init__(self, files: NamedFiles, chunks: Chunks, axes: Mapping[str, int], chunk_argument: str) -> None:
        self.files = files
        self.chunks = chunks
        self._axes = axes
        self._num_records = len(chunks)
        if (last := int(chunks.first_rows.max())) > MAX_FIRST_ROW:
            name = self.tables["files"][chunks.file_indices[chunks.first_rows.argmax()]]
            raise ArgumentError(
                f"{name}: a chunk begins at {last}, elements can say at most {MAX_FIRST_ROW}; split the file."
            )
        longest = int(chunks.num_rows.max())
        sizes = {axis: longest // divisor for axis, divisor in axes.items()}
        require_memory(
            element_num_bytes(self.element_spec, sizes),
            f"{chunk_argument}: the longest record has {longest} {self.first.removeprefix('first_')}s and",
            f"give a smaller {chunk_argument}",
        )

    @property
    @abstractmethod
    def element_spec(self) -> Mapping[str, ArraySpec]:
        """Specification of every array of an element."""

    @abstractmethod
    def _empty(self, num_rows: int, *batch: int) -> Element:
        """Return arrays for the content of a chunk, or of many."""

    @abstractmethod
    def _write(self, file_index: int, first_row: int, arrays: Element) -> None:
        """Write the content of a chunk into its arrays."""

    def _read(self, file_index: int, first_row: int, num_rows: int) -> Element:
        """Return the content of a chunk."""
        arrays = self._empty(num_rows)
        self._write(file_index, first_row, arrays)
        return arrays

    @property
    def about_spec(self) -> dict[str, ArraySpec]:
        """Specification of what elements say of their chunk."""
        rate = {} if self.sample_rate is None else {"sample_rate": ArraySpec((), "int32", (), "Hz")}
        return rate | {name: ArraySpec((), "int32", ()) for name in ("file_index", self.first, "idx")}

    @cached_property
    def lengths(self) -> Mapping[str, Int64[np.ndarray, " record"]]:
        """How long the axes of chunks are in each record, by name."""
        return {axis: self.chunks.num_rows // divisor for axis, divisor in self._axes.items()}

    @property
    def batch(self) -> Callable[[Sequence[int]], Element]:
        """Many elements, stacked, where all records have one length."""
        if self.chunks.common_length is None:
            raise AttributeError(f"{type(self).__name__!r} has no 'batch' where records have different lengths")
        return self._read_batch

    def _read_batch(self, indices: Sequence[int]) -> Element:
        numbers = np.array([arguments.record_index(index, len(self)) for index in indices], dtype=np.int64)
        batch = self._empty(int(self.chunks.num_rows[0]), len(numbers))
        file_indices, first_rows = self.chunks.file_indices[numbers], self.chunks.first_rows[numbers]
        places = zip(file_indices.tolist(), first_rows.tolist(), strict=True)
        for row, (file_index, first_row) in enumerate(places):
            self._write(file_index, first_row, {name: array[row] for name, array in batch.items()})
        if self.sample_rate is not None:
            batch["sample_rate"] = np.full(len(numbers), self.sample_rate, INT32)
        batch["file_index"] = file_indices.astype(INT32)
        batch[self.first] = first_rows.astype(INT32)
        batch["idx"] = numbers.astype(INT32)
        return batch

    def __len__(self) -> int:
        return self._num_records

    def __getitem__(self, index: int) -> Element:
        if type(index) is not int or not 0 <= index < self._num_records:  # the usual case, without a call
            index = arguments.record_index(index, self._num_records)
        file_index, first_row, num_rows = self.chunks.place(index)
        element = self._read(file_index, first_row, num_rows)
        if self.sample_rate is not None:
            element["sample_rate"] = np.array(self.sample_rate, INT32)
        element["file_index"] = np.array(file_index, INT32)
        element[self.first] = np.array(first_row, INT32)
        element["idx"] = np.array(index, INT32)
        return element
