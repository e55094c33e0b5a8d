"""Random variables: what a drawn quantity is drawn from, whoever says so.

A `Distribution` draws for many records at once from their own streams, or values from a generator. What a record gets
depends on stream and index alone, not on the other records of a call.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acoupipe_grain.callables import callable_identity, callable_text
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling.placement import MAX_ATTEMPTS
from acoupipe_grain.sampling.sizes import Sizes
from acoupipe_grain.seeding import Streams

SMALLEST_UNIFORM = 2.0**-53
"""Smallest and, as its complement, largest value of `Streams.uniforms`."""

UNBOUNDED = (-math.inf, math.inf)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Distribution(ABC):
    """What a quantity is drawn from; made by `distribution`.

    Attributes
    ----------
    bounds
        Lowest and highest value; values outside, and such that are not finite, are redrawn.
    """

    bounds: tuple[float, float] = UNBOUNDED

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Smallest and largest value before any redraw; infinite where nothing is known."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Return what stands for the distribution in a configuration, or raise `ArgumentError` if nothing does."""

    @abstractmethod
    def _values(self, generator: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.float64]:
        """Return values drawn from a generator, not yet held to the bounds."""

    @abstractmethod
    def candidates(
        self, stream: str, streams: Streams, indices: NDArray[np.int64], sizes: Sizes, attempt: int
    ) -> NDArray[np.float64]:
        """Return values of the records `indices`, not yet held to any bounds."""

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest value that can be drawn."""
        return max(self.support[0], self.bounds[0]), min(self.support[1], self.bounds[1])

    def to_json(self) -> dict[str, Any]:
        """Return the JSON mapping that stands for the distribution in a configuration."""
        if self.bounds == UNBOUNDED:
            return self.identity()
        return self.identity() | {"bounds": [value if math.isfinite(value) else None for value in self.bounds]}

    def rvs(self, generator: np.random.Generator, size: int | tuple[int, ...] = 1) -> NDArray[np.float64]:
        """Return values drawn from a generator, within the bounds.

        Parameters
        ----------
        generator
            Where the random words come from.
        size
            Shape of the result.
        """
        shape = (int(size),) if isinstance(size, int | np.integer) else tuple(size)
        values = self._values(generator, shape)
        for _ in range(MAX_ATTEMPTS):
            outside = ~((self.bounds[0] <= values) & (values <= self.bounds[1]) & np.isfinite(values))
            if not outside.any():
                return values
            values = np.where(outside, self._values(generator, shape), values)
        raise ArgumentError(f"{self!r}: no value within the bounds in {MAX_ATTEMPTS} attempts; widen them.")

    def draw(
        self,
        stream: str,
        streams: Streams,
        indices: NDArray[np.int64],
        sizes: Sizes,
        *,
        within: tuple[float, float] = UNBOUNDED,
    ) -> NDArray[np.float64]:
        """Return values of many records, redrawing those outside the bounds or outside `within`.

        Parameters
        ----------
        stream
            Name of the random stream.
        streams
            The random streams.
        indices
            Record indices.
        sizes
            How many values each record needs.
        within
            Lowest and highest value that can be used.

        Returns
        -------
        NDArray
            Of shape ``(len(indices), *sizes.shape)``.

        Raises
        ------
        ArgumentError
            If a value stays outside in `MAX_ATTEMPTS` attempts, or a function gives something else than finite numbers
            of the shape it was asked for.
        """
        values = self.candidates(stream, streams, indices, sizes, 0)
        low, high = max(within[0], self.bounds[0]), min(within[1], self.bounds[1])
        if low <= self.support[0] and self.support[1] <= high and all(map(math.isfinite, self.support)):
            return values
        needed = sizes.needed(indices.size)
        rows = np.arange(indices.size)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            outside = needed[rows] & ~((low <= values[rows]) & (values[rows] <= high) & np.isfinite(values[rows]))
            wrong = outside.reshape(rows.size, -1).any(axis=1)
            rows, outside = rows[wrong], outside[wrong]
            if rows.size == 0:
                return values
            again = self.candidates(stream, streams, indices[rows], sizes.of(rows), attempt)
            values[rows] = np.where(outside, again, values[rows])
        raise ArgumentError(
            f"{self!r}: record {indices[rows[0]]} got no value from {low:g} to {high:g} in {MAX_ATTEMPTS} attempts; "
            "give a distribution with more of its values there."
        )

    def __repr__(self) -> str:
        return repr(self.to_json())


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InverseDistribution(Distribution):
    """A distribution by the inverse of its cumulative distribution function: one uniform value gives one value.

    Attributes
    ----------
    ppf
        The inverse, vectorised.
    json
        What stands for it in a configuration.
    """

    ppf: Callable[[NDArray[np.float64]], Any]
    json: Mapping[str, Any]

    @cached_property
    def support(self) -> tuple[float, float]:
        """Values at the smallest and at the largest uniform value; infinite where rounding makes them so."""
        low, high = self._inverse(np.array([SMALLEST_UNIFORM, 1 - SMALLEST_UNIFORM]))
        return float(low), float(high)

    def identity(self) -> dict[str, Any]:
        """Return the name and arguments of the distribution."""
        return dict(self.json)

    def _values(self, generator: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.float64]:
        uniforms = np.clip(generator.random(size), SMALLEST_UNIFORM, 1 - SMALLEST_UNIFORM)
        return self._inverse(uniforms)

    def _inverse(self, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        # Some inverses divide by zero on their way, far out in the tails; what is not finite is redrawn.
        with np.errstate(all="ignore"):
            return np.array(self.ppf(uniforms), dtype=np.float64)

    def candidates(
        self, stream: str, streams: Streams, indices: NDArray[np.int64], sizes: Sizes, attempt: int
    ) -> NDArray[np.float64]:
        """Return values by inversion."""
        uniforms = streams.uniforms(stream, indices, math.prod(sizes.shape), attempt)
        return self._inverse(uniforms).reshape(len(indices), *sizes.shape)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ScipyDistribution(InverseDistribution):
    """A frozen `scipy.stats` variable.

    Attributes
    ----------
    frozen
        The variable. Where SciPy does not know its distribution by name and it has no key, `json` is empty.
    limits
        Ends of the distribution's support.
    """

    frozen: Any
    limits: tuple[float, float]

    @cached_property
    def support(self) -> tuple[float, float]:
        """Values at the smallest and at the largest uniform value, or the distribution's limits where these fail."""
        if self.is_discrete:  # the inverse far out in the tail may take minutes
            return self.limits
        low, high = super().support
        return (low if math.isfinite(low) else self.limits[0]), (high if math.isfinite(high) else self.limits[1])

    def identity(self) -> dict[str, Any]:
        """Return the name and parameters, or the key, or raise `ArgumentError`."""
        if not self.json:
            raise ArgumentError(
                f"{self!r}: SciPy does not know this distribution by name, so its values cannot be stored or cached. "
                "Give it a key='...' that you change with it: apg.distribution(variable, key='...')."
            )
        return super().identity()

    @property
    def is_discrete(self) -> bool:
        """Whether the variable takes whole numbers only."""
        return hasattr(self.frozen, "pmf")

    def _values(self, generator: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.float64]:
        return np.asarray(self.frozen.rvs(size=size, random_state=generator), dtype=np.float64)

    def __repr__(self) -> str:
        return super().__repr__() if self.json else f"distribution({type(self.frozen.dist).__name__}, key=None)"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FunctionDistribution(Distribution):
    """A user's function ``fn(rng, size)``.

    Attributes
    ----------
    function
        Returns `size` values drawn from the generator `rng`.
    key
        What identifies the function; None: its ``module:name``.
    """

    function: Callable[[np.random.Generator, Any], Any]
    key: str | None

    @property
    def support(self) -> tuple[float, float]:
        """Everything: nothing is known of a function's values."""
        return UNBOUNDED

    def identity(self) -> dict[str, Any]:
        """Return the key or ``module:name``, or raise `ArgumentError`."""
        return callable_identity(self.function, self.key)

    def _values(self, generator: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.float64]:
        asked: int | tuple[int, ...] = size if len(size) > 1 else math.prod(size)
        given = np.asarray(self.function(generator, asked))
        fits = given.shape == np.empty(asked).shape or (asked == 1 and given.shape == ())
        if given.dtype.kind not in "biuf" or not fits:
            raise ArgumentError(
                f"{self!r}: asked for size={asked} it returned {given.dtype} values of shape {given.shape}; expected "
                "that many real numbers."
            )
        values = np.array(given, dtype=np.float64).reshape(size)
        if not np.isfinite(values).all():
            raise ArgumentError(f"{self!r}: returned values that are not finite ({values.ravel()[:4].tolist()}, ...).")
        return values

    def candidates(
        self, stream: str, streams: Streams, indices: NDArray[np.int64], sizes: Sizes, attempt: int
    ) -> NDArray[np.float64]:
        """Return what the function gives with each record's own generator."""
        values = np.zeros((len(indices), *sizes.shape))
        for row, index in enumerate(indices):
            shape = sizes.shape_of(row)
            drawn = self._values(streams.generator(stream, int(index), attempt), shape)
            values[row, ...][tuple(slice(size) for size in shape)] = drawn
        return values

    def __repr__(self) -> str:
        return f"distribution({callable_text(self.function, self.key)}, bounds={self.bounds})"
