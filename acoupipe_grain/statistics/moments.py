"""Counts, means and sums of squared deviations, and how those of two sets of values become those of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sum of squared deviations from it, of each entry.

    Attributes
    ----------
    count
        How many values.
    mean
        Their mean; 0 where there are none.
    rest
        What double precision leaves out of the mean. Differences of means of values that deviate little from a large
        mean would be rounding errors without it.
    m2
        The sum of the squares of their deviations from the mean: count times the biased variance.
    """

    count: Int64[np.ndarray, "*entry"]
    mean: Float64[np.ndarray, "*entry"]
    rest: Float64[np.ndarray, "*entry"]
    m2: Float64[np.ndarray, "*entry"]

    @classmethod
    def of_nothing(cls, *shape: int) -> Moments:
        """Return the moments of no value at all, for entries of a shape."""
        return cls(np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape), np.zeros(shape))

    def merged_with(self, other: Moments) -> Moments:
        """Return the moments of the values of both.

        The pairwise update of Chan, Golub and LeVeque (Updating formulae and a pairwise algorithm for computing sample
        variances, Stanford STAN-CS-79-773, 1979): it adds only squares, so nothing cancels.
        """
        if not self.mean.ndim:  # of such arrays NumPy would make scalars
            return self.reshaped(1).merged_with(other.reshaped(1)).reshaped()
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        of_means, of_rests = other.mean - self.mean, other.rest - self.rest
        mean, rest = sum_and_rest(self.mean, share * of_means)
        return Moments(
            count,
            *sum_and_rest(mean, rest + self.rest + share * of_rests),
            self.m2 + other.m2 + self.count * share * (of_means + of_rests) ** 2,
        )

    def reshaped(self, *shape: int) -> Moments:
        """Return the same entries in another shape."""
        return Moments(*(of.reshape(shape) for of in (self.count, self.mean, self.rest, self.m2)))

    @property
    def is_finite(self) -> bool:
        """Whether all values were finite numbers."""
        return bool(np.isfinite(self.m2).all() and np.isfinite(self.mean).all())


def sum_and_rest(
    a: Float64[np.ndarray, "*entry"], b: Float64[np.ndarray, "*entry"]
) -> tuple[Float64[np.ndarray, "*entry"], Float64[np.ndarray, "*entry"]]:
    """Return a + b as rounded and what the rounding left out, exactly (Knuth's TwoSum)."""
    total = a + b
    from_b = total - a
    return total, (a - (total - from_b)) + (b - from_b)
