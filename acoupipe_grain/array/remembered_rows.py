"""Rows of a table that are computed when they are first asked for, and remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Int

Rows = Callable[[Int[np.ndarray, " row"]], np.ndarray]


class RememberedRows:
    """A table whose rows are computed when they are first asked for; thread-safe, and empty again when pickled.

    Parameters
    ----------
    compute
        Function of the numbers of rows that returns them: the same at each call.
    num_rows, row_shape, dtype
        What the table looks like.
    """

    def __init__(self, compute: Rows, num_rows: int, row_shape: tuple[int, ...], dtype: str) -> None:
        self.compute = compute
        self.shape, self.dtype = (num_rows, *row_shape), dtype
        self._clear()

    def _clear(self) -> None:
        self._rows = np.zeros(self.shape, self.dtype)  # memory that nothing was written to is not taken
        self._is_known = np.zeros(self.shape[0], bool)

    def __getitem__(self, numbers: Int[np.ndarray, " row"]) -> np.ndarray:
        """Return rows, as a copy."""
        missing = np.unique(numbers[~self._is_known[numbers]])
        if missing.size:
            self._rows[missing] = self.compute(missing)
            # After the rows: another thread must not find one that is not there yet.
            self._is_known[missing] = True
        return self._rows[numbers]

    def __getstate__(self) -> dict[str, Any]:
        return {"compute": self.compute, "shape": self.shape, "dtype": self.dtype}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._clear()
