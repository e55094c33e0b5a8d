"""Uniform flow: when and how strongly the sound of a point source at rest arrives in a moving medium.

The pressure p of a point source solves the convected wave equation, U = Mc the velocity of the medium:

    (1/c²) (∂/∂t + U·∇)² p − ∇² p = 4π s(t) δ(x)
    p(x, t) = s(t − R/c) / R*,    R* = √((M·x)² + (1 − M²) |x|²),    R = (R* − M·x) / (1 − M²)

with x the way from source to receiver. It follows from the equation at rest by stretching the flow's direction by
1/√(1 − M²) (Prandtl-Glauert) and a time that runs ahead with M·x (Lorentz). Downstream sound arrives earlier, and to
the sides R* < |x|: there it is louder. Without flow R = R* = |x|. Here 4π s is a source of pressure, the same at rest
and in flow; a source of mass acts through its convected derivative besides.

Sources: S. Glegg and W. Devenport, Aeroacoustics of Low Mach Number Flows, Academic Press, 2017; D. I. Blokhintzev,
The propagation of sound in an inhomogeneous and moving medium, J. Acoust. Soc. Am. 18, 1946.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.annotations import InFiles
from acoupipe_grain.array.directions import checked_direction, unit_vector
from acoupipe_grain.errors import ArgumentError, unknown_name

MAX_MACH = 0.9
"""Mach numbers are below; sound that goes upstream takes 1/(1 − M) as long as at rest."""


@dataclass(frozen=True)
class UniformFlow:
    """A medium that moves with the same velocity everywhere, past sources and microphones at rest.

    Parameters
    ----------
    mach
        Speed of the medium in speeds of sound, −0.9 to 0.9; negative: against `direction`. 0: at rest.
    direction
        Where the medium moves to: a vector of any length.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    mach: float
    direction: Annotated[Any, InFiles(Sequence[float])] = (1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mach", arguments.number("mach", self.mach, above=-MAX_MACH, below=MAX_MACH))
        object.__setattr__(self, "direction", checked_direction("direction", self.direction))

    @property
    def velocity(self) -> Float[np.ndarray, "3"]:
        """Velocity of the medium in speeds of sound, the vector M."""
        return self.mach * unit_vector(self.direction)

    def spreading_distances(
        self, position: Float[np.ndarray, "3"], receivers: Float[np.ndarray, "3 receiver"]
    ) -> Float[np.ndarray, " receiver"]:
        """Return R* = r √(1 − M² sin²θ), with whose inverse sound spreads, m; θ between the way r and the flow.

        Parameters
        ----------
        position
            Position of the source, m.
        receivers
            Positions of the receivers, m, shape (3, R).
        """
        way = receivers - position[:, None]
        along = self.velocity @ way
        return np.sqrt(along**2 + (1.0 - self.mach**2) * np.sum(way**2, axis=0))

    def travel_distances(
        self, position: Float[np.ndarray, "3"], receivers: Float[np.ndarray, "3 receiver"]
    ) -> Float[np.ndarray, " receiver"]:
        """Return R, how far sound would come at rest in the time that it travels in the flow, m.

        Parameters
        ----------
        position
            Position of the source, m.
        receivers
            Positions of the receivers, m, shape (3, R).
        """
        along = self.velocity @ (receivers - position[:, None])
        return (self.spreading_distances(position, receivers) - along) / (1.0 - self.mach**2)

    def to_json(self) -> dict[str, Any]:
        """Return the constructor's arguments as a JSON mapping."""
        return {"mach": self.mach, "direction": list(self.direction)}


def as_flow(value: UniformFlow | Mapping[str, Any] | None) -> UniformFlow | None:
    """Return a flow from a flow, a mapping such as ``{"mach": 0.1, "direction": [1, 0, 0]}``, or None for none.

    Raises
    ------
    ArgumentError
        If it is something else, or one of its values is unknown, missing or wrong; the message begins with ``flow=``.
    """
    if value is None or isinstance(value, UniformFlow):
        return value
    if not isinstance(value, Mapping):
        raise ArgumentError(f"flow={value!r}: expected a UniformFlow, a mapping such as {{'mach': 0.1}}, or None.")
    known = [item.name for item in fields(UniformFlow)]
    for name in value:
        if name not in known:
            raise ArgumentError(f"flow={value!r}: {unknown_name('argument', name, known)}")
    if "mach" not in value:
        raise ArgumentError(f"flow={value!r}: lacks mach, the speed of the medium in speeds of sound.")
    try:
        return UniformFlow(**value)
    except ArgumentError as error:
        raise ArgumentError(f"flow={value!r}: {error}") from None
