"""What the drawn properties of rooms may be, and the random streams that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from acoupipe_grain.array.signals.limits import Limits
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution, Sizes
from acoupipe_grain.seeding import Streams

STREAM = "rooms"
"""What the names of the random streams begin with."""


@dataclass(frozen=True)
class Quantity:
    """A property of a room, one number for each record.

    Attributes
    ----------
    name
        The argument, as in messages and in the name of the random stream: "size.length".
    limits
        The values that it may have.
    """

    name: str
    limits: Limits = field(default_factory=Limits)

    def distribution(self, value: Any) -> Distribution:
        """Return what the argument gives as a distribution.

        Raises
        ------
        ArgumentError
            If it is none, or one that is known to have values that may not be.
        """
        return self.limits.distribution(self.name, value)

    def draw(self, distribution: Distribution, streams: Streams, index: int) -> float:
        """Return the value of a record.

        Raises
        ------
        ArgumentError
            If it may not be.
        """
        value = float(distribution.draw(f"{STREAM}.{self.name}", streams, np.array([index]), Sizes())[0])
        limits = self.limits
        if not (value > limits.above and limits.minimum <= value <= limits.maximum):
            raise ArgumentError(
                f"responses: {self.name}={distribution!r}: gave {value:.6g} for record {index}; expected {limits}. "
                "Give it bounds, apg.distribution(..., bounds=(lowest, highest))."
            )
        return value


@dataclass(frozen=True)
class Quantities:
    """Properties that one argument has a distribution for each of.

    Attributes
    ----------
    name
        The argument.
    parts
        The name of each.
    limits
        The values that they may have.
    """

    name: str
    parts: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The properties one by one."""
        return tuple(Quantity(f"{self.name}.{part}", self.limits) for part in self.parts)

    def distributions(self, value: Any) -> tuple[Distribution, ...]:
        """Return what the argument gives as distributions.

        Raises
        ------
        ArgumentError
            If it is not a list of so many, or one of them may not be.
        """
        value = value.tolist() if isinstance(value, np.ndarray) else value
        if not isinstance(value, list | tuple) or len(value) != len(self.parts):
            raise ArgumentError(
                f"{self.name}={value!r}: expected {len(self.parts)} numbers or distributions, for "
                f"{', '.join(self.parts)}."
            )
        return tuple(quantity.distribution(item) for quantity, item in zip(self.quantities, value, strict=True))

    def draw(self, distributions: Sequence[Distribution], streams: Streams, index: int) -> list[float]:
        """Return the values of a record; each has a stream of its own."""
        pairs = zip(self.quantities, distributions, strict=True)
        return [quantity.draw(distribution, streams, index) for quantity, distribution in pairs]
