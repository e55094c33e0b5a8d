"""Matrices in files, mapped into memory: any rows of them are read without the others."""

from __future__ import annotations

import errno
import math
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from acoupipe_grain.errors import DataError

FLOAT32 = np.dtype(np.float32)
MAX_OPEN_FILES = 256
"""Files that a source keeps mapped at most."""
SHARE_OF_DESCRIPTORS = 8
"""Each of them takes a file descriptor; of those that the system lends the process, a source takes one in so many."""


@dataclass(frozen=True)
class MappedMatrix:
    """A matrix in a file, and how its bytes become numbers.

    Attributes
    ----------
    path
        Where the file is.
    num_rows, num_columns
        Its shape.
    dtype
        Of the numbers in the file, with byte order, for example "<f4".
    offset
        Where they begin, bytes.
    scale
        What they are multiplied by; 1 leaves them as they are.
    num_bytes
        Size of the whole file; one that has another is no longer the same.
    """

    path: str
    num_rows: int
    num_columns: int
    dtype: str
    offset: int
    scale: float
    num_bytes: int

    def opened(self) -> np.ndarray:
        """Return the numbers as they are in the file, (row, column), read when they are used.

        Raises
        ------
        DataError
            If the file is gone or has another size than it had.
        """
        try:
            now = os.stat(self.path).st_size
            if now != self.num_bytes:
                raise DataError(
                    f"{self.path}: has {now} bytes, and had {self.num_bytes} when the source was made; make it anew."
                )
            shape = (self.num_rows, self.num_columns)
            mapped = np.memmap(self.path, dtype=self.dtype, mode="r", offset=self.offset, shape=shape)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise
            raise DataError(f"{self.path}: cannot be read ({error.strerror}).") from error
        return mapped.view(np.ndarray)  # slices of a plain array take a tenth of the time

    def numbers(self, rows: np.ndarray, start: int) -> Float32[np.ndarray, "row column"]:
        """Return rows of the file, which begin at row `start`, as numbers of their own.

        Raises
        ------
        DataError
            If there is one that is not finite.
        """
        if self.scale != 1:
            return rows.astype(FLOAT32) * np.float32(self.scale)
        numbers = rows.astype(FLOAT32)
        if not _is_surely_finite(numbers):
            self._require_finite(numbers, start)
        return numbers

    def write(self, rows: np.ndarray, start: int, target: Float32[np.ndarray, "row column"]) -> None:
        """Do what `numbers` does into an array, strided or not."""
        # Rows in the file are always one block of memory.
        if self.scale == 1 and not _is_surely_finite(rows):
            self._require_finite(rows, start)
        target[...] = rows
        if self.scale != 1:
            target *= np.float32(self.scale)

    def _require_finite(self, numbers: np.ndarray, start: int) -> None:
        if (wrong := np.argwhere(~np.isfinite(numbers))).size:
            row, column = wrong[0].tolist()
            raise DataError(
                f"{self.path}: holds {numbers[row, column]} in row {start + row}, column {column}; expected finite "
                "numbers."
            )


def _is_surely_finite(numbers: np.ndarray) -> bool:
    """Say whether all numbers are finite; False also for numbers whose squares are too large.

    A sum of squares that is finite has finite terms, and takes a quarter of the time of a plain sum. Unlike other
    products of NumPy, this one does not warn when it is not.
    """
    return math.isfinite(np.vdot(numbers, numbers))


class MappedMatrices:
    """Matrices of many files, thread-safe and picklable; those mapped last are kept.

    A file that is made shorter in place while it is mapped ends the process when what is gone is read (SIGBUS), as with
    `numpy.memmap`; what replaces files, as `write_raw` does, leaves those that are mapped as they were.

    Parameters
    ----------
    matrices
        The matrices.
    """

    def __init__(self, matrices: Sequence[MappedMatrix]) -> None:
        self.matrices = tuple(matrices)
        self._open_anew()

    def _open_anew(self) -> None:
        self._opened: OrderedDict[int, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.matrices)

    def read(self, number: int, start: int, stop: int) -> Float32[np.ndarray, "row column"]:
        """Return rows start ... stop − 1 of a matrix, a copy.

        Raises
        ------
        DataError
            If the file is gone or has another size than it had, or holds numbers that are not finite.
        """
        # Nearly always there: without the lock, and without a note of when it was used last.
        mapped = self._opened.get(number)
        rows = (self._mapped(number) if mapped is None else mapped)[start:stop]
        return self.matrices[number].numbers(rows, start)

    def write(self, number: int, start: int, target: Float32[np.ndarray, "row column"]) -> None:
        """Write rows of a matrix, from `start` on, into all rows of an array; errors are those of `read`."""
        mapped = self._opened.get(number)
        rows = (self._mapped(number) if mapped is None else mapped)[start : start + len(target)]
        self.matrices[number].write(rows, start, target)

    def _mapped(self, number: int) -> np.ndarray:
        with self._lock:
            mapped = self._opened.get(number)
            if mapped is None:
                mapped = self._opened[number] = self._opened_now(number)
                if len(self._opened) > _max_open_files():
                    self._opened.popitem(last=False)
            return mapped

    def _opened_now(self, number: int) -> np.ndarray:
        try:
            return self.matrices[number].opened()
        except OSError:  # no descriptor is left: give ours back
            self._opened.clear()
        try:
            return self.matrices[number].opened()
        except OSError as error:
            raise DataError(
                f"{self.matrices[number].path}: cannot be opened, this process has too many files open "
                f"({error.strerror}); raise the limit (ulimit -n), or use fewer sources of many files at once."
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {"matrices": self.matrices}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.matrices = state["matrices"]
        self._open_anew()


def _max_open_files() -> int:
    """Return how many files a source keeps mapped, by what the system lends this process."""
    if sys.platform == "win32":
        return MAX_OPEN_FILES
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_OPEN_FILES if limit < 0 else max(1, min(MAX_OPEN_FILES, limit // SHARE_OF_DESCRIPTORS))
