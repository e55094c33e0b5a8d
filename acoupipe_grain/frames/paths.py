"""Where scatterers are: drawn positions, straight paths, and the pixels that these cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution, as_distribution, distribution
from acoupipe_grain.sampling.sizes import Sizes
from acoupipe_grain.seeding import Streams

BORDER = 1e-9
"""Pixels by which rounding may put a position beyond the outermost pixel where it is on it."""


def drawn_from(name: str, value: Any) -> Distribution:
    """Return what the argument `name` is drawn from: a distribution, a number, or two for a range.

    Raises
    ------
    ArgumentError
        If it is something else, or a range that is empty.
    """
    if not isinstance(value, list | tuple):
        return as_distribution(name, value)
    is_range = len(value) == 2 and all(isinstance(end, int | float) and not isinstance(end, bool) for end in value)
    if not is_range or not value[0] <= value[1]:
        raise ArgumentError(f"{name}={value!r}: expected a number, a range [low, high], or a distribution.")
    low, high = map(float, value)
    return distribution(low) if low == high else distribution("uniform", loc=low, scale=high - low)


@dataclass(frozen=True)
class Paths:
    """Straight paths of scatterers through a square of pixels.

    Parameters
    ----------
    size
        Pixels of either axis.
    num_scatterers
        Scatterers of a frame.
    num_frames
        Frames of a record.
    velocity
        Pixels a frame.
    angle
        Degrees; 0 is along the first axis, 90 along the second.
    rotation
        All positions and paths of a record are turned about the centre of the frame by an angle drawn from it, degrees.
    """

    size: int
    num_scatterers: int
    num_frames: int
    velocity: Distribution
    angle: Distribution
    rotation: Distribution

    def positions(self, streams: Streams, indices: Sequence[int]) -> Float[np.ndarray, "record 2 scatterer frame"]:
        """Return where scatterers are in each frame, p + t v (cos α, sin α) from whole pixels p, pixels."""
        count, shape = self.num_scatterers, (self.num_scatterers,)
        records = np.asarray(indices)
        uniforms = streams.uniforms("scatterer_positions", indices, 2 * count).reshape(len(records), 2, count)
        start = np.floor(uniforms * self.size)
        velocity = self.velocity.draw("scatterer_velocity", streams, records, Sizes(shape))
        angle = self.angle.draw("scatterer_angle", streams, records, Sizes(shape))
        # SciPy's functions of degrees are exact along the axes.
        direction = np.stack([special.cosdg(angle), special.sindg(angle)], axis=1)
        steps = (velocity[:, None] * direction)[..., None] * np.arange(self.num_frames)
        turn = self.rotation.draw("frame_rotation", streams, records, Sizes())
        return rotated(start[..., None] + steps, turn, self.size)

    def is_inside(self, positions: Float[np.ndarray, "*batch 2 scatterer frame"]) -> Bool[np.ndarray, "*batch k t"]:
        """Return whether positions are on the frame, the outermost pixels included."""
        return np.all((positions >= -BORDER) & (positions <= self.size - 1 + BORDER), axis=-3)

    @property
    def num_track_points(self) -> int:
        """Points of a path within which it crosses the frame.

        They are at least half a pixel apart along the longer axis, and a path that rotation begins outside of the frame
        does so at most a quarter of it away.
        """
        return 1 if self.num_frames == 1 else 3 * self.size

    def tracks(
        self, positions: Float[np.ndarray, "*batch 2 scatterer frame"]
    ) -> tuple[Float[np.ndarray, "*batch 2 scatterer point"], Float[np.ndarray, "*batch scatterer point"]]:
        """Return points along each path, both ends included, and the frame in which each is nearest in time.

        Points are spaced as evenly as whole pixels along the longer axis allow; those beyond the last are NaN.
        """
        first, last = positions[..., 0], positions[..., -1]
        num_steps = np.ceil(np.abs(last - first).max(axis=-2) - BORDER)[..., None]
        numbers = np.arange(self.num_track_points)
        share = np.where(numbers <= num_steps, numbers / np.maximum(num_steps, 1), np.nan)
        points = first[..., None] + (last - first)[..., None] * share[..., None, :, :]
        return points, np.floor(share * (self.num_frames - 1) + 0.5)


def rotated(
    positions: Float[np.ndarray, "record 2 scatterer frame"], angle: Float[np.ndarray, " record"], size: int
) -> Float[np.ndarray, "record 2 scatterer frame"]:
    """Return positions turned about the centre of the frame, from the first axis towards the second."""
    centre = (size - 1) / 2
    x, y = np.moveaxis(positions - centre, 1, 0)
    cos, sin = (function(angle)[:, None, None] for function in (special.cosdg, special.sindg))
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=1) + centre


def nearest_pixels(positions: np.ndarray) -> np.ndarray:
    """Return the pixels of positions, rounded half up."""
    return np.floor(positions + 0.5 + BORDER)
