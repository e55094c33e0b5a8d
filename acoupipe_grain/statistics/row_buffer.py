"""The reduction of rows of numbers to moments of their columns, in blocks that stay in the processor's cache."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Shaped

from acoupipe_grain.statistics.moments import Moments, sum_and_rest

BLOCK_VALUES = 131072
"""Values of a block: 1 MiB in double precision, what a core has of the caches."""
MIN_ROWS = 8
"""Of a block, however many columns there are: they are merged block by block."""
FOLDED_VALUES = 512
"""Narrow rows are summed side by side, so many values at once."""


class RowBuffer:
    """Moments of columns, of rows that are added one block after another.

    Rows are converted to double precision once, into a block. A full one is reduced in two passes, the mean and then
    the squares of the deviations from it, and merged with those before: as exact as two passes over all the data.

    Parameters
    ----------
    num_columns
        Values in a row, at least 1.
    above
        Per column: only greater values count; −infinity where all do. None: all, everywhere.
    has_masks
        Whether rows come with masks.
    """

    def __init__(
        self, num_columns: int, above: Float64[np.ndarray, " column"] | None = None, has_masks: bool = False
    ) -> None:
        self._fold = max(1, FOLDED_VALUES // num_columns)
        num_rows = max(MIN_ROWS, BLOCK_VALUES // num_columns)
        num_rows = -(-num_rows // self._fold) * self._fold
        self._block = np.empty((num_rows, num_columns))
        self._above = above
        self._is_open = False if above is None else np.isneginf(above)
        is_masked = has_masks or above is not None
        self._counts = np.empty((num_rows, num_columns), bool) if is_masked else None
        self._weights = np.empty((num_rows, num_columns)) if is_masked else None
        self._num_rows = 0
        self._moments = Moments.of_nothing(num_columns)

    def add(self, rows: Shaped[np.ndarray, "row column"], counts: Bool[np.ndarray, "row column"] | None = None) -> None:
        """Add rows of real numbers of any dtype; with masks, only values count where it is true."""
        start = 0
        while start < len(rows):
            number = min(len(rows) - start, len(self._block) - self._num_rows)
            place, part = slice(self._num_rows, self._num_rows + number), slice(start, start + number)
            self._block[place] = rows[part]
            if self._counts is not None:
                self._counts[place] = True if counts is None else counts[part]
            self._num_rows += number
            start += number
            if self._num_rows == len(self._block):
                self._reduce()

    def moments(self) -> Moments:
        """Return the moments of all rows added since the last call."""
        self._reduce()
        moments, self._moments = self._moments, Moments.of_nothing(*self._moments.mean.shape)
        return moments

    def _reduce(self) -> None:
        if not self._num_rows:
            return
        num_folds = -(-self._num_rows // self._fold)
        block = _Folds(self._block, self._num_rows, num_folds, self._fold)
        weights = None if self._weights is None else self._weighed(num_folds)
        # What is not finite is reported by those who know its name.
        with np.errstate(invalid="ignore", over="ignore"):
            block.weigh(weights)
            sums = block.sums()
            if weights is not None and not np.isfinite(sums).all():
                # Numbers that do not count may be anything, and zero times infinity is none.
                np.copyto(block.rows, 0, where=weights.rows == 0)
                sums = block.sums()
            count = np.full(sums.shape, len(block.rows)) if weights is None else weights.sums().astype(np.int64)
            mean = sums / np.maximum(count, 1)
            block.folded -= np.tile(mean, self._fold)
            block.weigh(weights)
            rest = block.sums() / np.maximum(count, 1)
            np.square(block.folded, out=block.folded)
            m2 = block.sums() - count * rest**2
            self._moments = self._moments.merged_with(Moments(count, *sum_and_rest(mean, rest), np.maximum(m2, 0)))
        self._num_rows = 0

    def _weighed(self, num_folds: int) -> _Folds:
        """Return 1 for the values of the block that count and 0 for others."""
        assert self._counts is not None
        counts = self._counts[: self._num_rows]
        if self._above is not None:
            is_above = self._block[: self._num_rows] > self._above
            # Where there is no threshold, what is not a number counts too, and is noticed.
            is_above |= self._is_open
            counts &= is_above
        assert self._weights is not None
        weights = _Folds(self._weights, self._num_rows, num_folds, self._fold)
        weights.rows[...] = counts
        weights.weigh(None)
        return weights


class _Folds:
    """The first rows of an array, several side by side, filled up with zeros: long rows are summed faster."""

    def __init__(self, array: Float64[np.ndarray, "row column"], num_rows: int, num_folds: int, fold: int) -> None:
        self.rows = array[:num_rows]
        self.folded = array[: num_folds * fold].reshape(num_folds, -1)
        self._fold = fold
        self._padding = array[num_rows : num_folds * fold]

    def weigh(self, weights: _Folds | None) -> None:
        """Multiply by weights, if there are some; the padding becomes zero."""
        if weights is not None:
            self.rows *= weights.rows
        self._padding[...] = 0

    def sums(self) -> Float64[np.ndarray, " column"]:
        """Return the sum of each column."""
        return np.add.reduce(self.folded, axis=0).reshape(self._fold, -1).sum(axis=0)
