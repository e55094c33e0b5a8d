"""Sources that move in straight lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from jaxtyping import Float

from acoupipe_grain.annotations import Unit
from acoupipe_grain.array.trajectories.path import Path
from acoupipe_grain.array.trajectories.trajectory import AXES, Trajectory, axis_distributions, drawn, largest
from acoupipe_grain.seeding import Streams


@dataclass(frozen=True, eq=False)
class LinearPath(Path):
    """A straight line at constant velocity.

    Attributes
    ----------
    start
        Position at time 0, m, shape (3,).
    velocity
        Velocity, m/s, shape (3,).
    """

    start: Float[np.ndarray, "3"]
    velocity: Float[np.ndarray, "3"]

    @property
    def top_speed(self) -> float:
        """The speed, m/s."""
        return float(np.linalg.norm(self.velocity))

    def positions(self, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "3 time"]:
        """Return the positions at the times (s), m, shape (3, n)."""
        return self.start[:, None] + self.velocity[:, None] * times

    def velocities(self, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "3 time"]:
        """Return the velocities at the times (s), m/s, shape (3, n)."""
        return np.broadcast_to(self.velocity[:, None], (3, times.size))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LinearTrajectory(Trajectory):
    """Each source moves in a straight line at a constant velocity of its own.

    Parameters
    ----------
    velocity
        Distributions of the velocity in x and in y, or in x, y and z, m/s, drawn for each source.

    convective_amplification
        As for `Trajectory`.

    Raises
    ------
    ArgumentError
        If these are not two or three distributions.
    """

    kind: ClassVar[str] = "line"
    velocity: Annotated[Any, Unit("m/s")]

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "velocity", axis_distributions("velocity", self.velocity))

    @property
    def top_speed(self) -> float:
        """The highest speed that can be drawn, m/s; infinite where it is not known."""
        return math.hypot(*(largest(item) for item in self.velocity))

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
        velocities = np.zeros((3, max_nsources))
        for number, distribution in enumerate(self.velocity):
            velocities[number] = drawn(f"velocity.{AXES[number]}", distribution, streams, index, (max_nsources,))
        starts = positions.astype(np.float64)
        return [LinearPath(start, velocity) for start, velocity in zip(starts.T, velocities.T, strict=False)]
