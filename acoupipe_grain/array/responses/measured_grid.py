"""The rectangular grid that measured points make."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.grid import RectGrid

TOLERANCE = 0.01
"""Share of a step by which points may be away from where the grid has them."""


def grid_of(points: Float[np.ndarray, "3 point"]) -> RectGrid | None:
    """Return the grid whose points these are, each once and in any order, or None if they make no grid."""
    (x, y), spread = (_levels(points[0]), _levels(points[1])), np.ptp(points[2])
    if min(x.size, y.size) < 2 or x.size * y.size != points.shape[1]:
        return None
    steps = [(axis[-1] - axis[0]) / (axis.size - 1) for axis in (x, y)]
    grid = RectGrid(x[0], x[-1], y[0], y[-1], float(points[2].mean()), (steps[0], steps[1]))
    places = grid.nearest(points[:2].T)
    nearest = grid.positions[:, places[:, 0] * y.size + places[:, 1]]
    is_near = np.all(np.abs(nearest - points).max(axis=1) <= TOLERANCE * min(steps)) and spread <= TOLERANCE * min(
        steps
    )
    return grid if is_near and len(np.unique(places, axis=0)) == points.shape[1] else None


def _levels(coordinates: Float[np.ndarray, " point"]) -> Float[np.ndarray, " level"]:
    """Return the means of groups of nearly equal coordinates, in ascending order."""
    ordered = np.sort(coordinates)
    gaps = np.diff(ordered)
    # Within a group points differ by a small share of the steps between groups.
    starts = np.flatnonzero(gaps > max(gaps.max(initial=0.0) * 0.1, 1e-9)) + 1
    return np.array([group.mean() for group in np.split(ordered, starts)])
