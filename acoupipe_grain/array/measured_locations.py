"""Sources at measured points only: whatever positions are drawn from, each source moves to the nearest such point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from acoupipe_grain.array.locations import Locations
from acoupipe_grain.seeding import Streams

ROUNDING = 1e-6
"""Metres by which rounding may put a measured point beyond the edge of the grid that it is on."""


@dataclass(frozen=True, eq=False)
class MeasuredLocations(Locations):
    """Measured points nearest to positions that are drawn.

    Attributes
    ----------
    drawn
        What positions are drawn from.
    points
        The measured points, m.
    """

    drawn: Locations
    points: Float[np.ndarray, "point 3"]

    @cached_property
    def on_plane(self) -> bool:  # type: ignore[override]
        """Whether every measured point lies on the grid's plane."""
        return bool(np.all(np.abs(self.points[:, 2] - self.setup.grid.z) <= ROUNDING))

    @cached_property
    def least_distance(self) -> float:  # type: ignore[override]
        """Half the smallest distance of two measured points, m: sources nearer to each other share a point."""
        if len(self.points) == 1:
            return ROUNDING
        nearest, _ = self._tree.query(self.points, k=2)
        return 0.5 * float(nearest[:, 1].min())

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.points)

    def numbers(self, positions: Float[np.ndarray, "*n 3"]) -> Int[np.ndarray, "*n"]:
        """Return the numbers of the measured points nearest to positions."""
        return np.asarray(self._tree.query(positions)[1], dtype=np.int64)

    def candidates(
        self, streams: Streams, indices: Int[np.ndarray, " record"], counts: Int[np.ndarray, " record"], attempt: int
    ) -> Float[np.ndarray, "record source 3"]:
        """Return measured points; positions that cannot be used stay where they are, to be redrawn."""
        drawn = self.drawn.candidates(streams, indices, counts, attempt)
        if self.drawn.always_on_grid:
            return self.points[self.numbers(drawn)]
        outside = self.drawn.outside(drawn.reshape(-1, 3)).reshape(drawn.shape[:-1])
        return np.where(outside[..., None], drawn, self.points[self.numbers(np.nan_to_num(drawn))])

    def outside(self, points: Float[np.ndarray, "point 3"]) -> Bool[np.ndarray, " point"]:
        """Return which points cannot be used: beyond the grid or bounds, or at a microphone."""
        grid = self.setup.grid
        low, high = [grid.x_min, grid.y_min, -np.inf], [grid.x_max, grid.y_max, np.inf]
        nearest = np.clip(points, low, high)
        return self.drawn.outside(np.where(np.abs(points - nearest) <= ROUNDING, nearest, points))

    def to_json(self) -> Any:
        """Return what stands for the locations that are drawn."""
        return self.drawn.to_json()

    def __repr__(self) -> str:
        drawn = "" if self.drawn.to_json() is None else f"{self.drawn!r} at "
        return f"{drawn}{len(self.points)} measured points"
