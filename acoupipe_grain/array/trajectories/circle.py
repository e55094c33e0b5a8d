"""Sources that move in circles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Unit
from acoupipe_grain.array.trajectories.path import Path
from acoupipe_grain.array.trajectories.trajectory import ARGUMENT, AXES, Trajectory, drawn, largest
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import as_distribution
from acoupipe_grain.seeding import Streams


@dataclass(frozen=True, eq=False)
class CircularPath(Path):
    """A circle at constant speed: center + cos(ωt) first + sin(ωt) second.

    Attributes
    ----------
    center
        Centre of the circle, m, shape (3,).
    first, second
        From the centre to where the source is at time 0 and a quarter of a revolution later, m, shape (3,).
    angular_velocity
        ω, rad/s.
    """

    center: Float[np.ndarray, "3"]
    first: Float[np.ndarray, "3"]
    second: Float[np.ndarray, "3"]
    angular_velocity: float

    @property
    def top_speed(self) -> float:
        """The speed, m/s."""
        return abs(self.angular_velocity) * float(np.linalg.norm(self.first))

    def positions(self, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "3 time"]:
        """Return the positions at the times (s), m, shape (3, n)."""
        return self.states(times)[0]

    def velocities(self, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "3 time"]:
        """Return the velocities at the times (s), m/s, shape (3, n)."""
        return self.states(times)[1]

    def states(
        self, times: Float[np.ndarray, " time"]
    ) -> tuple[Float[np.ndarray, "3 time"], Float[np.ndarray, "3 time"]]:
        """Return positions and velocities."""
        angles = self.angular_velocity * times
        cosine, sine = np.cos(angles), np.sin(angles)
        first, second = self.first[:, None], self.second[:, None]
        velocities = (self.angular_velocity * second) * cosine - (self.angular_velocity * first) * sine
        return self.center[:, None] + first * cosine + second * sine, velocities


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CircularTrajectory(Trajectory):
    """Each source moves in a circle, from its position on.

    Parameters
    ----------
    rate
        Distribution of the revolutions per second; positive: counter-clockwise for who sees `axis` point towards them.
    radius
        Distribution of the radius, m. The centre is that far from the source's position, in a random direction in the
        plane perpendicular to `axis`. None with `center`.
    center
        A point (x, y, z) of the line about which all sources circle, m; the radius follows from where a source is.
        None: each source has a centre of its own.
    axis
        Direction of the line through the centre, perpendicular to the circles, of any length.

    convective_amplification
        As for `Trajectory`.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or of `radius` and `center` not exactly one is given.
    """

    kind: ClassVar[str] = "circle"
    rate: Annotated[Any, Unit("Hz")]
    radius: Annotated[Any, Unit("m")] = None
    center: Annotated[Any, Unit("m")] = None
    axis: Any = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "rate", as_distribution(f"{ARGUMENT}.rate", self.rate))
        if (self.radius is None) == (self.center is None):
            raise ArgumentError(
                f"{ARGUMENT}.radius={self.radius!r}, {ARGUMENT}.center={self.center!r}: expected one of them; with a "
                "center, the radius is the distance of the source's position from the axis."
            )
        if self.radius is not None:
            radius = as_distribution(f"{ARGUMENT}.radius", self.radius)
            if math.isfinite(radius.range[0]) and radius.range[0] < 0:
                raise ArgumentError(
                    f"{ARGUMENT}.radius={radius!r}: can be {radius.range[0]:.3g} m; expected at least 0 m: choose "
                    "another distribution or give it bounds."
                )
            object.__setattr__(self, "radius", radius)
        if self.center is not None:
            object.__setattr__(self, "center", _triple("center", self.center, "m"))
        object.__setattr__(self, "axis", _triple("axis", self.axis, ""))
        if not any(self.axis):
            raise ArgumentError(f"{ARGUMENT}.axis={self.axis!r}: has no direction; expected such as (0, 0, 1).")

    @property
    def top_speed(self) -> float:
        """The highest speed that can be drawn, m/s; infinite where it is not known, as with a `center`."""
        return math.inf if self.radius is None else 2 * math.pi * largest(self.rate) * largest(self.radius)

    def paths(
        self,
        streams: Streams,
        index: int,
        positions: Float[np.ndarray, "3 source"],
        max_nsources: int,
        duration_seconds: float,
    ) -> list[Path]:
        """Return the path of each source of a record."""
        del duration_seconds
        axis = np.array(self.axis) / np.linalg.norm(self.axis)
        arms = self._arms(streams, index, positions.astype(np.float64), max_nsources, axis)
        rates = drawn("rate", self.rate, streams, index, (max_nsources,))
        return [
            CircularPath(position - arm, arm, np.cross(axis, arm), 2 * math.pi * rate)
            for position, arm, rate in zip(positions.T.astype(np.float64), arms.T, rates, strict=False)
        ]

    def _arms(
        self,
        streams: Streams,
        index: int,
        positions: Float[np.ndarray, "3 source"],
        max_nsources: int,
        axis: Float[np.ndarray, "3"],
    ) -> Float[np.ndarray, "3 source"]:
        """Return the vectors from the centres to the sources, perpendicular to the axis."""
        if self.radius is None:
            from_center = positions - np.array(self.center)[:, None]
            return from_center - axis[:, None] * (axis @ from_center)
        radii = drawn("radius", self.radius, streams, index, (max_nsources,))
        if np.any(radii < 0):
            raise ArgumentError(
                f"{ARGUMENT}.radius={self.radius!r}: gave {radii.min():.3g} m for record {index}; expected at least 0 "
                "m: give it bounds, apg.distribution(..., bounds=(0, ...))."
            )
        angles = 2 * math.pi * streams.uniforms(f"{ARGUMENT}.direction", [index], max_nsources)[0]
        across = np.eye(3)[np.argmin(np.abs(axis))]
        across -= axis * (axis @ across)
        across /= np.linalg.norm(across)
        arms = across[:, None] * np.cos(angles) + np.cross(axis, across)[:, None] * np.sin(angles)
        return (radii * arms)[:, : positions.shape[1]]


def _triple(name: str, value: Any, unit: str) -> tuple[float, ...]:
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != 3:
        raise ArgumentError(f"{ARGUMENT}.{name}={value!r}: expected three numbers, for x, y and z.")
    return tuple(
        arguments.number(f"{ARGUMENT}.{name}.{axis}", item, unit=unit) for axis, item in zip(AXES, value, strict=True)
    )
