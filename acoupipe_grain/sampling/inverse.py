"""Distributions by inversion: each function maps uniform values in (0, 1) to values of the distribution.

One uniform value gives one value, so a draw needs no loop and the values of many records come from one vectorised
call. Logarithms are SciPy's, exponentials Python's: NumPy's change their last bits with the processor.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int
from scipy import special


def uniform(u: Float[np.ndarray, "*n"], low: float, high: float) -> Float[np.ndarray, "*n"]:
    """Return values uniform in (low, high)."""
    return low + (high - low) * u


def normal(u: Float[np.ndarray, "*n"], mean: float, deviation: float) -> Float[np.ndarray, "*n"]:
    """Return normal values with the given mean and standard deviation."""
    return mean + deviation * special.ndtri(u)


def truncated_normal(
    u: Float[np.ndarray, "*n"], mean: float, deviation: float, low: float, high: float
) -> Float[np.ndarray, "*n"]:
    """Return normal values conditioned on low <= value <= high."""
    if low == high:
        return np.full_like(u, low)
    lower, upper = special.ndtr((np.array([low, high]) - mean) / deviation)
    return np.clip(normal(lower + (upper - lower) * u, mean, deviation), low, high)


def rayleigh(u: Float[np.ndarray, "*n"], scale: float) -> Float[np.ndarray, "*n"]:
    """Return Rayleigh values, density x/scale² exp(−x²/(2 scale²))."""
    return scale * np.sqrt(-2.0 * special.log1p(-u))


def count_probabilities(mean: float, minimum: int, maximum: int) -> Float[np.ndarray, " count"]:
    """Return the probabilities of minimum ... maximum under 1 + Poisson(mean), conditioned on that range."""
    extra = np.arange(minimum, maximum + 1) - 1
    logarithms = special.xlogy(extra, mean) - special.gammaln(extra + 1)
    weights = np.array([math.exp(value) for value in logarithms - logarithms.max()])
    return weights / weights.sum()


def truncated_count(u: Float[np.ndarray, "*n"], mean: float, minimum: int, maximum: int) -> Int[np.ndarray, "*n"]:
    """Return 1 + Poisson(mean) conditioned on minimum <= value <= maximum."""
    edges = np.cumsum(count_probabilities(mean, minimum, maximum))[:-1]
    return minimum + np.searchsorted(edges, u, side="right")
