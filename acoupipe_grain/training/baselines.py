"""What can be had without training: sources at the peaks of beamformer maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Meters
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import DataSource, Element
from acoupipe_grain.training.metrics import LocalisationCounts, localisation_counts, peaks, relative_threshold
from acoupipe_grain.training.tasks.element_arrays import grid_of_source, required_array

LEVELS = tuple(float(level) for level in range(-1, -31, -1))
"""dB below a map's maximum: thresholds that are tried."""


def peak_picking(
    source: DataSource,
    map_name: str = "sourcemap",
    *,
    level: float,
    tolerance: Meters = 0.05,
    frequency: int = 0,
    size: int = 3,
) -> LocalisationCounts:
    """Return what is found of a source's sources at the peaks of their maps.

    Parameters
    ----------
    source
        Records with a map over frequency, x and y, ``loc`` and ``source_mask``.
    map_name
        The map.
    level
        Peaks count down to so many decibels below the map's maximum, below 0.
    tolerance
        Distance in x and y within which a source counts as found, m.
    frequency
        Number of the map's frequency.
    size
        Side of the window in which a peak is the highest, points.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type or range, or the elements lack what is needed.
    """
    (counts,) = _counts_at("peak_picking", source, map_name, (level,), tolerance, frequency, size)
    return counts


def best_level(
    source: DataSource,
    map_name: str = "sourcemap",
    *,
    tolerance: Meters = 0.05,
    frequency: int = 0,
    levels: Sequence[float] = LEVELS,
) -> float:
    """Return the level with the highest F1 of `peak_picking`, the first of equally good ones.

    Choose it on other records than those it is used on. Each record is read, or simulated, once.

    Parameters
    ----------
    source, map_name, tolerance, frequency
        As for `peak_picking`.
    levels
        Levels to choose from, dB below a map's maximum, below 0.

    Raises
    ------
    ArgumentError
        If there is no level or no record with a source, or as `peak_picking` says.
    """
    if not levels:
        raise ArgumentError(f"levels={levels!r}: expected at least one, in dB below 0.")
    counts = _counts_at("best_level", source, map_name, levels, tolerance, frequency, 3)
    if not counts[0].recall.num_values:
        raise ArgumentError(
            f"source={source!r}: none of its {len(source)} records has a source, so no level is better than another; "
            "give it records with sources."
        )
    return float(levels[int(np.argmax([item.f1.mean for item in counts]))])


def _counts_at(
    name: str,
    source: DataSource,
    map_name: str,
    levels: Sequence[float],
    tolerance: Meters,
    frequency: int,
    size: int,
) -> list[LocalisationCounts]:
    """Return what is found at each level; `name` is that of the function for messages."""
    grid = grid_of_source(name, source)
    spec = required_array(name, source.element_spec, map_name, ("frequency", "x", "y"))
    number = arguments.integer("frequency", frequency, minimum=0, maximum=(spec.shape[0] or 1) - 1)
    nothing = LocalisationCounts(true_positives=0, false_positives=0, false_negatives=0, distance=0.0)
    totals = [nothing for _ in levels]
    for index in range(len(source)):
        element = source[index]
        found = (_counts(element, element[map_name][number], grid, level, tolerance, size) for level in levels)
        totals = [total + counts for total, counts in zip(totals, found, strict=True)]
    return totals


def _counts(
    element: Element, powers: np.ndarray, grid: RectGrid, level: float, tolerance: Meters, size: int
) -> LocalisationCounts:
    threshold = relative_threshold(powers, level)
    found = peaks(powers, threshold, size).positions(grid) if powers.max() > 0 else np.zeros((0, 3))
    return localisation_counts(found[:, :2], element["loc"][:2, element["source_mask"]].T, tolerance)
