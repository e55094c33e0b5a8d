"""Sources that move as a user's function says."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.trajectories.path import Path
from acoupipe_grain.array.trajectories.piecewise_cubic import PiecewiseCubicPath
from acoupipe_grain.array.trajectories.trajectory import ARGUMENT, Trajectory
from acoupipe_grain.callables import as_numbers, callable_identity, callable_text, checked_key, require_callable
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import Streams

SAMPLING_INTERVAL = 1e-3
"""Time between the positions that are asked of a function of time, at most, s."""

START_TOLERANCE = 1e-6
"""How far from the source's position a path may begin, m."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FunctionTrajectory(Trajectory):
    """Each source moves as ``function(rng, position, duration)`` says.

    Parameters
    ----------
    function
        Gets a `numpy.random.Generator` of each source's own, the position (3,) at which it starts, m, and the length of
        the recording, s. It returns a function of times (n,) in s that gives positions (3, n) in m, and is asked for
        times from 0 to the length, every millisecond; or such positions themselves, at equally spaced times from 0 to
        the length, both included. Between them the path is a cubic spline (off by at most h⁴/384 times the fourth
        derivative at steps h), and before and after a straight line.
    key
        What identifies the function in manifests and checkpoints; change it with the function. None: its
        ``module:name``, if it has one.

    convective_amplification
        As for `Trajectory`.

    Raises
    ------
    ArgumentError
        If the function does not take three arguments.
    """

    kind: ClassVar[str] = "function"
    function: Callable[[np.random.Generator, np.ndarray, float], Any]
    key: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            require_callable(self.function, 3, "a function fn(rng, position, duration)")
            checked_key(self.key)
        except ArgumentError as error:
            raise ArgumentError(f"{ARGUMENT}: {error}") from None

    @property
    def top_speed(self) -> float:
        """Infinite: nothing is known of a function's paths."""
        return math.inf

    def to_json(self) -> dict[str, Any]:
        """Return the key or ``module:name``, or raise `ArgumentError` if there is neither."""
        given = {"convective_amplification": self.convective_amplification}
        return {"kind": self.kind} | callable_identity(self.function, self.key) | given

    def paths(
        self,
        streams: Streams,
        index: int,
        positions: Float[np.ndarray, "3 source"],
        max_nsources: int,
        duration_seconds: float,
    ) -> list[Path]:
        """Return the path of each source of a record."""
        del max_nsources
        paths: list[Path] = []
        for number, start in enumerate(positions.T.astype(np.float64)):
            # No redraws here: the source's number takes their place among the random words.
            rng = streams.generator(f"{ARGUMENT}.function", index, number)
            try:
                sampled = self._sampled(self.function(rng, start.copy(), duration_seconds), duration_seconds, index)
            except Exception as error:
                error.add_note(f"While computing {ARGUMENT}={self!r}: record {index}, source {number}.")
                raise
            if np.abs(sampled[:, 0] - start).max() > START_TOLERANCE:
                raise ArgumentError(
                    f"{ARGUMENT}={self!r}: record {index}: the path of source {number} begins at "
                    f"{sampled[:, 0].tolist()} m; expected {start.tolist()} m, its position."
                )
            paths.append(interpolated(sampled, duration_seconds))
        return paths

    def _sampled(self, given: Any, duration: float, index: int) -> Float[np.ndarray, "3 time"]:
        """Return positions at equally spaced times, both ends included."""
        what, expected = "returned", "(3, n), at n ≥ 2 equally spaced times"
        if callable(given):
            count = max(2, math.ceil(duration / SAMPLING_INTERVAL) + 1)
            what, expected = "returned a function that gave", f"(3, {count})"
            given = given(np.linspace(0.0, duration, count))
        sampled = as_numbers(given)
        num_times = sampled.shape[-1] if sampled.ndim == 2 else 0
        if sampled.dtype.kind not in "iuf" or sampled.shape != (3, num_times) or num_times < 2:
            raise ArgumentError(
                f"{ARGUMENT}={self!r}: for record {index} it {what} {sampled.dtype} values of shape {sampled.shape}; "
                f"expected positions in m of shape {expected}."
            )
        if not np.isfinite(sampled).all():
            raise ArgumentError(f"{ARGUMENT}={self!r}: for record {index} it {what} values that are not finite.")
        return sampled.astype(np.float64)

    def __repr__(self) -> str:
        amplified = ", convective_amplification=True" if self.convective_amplification else ""
        return f"{type(self).__name__}({callable_text(self.function, self.key)}{amplified})"


def interpolated(positions: Float[np.ndarray, "3 time"], duration: float) -> PiecewiseCubicPath:
    """Return the cubic spline through positions (m) at equally spaced times from 0 to `duration` (s), both included."""
    from scipy.interpolate import CubicSpline

    num_pieces = positions.shape[1] - 1
    spline = CubicSpline(np.linspace(0.0, duration, num_pieces + 1), positions, axis=1)
    return PiecewiseCubicPath(np.ascontiguousarray(spline.c[::-1].transpose(0, 2, 1)), duration / num_pieces)
