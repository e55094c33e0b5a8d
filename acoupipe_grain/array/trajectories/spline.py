"""Sources that wander about their position along smooth random paths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Seconds, Unit
from acoupipe_grain.array.trajectories.path import Path
from acoupipe_grain.array.trajectories.piecewise_cubic import PiecewiseCubicPath
from acoupipe_grain.array.trajectories.trajectory import (
    ARGUMENT,
    AXES,
    Trajectory,
    axis_distributions,
    drawn,
    largest,
)
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution
from acoupipe_grain.seeding import Streams

_B_SPLINE = np.array([[1, 4, 1, 0], [-3, 0, 3, 0], [3, -6, 3, 0], [-1, 3, -3, 1]]) / 6
"""Coefficients of the powers 0 ... 3 of a cubic B-spline's piece, for each of its four control points."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SplineTrajectory(Trajectory):
    """Each source wanders about its position along a cubic B-spline with random control points.

    The first control point is the source's position; the path begins there. The others follow at equal intervals of
    time, each displaced from the source's position by an offset of its own. The path goes near them, not through them,
    and stays within their convex hull; acceleration is continuous. With independent offsets of standard deviation σ it
    is, far from the start, 0.68 σ (between control points) to 0.71 σ (at them) from the source's position.

    Parameters
    ----------
    spread
        Distributions of the offsets in x and in y, or in x, y and z, m.
    interval
        Time from one control point to the next, s.

    convective_amplification
        As for `Trajectory`.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or an offset is always the same.
    """

    kind: ClassVar[str] = "spline"
    spread: Annotated[Any, Unit("m")]
    interval: Seconds

    def __post_init__(self) -> None:
        super().__post_init__()
        spread = axis_distributions("spread", self.spread)
        for axis, distribution in zip(AXES, spread, strict=False):
            low, high = distribution.range
            if low == high != 0:
                raise ArgumentError(
                    f"{ARGUMENT}.spread.{axis}={distribution!r}: always {low:g} m, so that sources do not wander; give "
                    "a distribution such as {dist: norm, scale: 0.1}, or 0."
                )
        object.__setattr__(self, "spread", spread)
        interval = arguments.number(f"{ARGUMENT}.interval", self.interval, above=0, unit="s")
        object.__setattr__(self, "interval", interval)

    @property
    def top_speed(self) -> float:
        """A speed that no path exceeds, m/s; infinite where it is not known."""
        return math.hypot(*(_largest_step(item) for item in self.spread)) / self.interval

    def paths(
        self,
        streams: Streams,
        index: int,
        positions: Float[np.ndarray, "3 source"],
        max_nsources: int,
        duration_seconds: float,
    ) -> list[Path]:
        """Return the path of each source of a record."""
        num_pieces = max(1, math.ceil(duration_seconds / self.interval))
        controls = np.zeros((3, num_pieces + 3, max_nsources))
        for number, distribution in enumerate(self.spread):
            # The numbers of control points come first: those of longer recordings begin with those of shorter ones.
            shape = (num_pieces + 1, max_nsources)
            controls[number, 2:] = drawn(f"spread.{AXES[number]}", distribution, streams, index, shape)
        # Opposite neighbours of the first control point: there the path begins, without acceleration.
        controls[:, 0] = -controls[:, 2]
        around = np.stack([controls[:, first : first + num_pieces] for first in range(4)])
        coefficients = np.einsum("pc,cxkj->pxkj", _B_SPLINE, around)
        coefficients /= self.interval ** np.arange(4)[:, None, None, None]
        paths: list[Path] = []
        for number, start in enumerate(positions.T.astype(np.float64)):
            pieces = coefficients[..., number].copy()
            pieces[0] += start[:, None]
            paths.append(PiecewiseCubicPath(pieces, self.interval))
        return paths


def _largest_step(offsets: Distribution) -> float:
    """Return the largest difference of successive control points; the first has no offset."""
    return max(offsets.range[1] - offsets.range[0], largest(offsets))
