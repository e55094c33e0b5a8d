"""Where sources may be: what their positions are drawn from, and which of them can be used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from acoupipe_grain import sampling
from acoupipe_grain.annotations import InFiles, Unit
from acoupipe_grain.array import geometry
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.measurement_checks import CLEARANCE
from acoupipe_grain.callables import callable_name
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution, FunctionDistribution, Sizes, as_distribution, inverse
from acoupipe_grain.seeding import Streams

LocationsLike: TypeAlias = Annotated[
    Any, Unit("m"), InFiles(float | Mapping[str, Any] | Sequence[float | Mapping[str, Any]] | None)
]
"""What source positions are drawn from, as `as_locations` takes it."""

STREAM = "positions"
LOCATION_DEVIATION = 0.1688  # apertures
_AXES = "xyz"


@dataclass(frozen=True, eq=False)
class Locations(ABC):
    """What source positions are drawn from, before they are snapped and kept apart."""

    setup: MeasurementSetup

    always_on_grid = False
    """Whether every candidate lies on the grid's rectangle."""

    on_plane = True
    """Whether every candidate lies on the grid's plane."""

    least_distance = 0.0
    """Distance below which two sources are at the same place and one is redrawn, m."""

    @abstractmethod
    def candidates(
        self, streams: Streams, indices: Int[np.ndarray, " record"], counts: Int[np.ndarray, " record"], attempt: int
    ) -> Float[np.ndarray, "record source 3"]:
        """Return positions of ``counts.max()`` or more sources for each record, m."""

    def outside(self, points: Float[np.ndarray, "point 3"]) -> Bool[np.ndarray, " point"]:
        """Return which points cannot be used: beyond the grid's extent in x or y, or at a microphone."""
        grid = self.setup.grid
        low, high = np.array([grid.x_min, grid.y_min]), np.array([grid.x_max, grid.y_max])
        beyond = np.any((points[:, :2] < low) | (points[:, :2] > high), axis=1)
        if self.on_plane:
            return beyond
        distances = geometry.distances(points.T, self.setup.receivers)
        return beyond | (distances.min(axis=1) < CLEARANCE * self.setup.aperture)

    def to_json(self) -> Any:
        """Return what stands for the locations in a configuration."""
        return None


@dataclass(frozen=True, eq=False)
class DefaultLocations(Locations):
    """Normal about the grid's centre, conditioned on the grid's extent."""

    size: int
    always_on_grid = True

    def candidates(
        self, streams: Streams, indices: Int[np.ndarray, " record"], counts: Int[np.ndarray, " record"], attempt: int
    ) -> Float[np.ndarray, "record source 3"]:
        """Return positions by inversion."""
        del counts
        grid, deviation = self.setup.grid, LOCATION_DEVIATION * self.setup.aperture
        u = streams.uniforms(STREAM, indices, 2 * self.size, attempt).reshape(len(indices), -1, 2)
        x = inverse.truncated_normal(u[..., 0], grid.center[0], deviation, grid.x_min, grid.x_max)
        y = inverse.truncated_normal(u[..., 1], grid.center[1], deviation, grid.y_min, grid.y_max)
        return np.stack([x, y, np.full_like(x, grid.z)], axis=-1)


@dataclass(frozen=True, eq=False)
class AxisLocations(Locations):
    """Coordinates drawn one by one: x and y, or x, y and z."""

    size: int
    axes: tuple[Distribution, ...]

    @property
    def on_plane(self) -> bool:  # type: ignore[override]
        """Whether every candidate lies on the grid's plane."""
        return len(self.axes) == 2

    def candidates(
        self, streams: Streams, indices: Int[np.ndarray, " record"], counts: Int[np.ndarray, " record"], attempt: int
    ) -> Float[np.ndarray, "record source 3"]:
        """Return positions; each axis has a stream of its own."""
        sizes = Sizes((self.size,), counts)
        points = np.full((len(indices), self.size, 3), self.setup.grid.z)
        for number, axis in enumerate(self.axes):
            points[..., number] = axis.candidates(f"{STREAM}.{_AXES[number]}", streams, indices, sizes, attempt)
        return points

    def outside(self, points: Float[np.ndarray, "point 3"]) -> Bool[np.ndarray, " point"]:
        """Return which points cannot be used, those outside the axes' own bounds included."""
        wrong = super().outside(points)
        for number, axis in enumerate(self.axes):
            wrong |= (points[:, number] < axis.bounds[0]) | (points[:, number] > axis.bounds[1])
        return wrong

    def to_json(self) -> Any:
        """Return one mapping for each axis."""
        return [axis.to_json() for axis in self.axes]

    def __repr__(self) -> str:
        return repr(list(self.axes))


@dataclass(frozen=True, eq=False)
class JointLocations(Locations):
    """All coordinates of a record's sources from one call of a user's function."""

    size: int
    distribution: FunctionDistribution
    on_plane = False

    def candidates(
        self, streams: Streams, indices: Int[np.ndarray, " record"], counts: Int[np.ndarray, " record"], attempt: int
    ) -> Float[np.ndarray, "record source 3"]:
        """Return what the function gives for ``size=(2, count)``: x and y, or x, y and z."""
        points = np.full((len(indices), self.size, 3), self.setup.grid.z)
        for row, index in enumerate(indices):
            count = int(counts[row])
            given = np.asarray(self.distribution.function(streams.generator(STREAM, int(index), attempt), (2, count)))
            if given.dtype.kind not in "iuf" or given.shape not in ((2, count), (3, count)):
                raise ArgumentError(
                    f"locations={self!r}: asked for size=(2, {count}) it returned {given.dtype} values of shape "
                    f"{given.shape}; expected coordinates in m of that shape, or (3, {count}) with z."
                )
            points[row, :count, : given.shape[0]] = given.T
        return points

    def outside(self, points: Float[np.ndarray, "point 3"]) -> Bool[np.ndarray, " point"]:
        """Return which points cannot be used; one that is not finite is outside too."""
        return ~np.isfinite(points).all(axis=1) | super().outside(np.nan_to_num(points))

    def to_json(self) -> Any:
        """Return what identifies the function."""
        return self.distribution.to_json()

    def __repr__(self) -> str:
        return repr(self.distribution)


