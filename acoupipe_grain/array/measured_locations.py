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
        if len(self.usable) == 1:
            return ROUNDING
        nearest, _ = self._tree.query(self.usable, k=2)
        return 0.5 * float(nearest[:, 1].min())

    @cached_property
    def usable(self) -> Float[np.ndarray, "point 3"]:
        """The measured points on the grid, and within the bounds of what is drawn, m."""
        return self.points[~self.outside(self.points)]

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.usable)

    def candidates(
        self, streams: Streams, indices: Int[np.ndarray, " record"], counts: Int[np.ndarray, " record"], attempt: int
    ) -> Float[np.ndarray, "record source 3"]:
        """Return measured points, the nearest that no source before has; positions beyond stay, to be redrawn."""
        drawn = self.drawn.candidates(streams, indices, counts, attempt)
        known = np.nan_to_num(drawn)
        numbers = np.asarray(self._tree.query(known)[1], dtype=np.int64)
        for row, count in enumerate(counts):
            if len(np.unique(numbers[row, :count])) < count:
                self._set_apart(known[row, :count], numbers[row])
        snapped = self.usable[numbers]
        if self.drawn.always_on_grid:
            return snapped
        outside = self.drawn.outside(drawn.reshape(-1, 3)).reshape(drawn.shape[:-1])
        return np.where(outside[..., None], drawn, snapped)

    def _set_apart(self, positions: Float[np.ndarray, "source 3"], numbers: Int[np.ndarray, " size"]) -> None:
        """Give sources whose nearest point is taken the nearest one that is not, as long as there is one."""
        taken: set[int] = set()
        for source, position in enumerate(positions):
            if int(numbers[source]) in taken:
                nearest = np.atleast_1d(self._tree.query(position, k=min(source + 1, len(self.usable)))[1])
                numbers[source] = next((number for number in nearest if int(number) not in taken), numbers[source])
            taken.add(int(numbers[source]))

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
