"""Metrics as sums and counts, so that means over all items do not depend on how they are batched."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped


class Accumulated(NamedTuple):
    """Sum of a metric's values and how many they are.

    Those of any items are added up field by field; the mean is taken once, at the end. A ratio is one, too: precision
    has the true positives as its sum and the predictions as the number of its values.

    Attributes
    ----------
    sum
        Sum of the values.
    num_values
        How many values; 0 where there is nothing to judge.
    """

    sum: float
    num_values: int

    @classmethod
    def of(cls, values: Shaped[np.ndarray, "..."]) -> Accumulated:
        """Return the sum, in double precision, and number of all values of an array."""
        return cls(float(np.sum(values, dtype=np.float64)), int(values.size))

    @classmethod
    def total(cls, parts: Iterable[tuple[float, int]]) -> Accumulated:
        """Return what several add up to; of none, 0 and 0."""
        pairs = list(parts)
        return cls(math.fsum(part[0] for part in pairs), sum(part[1] for part in pairs))

    @property
    def mean(self) -> float:
        """Sum over number; NaN where nothing was counted."""
        return self.sum / self.num_values if self.num_values else math.nan
