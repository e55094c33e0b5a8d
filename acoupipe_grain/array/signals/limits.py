"""Which values the drawn parameters of signals may have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.signals.signal import SignalRecord
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution, as_distribution


@dataclass(frozen=True)
class Limits:
    """The values that a parameter may have.

    Attributes
    ----------
    above
        All values are greater.
    minimum, maximum
        Smallest and largest value.
    unit
        Unit of the values, for messages.
    """

    above: float = -math.inf
    minimum: float = -math.inf
    maximum: float = math.inf
    unit: str = ""

    def distribution(self, name: str, value: Any) -> Distribution:
        """Return what the argument `name` gives as a distribution.

        Raises
        ------
        ArgumentError
            If it is no distribution, or one that is known to have values that may not be.
        """
        chosen = as_distribution(name, value)
        for end in chosen.range:
            if math.isfinite(end) and not self._has(end):
                raise ArgumentError(
                    f"{name}={chosen!r}: can be {self._shown(end)}; expected {self}. Choose another distribution, or "
                    "give it bounds."
                )
        return chosen

    def draw(
        self, name: str, distribution: Distribution, record: SignalRecord, stream: str | None = None
    ) -> Float[np.ndarray, " source"]:
        """Return a value for each source of a record, from the stream of the parameter's name unless another is given.

        Raises
        ------
        ArgumentError
            If a value is none that may be.
        """
        values = record.drawn(stream or name, distribution)
        self.require(name, distribution, values, record)
        return values

    def require(
        self, name: str, distribution: Distribution, values: Float[np.ndarray, " value"], record: SignalRecord
    ) -> None:
        """Raise `ArgumentError` if a value drawn for a record is none that may be."""
        for value in values.tolist():
            if not self._has(value):
                raise ArgumentError(
                    f"signals: {name}={distribution!r}: gave {self._shown(value)} for record {record.index}; expected "
                    f"{self}. Give it bounds, apg.distribution(..., bounds=(lowest, highest))."
                )

    def _has(self, value: float) -> bool:
        return value > self.above and self.minimum <= value <= self.maximum

    def _shown(self, value: float) -> str:
        return f"{value:.6g} {self.unit}".rstrip()

    def __str__(self) -> str:
        named = {"more than": self.above, "at least": self.minimum, "at most": self.maximum}
        return " and ".join(f"{words} {self._shown(end)}" for words, end in named.items() if math.isfinite(end))


FREQUENCY = Limits(above=0.0, unit="Hz")
