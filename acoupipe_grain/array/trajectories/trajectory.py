"""What the paths of a record's sources are drawn from."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.array.trajectories.path import Path
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution, Sizes, as_distribution
from acoupipe_grain.seeding import Streams

ARGUMENT = "trajectories"
"""The argument of sources that trajectories are: what errors and the names of random streams begin with."""

MAX_MACH = 0.9
"""Speeds must stay below this fraction of the speed of sound."""

AXES = "xyz"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Trajectory(ABC):
    """What sources move along; immutable, picklable, equal to others that are made of the same.

    Attributes
    ----------
    kind
        Name of the class of trajectories in configurations.
    convective_amplification
        Whether sound is louder ahead of a source and softer behind it, by 1/(1 − M_r)², M_r the Mach number of its
        approach to the receiver.
    """

    kind: ClassVar[str]
    convective_amplification: bool = False

    def __post_init__(self) -> None:
        arguments.flag(f"{ARGUMENT}.convective_amplification", self.convective_amplification)

    @abstractmethod
    def paths(
        self,
        streams: Streams,
        index: int,
        positions: Float[np.ndarray, "3 source"],
        max_nsources: int,
        duration_seconds: float,
    ) -> list[Path]:
        """Return the path of each source of a record.

        A path depends on the record's index and on the number and the position of its own source; not on how many
        others there are, nor, within the recording, on how long it is (unless a user's function asks for that).

        Parameters
        ----------
        streams
            The random streams.
        index
            Index of the record.
        positions
            Where the sources start, m, shape (3, J).
        max_nsources
            Largest number of sources of any record.
        duration_seconds
            Length of the recording, s.
        """

    @property
    @abstractmethod
    def top_speed(self) -> float:
        """The highest speed that can be drawn, m/s; infinite where it is not known."""

    def check(self, speed_of_sound: float) -> None:
        """Raise `ArgumentError` if it is known that sources can be as fast as Mach 0.9.

        Parameters
        ----------
        speed_of_sound
            Speed of sound, m/s.
        """
        limit = MAX_MACH * speed_of_sound
        if math.isfinite(self.top_speed) and self.top_speed >= limit:
            raise ArgumentError(
                f"{ARGUMENT}={self!r}: sources can move at {self.top_speed:.4g} m/s; expected less than {limit:.4g} "
                f"m/s, Mach {MAX_MACH:g}: choose slower ones, or give what is drawn bounds."
            )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON mapping that stands for the trajectories in a configuration.

        Raises
        ------
        ArgumentError
            If they depend on a function that nothing identifies.
        """
        return {"kind": self.kind} | {item.name: _json(getattr(self, item.name)) for item in fields(self)}

    def __eq__(self, other: object) -> bool:
        return repr(self) == repr(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        listed = ", ".join(f"{item.name}={getattr(self, item.name)!r}" for item in fields(self))
        return f"{type(self).__name__}({listed})"


def axis_distributions(name: str, value: Any) -> tuple[Distribution, ...]:
    """Return the distributions of an argument that has one for each of x and y, or of x, y and z."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(value, list | tuple) or len(value) not in (2, 3):
        raise ArgumentError(f"{ARGUMENT}.{name}={value!r}: expected distributions for x and y, or for x, y and z.")
    return tuple(as_distribution(f"{ARGUMENT}.{name}.{axis}", item) for axis, item in zip(AXES, value, strict=False))


def drawn(
    name: str, distribution: Distribution, streams: Streams, index: int, shape: tuple[int, ...]
) -> Float[np.ndarray, "*shape"]:
    """Return what is drawn for one record; for all possible sources, so that it does not depend on their number."""
    return distribution.draw(f"{ARGUMENT}.{name}", streams, np.array([index]), Sizes(shape))[0]


def largest(distribution: Distribution) -> float:
    """Return the largest magnitude that can be drawn."""
    return max(abs(value) for value in distribution.range)


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value.to_json() if hasattr(value, "to_json") else value
