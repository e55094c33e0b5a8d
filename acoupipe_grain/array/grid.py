"""The rectangular grid on which maps are computed and over which sources are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Meters
from acoupipe_grain.errors import ArgumentError


@dataclass(frozen=True)
class RectGrid:
    """Points at equal steps over a rectangle parallel to the x-y plane, both ends included.

    Parameters
    ----------
    x_min
        Lower end in x, m.
    x_max
        Upper end in x, m.
    y_min
        Lower end in y, m.
    y_max
        Upper end in y, m.
    z
        Height of the plane, m.
    increment
        Step, m: one value, or a pair for x and y. The extent must be a whole number of steps.

    Raises
    ------
    ArgumentError
        If a value is not a number, an extent is negative or not a multiple of the increment.
    """

    x_min: Meters
    x_max: Meters
    y_min: Meters
    y_max: Meters
    z: Meters
    increment: Meters | tuple[Meters, Meters]

    def __post_init__(self) -> None:
        for name in ("x_min", "x_max", "y_min", "y_max", "z"):
            object.__setattr__(self, name, arguments.number(f"grid.{name}", getattr(self, name), unit="m"))
        given = self.increment if isinstance(self.increment, list | tuple) else (self.increment, self.increment)
        if len(given) != 2:
            raise ArgumentError(f"grid.increment={self.increment!r}: expected one step or a pair of them, in m.")
        steps = [arguments.number("grid.increment", step, above=0, unit="m") for step in given]
        object.__setattr__(self, "increment", steps[0] if steps[0] == steps[1] else tuple(steps))
        for axis, low, high, step in (
            ("x", self.x_min, self.x_max, steps[0]),
            ("y", self.y_min, self.y_max, steps[1]),
        ):
            _require_whole_steps(axis, low, high, step)

    @classmethod
    def default(cls, aperture: float) -> RectGrid:
        """Return the default 64×64 grid in front of an array of the given aperture, m."""
        half = aperture / 2
        return cls(-half, half, -half, half, half, aperture / 63)

    @cached_property
    def steps(self) -> tuple[float, float]:
        """Steps in x and y, m."""
        return self.increment if isinstance(self.increment, tuple) else (self.increment, self.increment)

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Numbers of points in x and y."""
        return (
            round((self.x_max - self.x_min) / self.steps[0]) + 1,
            round((self.y_max - self.y_min) / self.steps[1]) + 1,
        )

    @property
    def size(self) -> int:
        """Number of points."""
        return self.shape[0] * self.shape[1]

    @cached_property
    def axes(self) -> tuple[Float[np.ndarray, " x"], Float[np.ndarray, " y"]]:
        """Coordinates of the points along x and along y, m."""
        return (
            np.linspace(self.x_min, self.x_max, self.shape[0]),
            np.linspace(self.y_min, self.y_max, self.shape[1]),
        )

    @property
    def positions(self) -> Float[np.ndarray, "3 point"]:
        """All points, m, shape (3, nx·ny), y running fastest: ``map.reshape(nx, ny)[ix, iy]``."""
        x, y = np.meshgrid(*self.axes, indexing="ij")
        return np.stack([x.ravel(), y.ravel(), np.full(self.size, self.z)])

    @property
    def corners(self) -> Float[np.ndarray, "3 4"]:
        """The rectangle's corners, m, shape (3, 4)."""
        x, y = np.meshgrid([self.x_min, self.x_max], [self.y_min, self.y_max])
        return np.stack([x.ravel(), y.ravel(), np.full(4, self.z)])

    @property
    def center(self) -> tuple[float, float]:
        """Coordinates of the rectangle's centre in x and y, m."""
        return (self.x_min + self.x_max) / 2, (self.y_min + self.y_max) / 2

    def nearest(self, xy: Float[np.ndarray, "*n 2"]) -> Int[np.ndarray, "*n 2"]:
        """Return the indices (ix, iy) of the grid points nearest the points `xy`; halves round up."""
        relative = (xy - np.array([self.x_min, self.y_min])) / np.array(self.steps)
        return np.clip(np.floor(relative + 0.5), 0, np.array(self.shape) - 1).astype(np.int64)

    def distance(self, points: Float[np.ndarray, "3 point"]) -> Float[np.ndarray, " point"]:
        """Return the distances of points from the grid's rectangle, m."""
        low = np.array([self.x_min, self.y_min, self.z])[:, None]
        high = np.array([self.x_max, self.y_max, self.z])[:, None]
        return np.linalg.norm(points - np.clip(points, low, high), axis=0)

    def to_json(self) -> dict[str, Any]:
        """Return the constructor's arguments as a JSON mapping."""
        increment = list(self.increment) if isinstance(self.increment, tuple) else self.increment
        names = ("x_min", "x_max", "y_min", "y_max", "z")
        return {name: getattr(self, name) for name in names} | {"increment": increment}


def _require_whole_steps(axis: str, low: float, high: float, step: float) -> None:
    if high < low:
        raise ArgumentError(f"grid.{axis}_max={high!r}: must be at least grid.{axis}_min={low!r}.")
    steps = (high - low) / step
    if abs(steps - round(steps)) > 1e-6 * max(1.0, steps):
        count = max(1, round(steps))
        raise ArgumentError(
            f"grid.increment={step!r}: the extent {high - low!r} m in {axis} is not a whole number of steps; "
            f"the nearest increment that fits is {(high - low) / count!r}."
        )
