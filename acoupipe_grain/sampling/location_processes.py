"""Random processes over positions: free locations, and point sources along axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling.attributes import as_targets, require_attribute, set_attribute
from acoupipe_grain.sampling.distribution import DistributionLike, as_distribution
from acoupipe_grain.sampling.placement import place_points

Bounds = tuple[float | None, float | None]
_UNBOUNDED: Bounds = (None, None)


class Box:
    """A box with some of its sides open.

    Parameters
    ----------
    x_bounds, y_bounds, z_bounds
        Lowest and highest coordinate, m; None for an open side. Both ends belong to the box.
    """

    def __init__(self, x_bounds: Bounds, y_bounds: Bounds, z_bounds: Bounds) -> None:
        given = {"x_bounds": x_bounds, "y_bounds": y_bounds, "z_bounds": z_bounds}
        checked = [arguments.bounds(name, value, unit="m") for name, value in given.items()]
        self.low, self.high = np.array(checked).T

    def outside(self, points: Float[np.ndarray, "point 3"]) -> Bool[np.ndarray, " point"]:
        """Return which points lie outside."""
        return np.any(~((self.low <= points) & (points <= self.high)), axis=1)


class LocationSampler:
    """Draws locations one after the other, redrawing those that do not fit.

    Parameters
    ----------
    nsources
        How many locations; another process may set it.
    random_var
        What coordinates are drawn from, m: one distribution for all three, or three for x, y and z; anything
        `acoupipe_grain.distribution` takes.
    x_bounds, y_bounds, z_bounds
        Lowest and highest coordinate, m, None for an open side; 0 is a bound like any other.
    mindist
        Smallest distance between two locations, m, or None.
    grid
        Points to which locations are moved, to the nearest one inside the bounds, never two to the same: an array
        (3, N), or an object with ``positions`` or ``pos`` of that shape, such as a `RectGrid` or an Acoular grid.

    Attributes
    ----------
    target
        The locations drawn last, m, shape (3, nsources); None before the first sample.

    Raises
    ------
    ArgumentError
        If an argument cannot be used, or, while sampling, a location finds no place in 1000 attempts.
    """

    def __init__(
        self,
        nsources: int,
        random_var: DistributionLike | Any,
        *,
        x_bounds: Bounds = _UNBOUNDED,
        y_bounds: Bounds = _UNBOUNDED,
        z_bounds: Bounds = _UNBOUNDED,
        mindist: float | None = None,
        grid: Any = None,
    ) -> None:
        self.nsources = arguments.integer("nsources", nsources, minimum=1)
        given = random_var if isinstance(random_var, list | tuple) else [random_var] * 3
        if len(given) != 3:
            raise ArgumentError(f"random_var={random_var!r}: expected one distribution, or three for x, y and z.")
        self.random_var = tuple(as_distribution("random_var", item) for item in given)
        self.box = Box(x_bounds, y_bounds, z_bounds)
        self.mindist = None if mindist is None else arguments.number("mindist", mindist, minimum=0, unit="m")
        self._grid = None if grid is None else _points_inside(grid, self.box)
        self._tree = None if self._grid is None else cKDTree(self._grid)
        self.target: np.ndarray | None = None
        self._require_grid_points()

    def sample(self, rng: np.random.Generator) -> Float[np.ndarray, "3 source"]:
        """Draw and return the locations, m, shape (3, nsources)."""
        arguments.generator("rng", rng)
        arguments.integer("nsources", self.nsources, minimum=1)
        self._require_grid_points()
        self.target = _placed(rng, self._draw, self.nsources, self.mindist, self._grid is not None, self.box).T
        return self.target

    def _draw(self, rng: np.random.Generator) -> Float[np.ndarray, "source 3"]:
        points = np.stack([axis.rvs(rng, self.nsources) for axis in self.random_var], axis=1)
        if self._grid is None or self._tree is None:
            return points
        nearest = self._grid[self._tree.query(np.clip(points, self.box.low, self.box.high))[1]]
        return np.where(self.box.outside(points)[:, None], points, nearest)

    def _require_grid_points(self) -> None:
        if self._grid is not None and len(self._grid) < self.nsources:
            raise ArgumentError(
                f"nsources={self.nsources}: the grid has only {len(self._grid)} points inside the bounds; use fewer, "
                "widen the bounds or use a finer grid."
            )


class PointSourceSampler:
    """Draws the positions of point sources, such as `acoular.PointSource`, along some of the axes.

    A coordinate becomes the axis' factor times a drawn value; coordinates with the factor 0 stay as they are.

    Parameters
    ----------
    target
        A source or a list of sources: objects with an attribute ``loc``, (x, y, z) in m.
    random_var
        What is drawn for each source and axis: anything `acoupipe_grain.distribution` takes.
    ldir
        Factors of the three axes, shape (3,) or (3, 1); (1, 1, 0) draws x and y.
    x_bounds, y_bounds, z_bounds
        Lowest and highest coordinate, m, None for an open side; 0 is a bound like any other.
    mindist
        Smallest distance between two of the sources, m, or None.

    Raises
    ------
    ArgumentError
        If an argument cannot be used, or, while sampling, a source finds no place in 1000 attempts.
    """

    def __init__(
        self,
        target: Any,
        random_var: DistributionLike | Any,
        ldir: Any = (1.0, 1.0, 0.0),
        *,
        x_bounds: Bounds = _UNBOUNDED,
        y_bounds: Bounds = _UNBOUNDED,
        z_bounds: Bounds = _UNBOUNDED,
        mindist: float | None = None,
    ) -> None:
        self.target = as_targets(target)
        require_attribute(self.target, "loc")
        if moving := [type(item).__name__ for item in self.target if hasattr(item, "trajectory")]:
            raise ArgumentError(f"target: {', '.join(moving)} is where its trajectory says; draw that instead of loc.")
        self.random_var = as_distribution("random_var", random_var)
        self.ldir = direction("ldir", ldir)
        if not self.ldir.any():
            raise ArgumentError(f"ldir={ldir!r}: no axis to draw along; give a factor other than 0, such as (1, 1, 0).")
        self.box = Box(x_bounds, y_bounds, z_bounds)
        self.mindist = None if mindist is None else arguments.number("mindist", mindist, minimum=0, unit="m")

    def sample(self, rng: np.random.Generator) -> Float[np.ndarray, "3 source"]:
        """Draw and set the position of every source; return them, m, shape (3, number of sources)."""
        points = _placed(arguments.generator("rng", rng), self._draw, len(self.target), self.mindist, False, self.box)
        for target, point in zip(self.target, points, strict=True):
            set_attribute(target, "loc", tuple(float(value) for value in point))
        return points.T

    def _draw(self, rng: np.random.Generator) -> Float[np.ndarray, "source 3"]:
        points = np.array([np.asarray(target.loc, dtype=np.float64).reshape(3) for target in self.target])
        axes = np.flatnonzero(self.ldir)
        points[:, axes] = self.ldir[axes] * self.random_var.rvs(rng, (len(self.target), axes.size))
        return points


def direction(name: str, value: Any) -> Float[np.ndarray, "3"]:
    """Return three finite numbers from an array of shape (3,) or (3, 1)."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape not in ((3,), (3, 1)) or not np.isfinite(array).all():
        raise ArgumentError(f"{name}={value!r}: expected three finite numbers, for x, y and z.")
    return array.reshape(3)


def _placed(
    rng: np.random.Generator, draw: Any, count: int, mindist: float | None, on_grid: bool, box: Box
) -> Float[np.ndarray, "source 3"]:
    def too_close(previous: np.ndarray, point: np.ndarray) -> np.ndarray:
        distances = np.linalg.norm(previous - point, axis=2)
        return (distances < (mindist or 0.0) * (1 - 1e-9)) | (on_grid & (distances == 0))

    return place_points(
        lambda rows, _: np.stack([draw(rng) for _ in rows]),
        np.array([count]),
        too_close,
        f"bounds from {box.low.tolist()} to {box.high.tolist()} m, mindist={mindist}",
        box.outside,
    )[0]


def _points_inside(grid: Any, box: Box) -> Float[np.ndarray, "point 3"]:
    positions = getattr(grid, "positions", getattr(grid, "pos", grid))
    try:
        points = np.asarray(positions, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[0] != 3:
        raise ArgumentError(f"grid={grid!r}: expected points of shape (3, N), or a grid that has them.")
    return points.T[~box.outside(points.T)]
