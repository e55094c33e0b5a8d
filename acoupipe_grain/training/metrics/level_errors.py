"""Level errors of source maps: of sectors about the true sources, of the whole, and of what lies between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64
from scipy.spatial.distance import cdist

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Meters
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.metrics.checks import finite
from acoupipe_grain.training.metrics.levels import LOWEST_ERROR, level_difference, require_powers

_ON_BORDER = 1e-12
"""Squared distance in m² by which a grid point may lie beyond a sector's border and count, as in Acoular."""


@dataclass(frozen=True, eq=False)
class LevelErrors:
    """Level errors of the maps of one scene, dB, after Herold & Sarradj (J. Sound Vib. 401, 2017, 152-168).

    Attributes
    ----------
    specific
        ΔL_p,s of each source: level of the map's sum over the source's sector minus its true level. Shape (n,), all
        frequencies one after the other, without sources whose power is 0 there.
    overall
        ΔL_p,o: level of the sum over the whole map minus that of the sum of the true powers. Shape (m,), without
        frequencies at which there is no power.
    inverse
        ΔL_p,i: level of the sum over all sectors together minus that of the sum over the whole map, at most 0: what the
        map shows outside of all sectors is missing. Shape (m,).
    """

    specific: Float64[np.ndarray, " value"]
    overall: Float64[np.ndarray, " freq"]
    inverse: Float64[np.ndarray, " shown"]

    @property
    def mean_specific(self) -> Accumulated:
        """Absolute specific level errors: |ΔL_p,s|, one value for each source and frequency."""
        return Accumulated.of(np.abs(self.specific))

    @property
    def mean_overall(self) -> Accumulated:
        """Absolute overall level errors: |ΔL_p,o|, one value for each frequency."""
        return Accumulated.of(np.abs(self.overall))

    @property
    def mean_inverse(self) -> Accumulated:
        """Absolute inverse level errors: |ΔL_p,i|, one value for each frequency."""
        return Accumulated.of(np.abs(self.inverse))


def level_errors(
    source_map: Any,
    grid: RectGrid,
    loc: Any,
    strengths: Any,
    source_mask: Any,
    *,
    radius: Meters = 0.05,
    floor: float = LOWEST_ERROR,
) -> LevelErrors:
    """Return the level errors of a scene's maps.

    The definitions are those of `acoular.tools.MetricEvaluator` with its default options, with these differences. The
    inverse error counts a grid point that belongs to two sectors once (in Acoular twice, so that it can exceed 0).
    Distances between sources are those in x and y, as the sectors are. Errors end at `floor`, where Acoular's powers
    end at 4e-10 · 2.2e-16 Pa². A scene without sources has no errors, nor has a frequency at which no source has power.

    Parameters
    ----------
    source_map
        Powers, shape (..., nx, ny), Pa², with the frequencies in front or a single one without that axis. Sums that are
        0 or below have the lowest error.
    grid
        Grid of the map.
    loc
        Positions, m, shape (3, J).
    strengths
        True powers, Pa², shape (..., J), as many frequencies as the map has.
    source_mask
        Which of the J are sources, shape (J,).
    radius
        Radius of the sectors, m: circles in x and y about the true positions, border included. Where two sources are
        nearer than twice that, both sectors shrink to half the distance of the source from its nearest; sources at one
        place keep the radius, and each is compared with all that is there. A sector without any grid point takes the
        one nearest to the source. 0.05 m is AcouPipe's default; it should grow with the aperture.
    floor
        Lowest error, dB, below 0: that of a sector without power.

    Raises
    ------
    ArgumentError
        If shapes do not fit, a value is not finite, a true power negative, the radius not above 0 or the floor not
        below.
    """
    maps = finite("source_map", source_map, ("...", "x", "y"))
    if maps.shape[-2:] != grid.shape:
        raise ArgumentError(
            f"source_map: has shape {maps.shape}; expected (..., {grid.shape[0]}, {grid.shape[1]}), the grid."
        )
    is_source = np.asarray(source_mask)
    if is_source.dtype != np.bool_ or is_source.ndim != 1:
        raise ArgumentError(f"source_mask: is {is_source.dtype} of shape {is_source.shape}; expected booleans (J,).")
    places = finite("loc", loc, ("3", "sources"))
    powers = finite("strengths", strengths, ("...", "sources"))
    if places.shape != (3, is_source.size) or powers.shape != (*maps.shape[:-2], is_source.size):
        raise ArgumentError(
            f"loc and strengths: have shapes {places.shape} and {powers.shape}; expected {(3, is_source.size)} and "
            f"{(*maps.shape[:-2], is_source.size)} for a map of shape {maps.shape}."
        )
    require_powers("strengths", powers)
    is_in_sector = sectors(grid, places[:2, is_source], radius)
    by_point = maps.reshape(-1, grid.size)
    return _errors(by_point, is_in_sector, powers.reshape(-1, is_source.size)[:, is_source], floor)


def sectors(grid: RectGrid, xy: Float64[np.ndarray, "2 source"], radius: Meters) -> Bool[np.ndarray, "source point"]:
    """Return which grid points belong to the sector of which source, as `level_errors` says, y running fastest."""
    places = xy.T
    radii = np.full(len(places), arguments.number("radius", radius, above=0, unit="m"))
    if len(places):
        apart = cdist(places, places)
        apart[apart == 0] = np.inf
        radii = np.minimum(radii, apart.min(axis=0) / 2)
    squared = cdist(places, grid.positions[:2].T, "sqeuclidean")
    is_inside = squared - radii[:, None] ** 2 < _ON_BORDER
    is_empty = ~is_inside.any(axis=1)
    is_inside[is_empty, squared[is_empty].argmin(axis=1)] = True
    return is_inside


def _errors(
    maps: Float64[np.ndarray, "freq point"],
    is_in_sector: Bool[np.ndarray, "source point"],
    powers: Float64[np.ndarray, "freq source"],
    floor: float,
) -> LevelErrors:
    has_level = powers > 0
    in_sectors = maps @ is_in_sector.T.astype(np.float64)
    is_heard = has_level.any(axis=1)
    heard = maps[is_heard]
    total = heard.sum(axis=1)
    in_any = heard[:, is_in_sector.any(axis=0)].sum(axis=1)
    shows_power = total > 0
    return LevelErrors(
        specific=level_difference(in_sectors[has_level], powers[has_level], floor),
        overall=level_difference(total, powers[is_heard].sum(axis=1), floor),
        inverse=level_difference(in_any[shows_power], total[shows_power], floor),
    )