def as_locations(value: Any, setup: MeasurementSetup, size: int) -> Locations:
    """Return what `size` source positions are drawn from.

    Parameters
    ----------
    value
        None for the default; a distribution for both x and y; a pair or triple of distributions for x, y and z; a
        function ``fn(rng, size)`` that returns coordinates of shape `size` = (2, J), or (3, J) with z, in m; or
        `Locations`.
    setup
        Supplies the grid.
    size
        Number of sources.
    """
    if isinstance(value, Locations):
        return value
    if value is None:
        return DefaultLocations(setup, size)
    if isinstance(value, list | tuple):
        if len(value) not in (2, 3):
            raise ArgumentError(
                f"locations={value!r}: expected distributions for x and y, or for x, y and z; got {len(value)}."
            )
        axes = tuple(as_distribution(f"locations.{_AXES[number]}", item) for number, item in enumerate(value))
        return _axis_locations(setup, size, axes)
    given = as_distribution("locations", value)
    if not isinstance(given, FunctionDistribution):
        return _axis_locations(setup, size, (given, given))
    if given.bounds != sampling.UNBOUNDED:
        raise ArgumentError(
            f"locations={callable_name(given.function)}: bounds={given.bounds} are for single quantities; the grid "
            "bounds positions."
        )
    return JointLocations(setup, size, given)


def place_sources(
    locations: Locations,
    streams: Streams,
    indices: Int[np.ndarray, " record"],
    counts: Int[np.ndarray, " record"],
    *,
    snap_to_grid: bool,
    min_distance: float | None,
) -> Float[np.ndarray, "record source 3"]:
    """Draw the positions of each record's sources, redrawing those that cannot be used, m.

    Parameters
    ----------
    locations
        What positions are drawn from.
    streams, indices, counts
        The random streams, the records, and how many sources each of them has.
    snap_to_grid
        Whether sources move to the nearest grid point, never two to the same one.
    min_distance
        Smallest distance between two sources, m, or None.
    """
    grid = locations.setup.grid

    def draw(rows: np.ndarray, attempt: int) -> np.ndarray:
        points = locations.candidates(streams, indices[rows], counts[rows], attempt)
        return _snapped(locations, points) if snap_to_grid else points

    if locations.always_on_grid and min_distance is None and not snap_to_grid and not locations.least_distance:
        return draw(np.arange(indices.size), 0)
    # Snapped sources on different points are at least one step apart.
    least = max(min_distance or 0.0, locations.least_distance, 0.5 * min(grid.steps) if snap_to_grid else 0.0)
    given = "" if isinstance(locations, DefaultLocations) else f"locations={locations!r}, "
    return sampling.place_points(
        draw,
        counts,
        lambda previous, point: np.linalg.norm(previous - point, axis=2) < least * (1 - 1e-9),
        f"{given}min_source_distance={min_distance}, snap_to_grid={snap_to_grid}",
        None if locations.always_on_grid else locations.outside,
    )


def require_snappable(locations: Locations) -> None:
    """Refuse to snap sources to the grid whose z is drawn; snapping would drop it."""
    if isinstance(locations, AxisLocations) and not locations.on_plane:
        raise _off_plane(locations)


def _off_plane(locations: Locations) -> ArgumentError:
    return ArgumentError(
        f"locations={locations!r}: gives sources off the grid's plane z={locations.setup.grid.z:g} m, to which "
        "snap_to_grid=True would move them; leave z out or use snap_to_grid=False."
    )


def _snapped(
    locations: Locations, points: Float[np.ndarray, "record source 3"]
) -> Float[np.ndarray, "record source 3"]:
    """Return the grid points nearest the points; those beyond the grid stay where they are, to be redrawn."""
    grid = locations.setup.grid
    if np.any(points[..., 2] != grid.z):
        raise _off_plane(locations)
    ix, iy = np.moveaxis(grid.nearest(points[..., :2]), -1, 0)
    snapped = np.stack([grid.axes[0][ix], grid.axes[1][iy], points[..., 2]], axis=-1)
    if locations.always_on_grid:
        return snapped
    outside = locations.outside(points.reshape(-1, 3)).reshape(points.shape[:-1])
    return np.where(outside[..., None], points, snapped)


def _axis_locations(setup: MeasurementSetup, size: int, axes: tuple[Distribution, ...]) -> AxisLocations:
    grid = setup.grid
    for name, axis, low, high in zip("xy", axes, (grid.x_min, grid.y_min), (grid.x_max, grid.y_max), strict=False):
        if axis.range[1] < low or axis.range[0] > high:
            raise ArgumentError(
                f"locations.{name}={axis!r}: never within the grid, {low:g} to {high:g} m in {name}; "
                "give absolute coordinates in m."
            )
    return AxisLocations(setup, size, axes)
