"""Paths of cubic pieces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from acoupipe_grain.array.trajectories.path import Path


@dataclass(frozen=True, eq=False)
class PiecewiseCubicPath(Path):
    """Cubic polynomials over intervals of equal length from time 0 on, with straight lines before and after.

    Attributes
    ----------
    coefficients
        Of the powers 0, 1, 2 and 3 of the time since the beginning of the piece, in m, m/s, m/s² and m/s³, shape
        (4, 3, K). Positions and velocities of successive pieces meet.
    interval
        Length of a piece, s.
    """

    coefficients: Float[np.ndarray, "4 3 piece"]
    interval: float

    @cached_property
    def top_speed(self) -> float:
        """A speed that the path exceeds at no time, m/s.

        A piece's velocity lies within the triangle of the control points of its Bézier form.
        """
        _, linear, quadratic, cubic = self.coefficients * self.interval ** np.arange(4)[:, None, None]
        corners = np.stack([linear, linear + quadratic, linear + 2 * quadratic + 3 * cubic]) / self.interval
        return float(np.linalg.norm(corners, axis=1).max())

    @cached_property
    def _pieces(self) -> Float[np.ndarray, "4 3 piece"]:
        """The coefficients with those of the straight lines before and after."""
        pieces = np.zeros((4, 3, self.coefficients.shape[2] + 2))
        pieces[..., 1:-1] = self.coefficients
        pieces[:2, :, 0] = self.coefficients[:2, :, 0]
        powers = self.interval ** np.arange(4)[:, None]
        last = self.coefficients[..., -1]
        pieces[0, :, -1] = (powers * last).sum(axis=0)
        pieces[1, :, -1] = (np.arange(1, 4)[:, None] * powers[:3] * last[1:]).sum(axis=0)
        return pieces

    def positions(self, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "3 time"]:
        """Return the positions at the times (s), m, shape (3, n)."""
        return self.states(times)[0]

    def velocities(self, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "3 time"]:
        """Return the velocities at the times (s), m/s, shape (3, n)."""
        return self.states(times)[1]

    def states(
        self, times: Float[np.ndarray, " time"]
    ) -> tuple[Float[np.ndarray, "3 time"], Float[np.ndarray, "3 time"]]:
        """Return positions and velocities."""
        piece, since = self._places(times)
        constant, linear, quadratic, cubic = self._pieces.take(piece, axis=2)
        velocities = (3 * cubic * since + 2 * quadratic) * since + linear
        return ((cubic * since + quadratic) * since + linear) * since + constant, velocities

    def _places(self, times: Float[np.ndarray, " time"]) -> tuple[Int[np.ndarray, " time"], Float[np.ndarray, " time"]]:
        """Return the piece of each time, 0 being the line before, and the time since that piece's beginning."""
        num_pieces = self.coefficients.shape[2]
        number = np.clip(np.floor(times / self.interval), -1, num_pieces).astype(np.int64)
        return number + 1, times - np.maximum(number, 0) * self.interval
