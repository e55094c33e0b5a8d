"""Peaks of maps: points that are the highest of their neighbourhood."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy import ndimage

from acoupipe_grain import arguments
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics.checks import finite


class Peaks(NamedTuple):
    """Peaks of a map, the highest first; of equal ones the first in the map, y running fastest.

    Attributes
    ----------
    indices
        Their places (ix, iy) in the map, shape (P, 2).
    values
        The map there, shape (P,).
    """

    indices: Int64[np.ndarray, "peak 2"]
    values: Float64[np.ndarray, " peak"]

    def positions(self, grid: RectGrid) -> Float64[np.ndarray, "peak 3"]:
        """Return where they are on the grid of the map, m, shape (P, 3)."""
        x, y = grid.axes
        ix, iy = self.indices.T
        return np.stack([x[ix], y[iy], np.full(ix.size, grid.z)], axis=-1)


def peaks(values: Any, threshold: float, size: int = 5) -> Peaks:
    """Return the peaks of a map above a threshold.

    A peak is a region of equal values above the threshold, mostly of one point, with nothing higher in the windows
    around its points, which end at the map's border. Points side by side or at a corner are of one region; it counts
    once, at the one of its points nearest to its centre, of equally near ones the first. Equal peaks apart from each
    other stay two, also within one window. A constant map has no peak. There is no interpolation between points.

    Parameters
    ----------
    values
        Map, shape (nx, ny), any unit.
    threshold
        What a peak's value is above, in the map's unit; `relative_threshold` gives one in decibels below the map's
        maximum. 0.5 with the window of 5 × 5 points is what data_pipeline takes for pictures of scatterers.
    size
        Side of the window, points; odd.

    Raises
    ------
    ArgumentError
        If the map has other axes or holds NaN or infinity, the threshold is not a finite number, or the size is not an
        odd integer of at least 3.
    """
    heights = finite("values", values, ("x", "y"))
    threshold = arguments.number("threshold", threshold)
    size = arguments.integer("size", size, minimum=3)
    if size % 2 == 0:
        raise ArgumentError(f"size={size}: the window has a point in its centre; expected an odd number.")
    if not heights.size or heights.min() == heights.max():
        return Peaks(np.zeros((0, 2), np.int64), np.zeros(0))
    is_highest = heights == ndimage.maximum_filter(heights, size, mode="constant", cval=-np.inf)
    regions, count = ndimage.label(is_highest & (heights > threshold), structure=np.ones((3, 3)))
    # A region that goes on where something higher is near is the foot of that, not a peak.
    others = ndimage.maximum_filter(np.where(is_highest, -np.inf, heights), 3, mode="constant", cval=-np.inf)
    is_foot = np.isin(regions, regions[is_highest & (others == heights)])
    places = np.argwhere((regions > 0) & ~is_foot).astype(np.int64)
    indices = _centre_points(places, regions[tuple(places.T)].astype(np.int64), count)
    at_peaks = heights[tuple(indices.T)]
    order = np.lexsort((indices[:, 1], indices[:, 0], -at_peaks))
    return Peaks(indices[order], at_peaks[order])


def relative_threshold(values: Any, level: float) -> float:
    """Return the value that lies `level` decibels (below 0) from the maximum of a map of powers.

    Raises
    ------
    ArgumentError
        If the map holds NaN or infinity, or the level is not below 0.
    """
    heights = finite("values", values, ("...",))
    level = arguments.number("level", level, below=0, unit="dB")
    return float(heights.max(initial=0.0) * 10 ** (level / 10))


def _centre_points(
    places: Int64[np.ndarray, "point 2"], numbers: Int64[np.ndarray, " point"], count: int
) -> Int64[np.ndarray, "peak 2"]:
    """Return each region's point nearest to the mean of its points, which have the regions' numbers, 1 ... count."""
    sizes = np.bincount(numbers, minlength=count + 1)
    sums = np.stack([np.bincount(numbers, axis, count + 1) for axis in places.T], axis=-1)
    # In units of 1/size, so that all are whole numbers and ties exact.
    distances = np.sum((places * sizes[numbers, None] - sums[numbers]) ** 2, axis=1)
    order = np.lexsort((places[:, 1], places[:, 0], distances, numbers))
    is_first = np.diff(numbers[order], prepend=0) != 0
    return places[order[is_first]]
