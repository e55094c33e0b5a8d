"""Mean and standard deviation of one array."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.statistics.counted import Counted
from acoupipe_grain.statistics.moments import Moments

SMALLEST_VARIANCE = 1e-16
"""What varies less is constant: it gets the standard deviation 1."""


@dataclass(frozen=True, eq=False)
class ArrayStatistics:
    """Moments of an array, and of what they are.

    Attributes
    ----------
    counted
        Which values count, and which axes are separate.
    axes
        Names of the array's axes.
    moments
        Of what counts, in the shape of the separate axes; also of entries that are not to be normalised.
    """

    counted: Counted
    axes: tuple[str, ...]
    moments: Moments

    @cached_property
    def mean(self) -> Float64[np.ndarray, "*entry"]:
        """Means, 0 where values are not to be normalised."""
        return _fixed(np.where(self.is_normalised, self.moments.mean, 0.0))

    @cached_property
    def std(self) -> Float64[np.ndarray, "*entry"]:
        """Biased standard deviations, 1 where the variance is below 1e-16 or values are not to be normalised."""
        variance = self.moments.m2 / np.maximum(self.moments.count, 1)
        is_scaled = self.is_normalised & (variance >= SMALLEST_VARIANCE)
        return _fixed(np.where(is_scaled, np.sqrt(variance), 1.0))

    @property
    def is_normalised(self) -> Bool[np.ndarray, "*entry"]:
        """Which entries are to be normalised."""
        flags = True if self.counted.normalise is None else np.array(self.counted.normalise)
        return np.broadcast_to(flags, self.moments.mean.shape)

    def require_values(self, name: str) -> None:
        """Raise `ArgumentError` naming the array `name` and an entry that is to be normalised and has no value."""
        empty = np.argwhere(self.is_normalised & (self.moments.count == 0))
        if not len(empty):
            return
        places = zip(self.counted.separate, empty[0].tolist(), strict=True)
        entry = ", ".join(f"entry {place} along {axis!r}" for axis, place in places)
        causes = [f"mask={self.counted.mask!r}"] if self.counted.mask is not None else []
        causes += [f"above={self.counted.above!r}"] if self.counted.above is not None else []
        cause = f"{' and '.join(causes)} leave{'s' * (len(causes) == 1)} no value" if causes else "there is no value"
        raise ArgumentError(
            f"arrays: {name!r}{', ' * bool(entry)}{entry}: {cause}, so there is no mean; change what counts, or give "
            "normalise=false for the entry."
        )

    @property
    def broadcast_shape(self) -> tuple[int, ...]:
        """Shape of the entries with all axes of the array, 1 along those that are averaged over."""
        sizes = dict(zip(self.counted.separate, self.moments.mean.shape, strict=True))
        return tuple(sizes.get(axis, 1) for axis in self.axes)

    def to_json(self) -> dict[str, Any]:
        """Return the statistics as a JSON mapping; floats keep all their bits."""
        return {
            "axes": list(self.axes),
            "counted": self.counted.to_json(),
            "shape": list(self.moments.mean.shape),
            **{name: getattr(self.moments, name).ravel().tolist() for name in ("count", "mean", "rest", "m2")},
        }

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> ArrayStatistics:
        """Rebuild statistics from `to_json`; it raises KeyError, TypeError or ValueError where they are damaged."""
        counted, shape = Counted(**mapping["counted"]), tuple(mapping["shape"])
        numbers = {name: mapping[name] for name in ("count", "mean", "rest", "m2")}
        if len(shape) != len(counted.separate) or any(len(of) != math.prod(shape) for of in numbers.values()):
            raise ValueError(f"the numbers do not have the shape {shape}")
        dtypes = {"count": np.int64}
        arrays = [np.array(of, dtypes.get(name, np.float64)).reshape(shape) for name, of in numbers.items()]
        moments = Moments(*arrays)
        return cls(counted, tuple(mapping["axes"]), moments)


def _fixed(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
