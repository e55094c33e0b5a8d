"""Statistics of several subsets as those of one data set."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from jaxtyping import Float64

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.statistics.array_statistics import ArrayStatistics
from acoupipe_grain.statistics.moments import Moments, sum_and_rest
from acoupipe_grain.statistics.statistics import Statistics


def merged(statistics: Sequence[Statistics], weights: Sequence[float] | None = None) -> Statistics:
    """Return the statistics of several subsets together.

    Parameters
    ----------
    statistics
        Of each subset, of the same arrays.
    weights
        How much each subset counts, whatever its size: positive numbers, such as the shares of subsets in batches of
        which each has so many records of each. With weights w, means m and variances v the mean is Σ w m / Σ w and the
        variance Σ w (v + (m − mean)²) / Σ w. None: as if all data were one set.

    Raises
    ------
    ArgumentError
        If there are none, they are of different arrays or count different values, or weights are no positive numbers.
    """
    subsets = _checked_statistics(statistics)
    checked_weights = None if weights is None else _checked_weights(weights, len(subsets))
    arrays = {}
    for name, first in subsets[0].arrays.items():
        moments = [subset.arrays[name].moments for subset in subsets]
        if checked_weights is None:
            together = reduce(Moments.merged_with, moments)
        else:
            flat = _weighted([of.reshaped(-1) for of in moments], checked_weights)
            together = flat.reshaped(*first.moments.mean.shape)
        arrays[name] = ArrayStatistics(first.counted, first.axes, together)
    listed = ", ".join(subset.source for subset in subsets)
    weighted = "" if checked_weights is None else f", weights={checked_weights.tolist()}"
    return Statistics(f"merged([{listed}]{weighted})", sum(subset.num_records for subset in subsets), arrays)


def _weighted(moments: Sequence[Moments], weights: Float64[np.ndarray, " subset"]) -> Moments:
    """Return moments with the count of all and the mean and variance of weighted subsets."""
    counts = np.stack([subset.count for subset in moments])
    # A subset without any value of an entry has no say in it.
    by_entry = weights[:, np.newaxis] * (counts > 0)
    total = by_entry.sum(axis=0)
    shares = by_entry / np.where(total > 0, total, 1)
    variances = np.stack([subset.m2 for subset in moments]) / np.maximum(counts, 1)
    # About one of them: what is constant stays so to the last bit.
    origin = reduce(lambda first, other: _where(first.count > 0, first, other), moments)
    offsets = np.stack([(of.mean - origin.mean) + (of.rest - origin.rest) for of in moments])
    offset = (shares * offsets).sum(axis=0)
    variance = (shares * (variances + (offsets - offset) ** 2)).sum(axis=0)
    count = counts.sum(axis=0)
    return Moments(count, *sum_and_rest(origin.mean, origin.rest + offset), variance * count)


def _where(condition: np.ndarray, one: Moments, other: Moments) -> Moments:
    names = ("count", "mean", "rest", "m2")
    return Moments(*(np.where(condition, getattr(one, name), getattr(other, name)) for name in names))


def _checked_statistics(statistics: Any) -> list[Statistics]:
    if not isinstance(statistics, list | tuple) or not all(isinstance(subset, Statistics) for subset in statistics):
        raise ArgumentError(f"statistics={statistics!r}: expected a list of Statistics.")
    if not statistics:
        raise ArgumentError("statistics=[]: expected the statistics of at least one subset.")
    first = statistics[0]
    for number, subset in enumerate(statistics):
        if set(subset.arrays) != set(first.arrays):
            raise ArgumentError(
                f"statistics[{number}]: of the arrays {sorted(subset.arrays)}, the first ones of "
                f"{sorted(first.arrays)}; compute them of the same arrays."
            )
        for name, array in subset.arrays.items():
            other = first.arrays[name]
            said = _what_counts(array), _what_counts(other)
            if said[0] != said[1]:
                raise ArgumentError(
                    f"statistics[{number}]: {name!r}: {said[0]}, the first ones have {said[1]}; compute them alike."
                )
    return list(statistics)


def _what_counts(array: ArrayStatistics) -> str:
    return f"{array.counted} of the axes {array.axes}, shape {array.moments.mean.shape}"


def _checked_weights(weights: Any, num_subsets: int) -> Float64[np.ndarray, " subset"]:
    if not isinstance(weights, list | tuple | np.ndarray) or len(weights) != num_subsets:
        raise ArgumentError(f"weights={weights!r}: expected {num_subsets} numbers, one for each of the statistics.")
    return np.array([arguments.number("weights", weight, above=0) for weight in weights])
