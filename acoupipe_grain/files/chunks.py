"""Chunks of files: where each begins and how long it is, known from the lengths of the files alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Int64

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.memory import require_memory
from acoupipe_grain.specs import MAX_RECORDS

BYTES_PER_CHUNK = 80
"""Three numbers of 64 bits, and what is made on the way to them."""


@dataclass(frozen=True, eq=False)
class Chunks:
    """Chunks in the order of the files and of their rows; the arrays cannot be written to.

    Attributes
    ----------
    file_indices
        Number of the file of every chunk.
    first_rows
        Its first row in the file.
    num_rows
        How many rows it has.
    num_left_out, rows_left_out
        How many chunks were shorter than the minimum, and the rows they have together.
    """

    file_indices: Int64[np.ndarray, " chunk"]
    first_rows: Int64[np.ndarray, " chunk"]
    num_rows: Int64[np.ndarray, " chunk"]
    num_left_out: int
    rows_left_out: int

    def __post_init__(self) -> None:
        for array in (self.file_indices, self.first_rows, self.num_rows):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.file_indices)

    def place(self, number: int) -> tuple[int, int, int]:
        """Return file, first row and number of rows of a chunk."""
        # Thrice as fast as indexing, which makes NumPy scalars.
        return self.file_indices.item(number), self.first_rows.item(number), self.num_rows.item(number)

    @property
    def common_length(self) -> int | None:
        """How many rows every chunk has; None if that differs."""
        first = int(self.num_rows[0])
        return first if (self.num_rows == first).all() else None


def cut_into_chunks(
    file_lengths: Int[np.ndarray, " file"],
    length: int | None,
    minimum: int,
    *,
    names: tuple[str, str] = ("num_rows", "min_rows"),
    unit: str = "rows",
) -> Chunks:
    """Return the chunks of files, which begin at 0, L, 2L ...; the last one of a file may be shorter.

    Parameters
    ----------
    file_lengths
        Rows of every file.
    length
        L, at least 1; None: a file is one chunk.
    minimum
        Chunks of fewer rows are left out; at least 1.
    names
        What length and minimum are called in messages.
    unit
        What rows are called in messages.

    Raises
    ------
    ArgumentError
        If no chunk is left, or there are more than records can be, or than fit into memory.
    """
    file_lengths = np.asarray(file_lengths, dtype=np.int64)
    # A file of no rows has one chunk of none, which is left out as others are.
    counts = np.ones_like(file_lengths) if length is None else np.maximum(-(-file_lengths // length), 1)
    num_chunks = int(counts.sum())
    what, remedy = f"{names[0]}={length!r}: the files have {num_chunks} chunks", "use longer chunks"
    if num_chunks > MAX_RECORDS:
        raise ArgumentError(f"{what}, at most {MAX_RECORDS} can be records; {remedy}.")
    require_memory(num_chunks * BYTES_PER_CHUNK, f"{what}: their table", remedy)
    file_indices = np.repeat(np.arange(len(file_lengths), dtype=np.int64), counts)
    first_rows = np.zeros(num_chunks, dtype=np.int64)
    num_rows = file_lengths[file_indices]
    if length is not None:
        number_in_file = np.arange(num_chunks, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
        first_rows = number_in_file * length
        num_rows = np.minimum(num_rows - first_rows, length)
    kept = num_rows >= minimum
    if not kept.any():
        longer = "" if length is None or length >= minimum else f" or a larger {names[0]}"
        raise ArgumentError(
            f"{names[1]}={minimum}: no chunk is left, with {names[0]}={length!r} the longest of {num_chunks} in "
            f"{len(file_lengths)} files of at most {file_lengths.max(initial=0)} {unit} has "
            f"{num_rows.max(initial=0)} {unit}; use a smaller {names[1]}{longer}, or longer files."
        )
    return Chunks(
        file_indices[kept],
        first_rows[kept],
        num_rows[kept],
        num_left_out=int(num_chunks - kept.sum()),
        rows_left_out=int(num_rows[~kept].sum()),
    )
