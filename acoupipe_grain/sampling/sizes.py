"""How many values records need, some of them fewer than others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sizes:
    """How many values the records need: `shape` each, of which the first ``counts[n]`` along the last axis count."""

    shape: tuple[int, ...] = ()
    counts: NDArray[np.int64] | None = None

    def of(self, rows: NDArray[np.int64]) -> Sizes:
        """Return the sizes of some of the records."""
        return Sizes(self.shape, None if self.counts is None else self.counts[rows])

    def needed(self, num_records: int) -> NDArray[np.bool_]:
        """Return which values count, of shape ``(num_records, *shape)``."""
        needed = np.ones((num_records, *self.shape), dtype=bool)
        if self.counts is not None:
            counts = self.counts.reshape(num_records, *(1,) * len(self.shape))
            needed &= np.arange(self.shape[-1]) < counts
        return needed

    def shape_of(self, row: int) -> tuple[int, ...]:
        """Return the shape of the values of one record that count."""
        return self.shape if self.counts is None else (*self.shape[:-1], int(self.counts[row]))
