"""Checks of where sources and microphones of impulse responses are."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from acoupipe_grain.errors import ArgumentError

SMALLEST_DISTANCE = 1e-6
"""Sources that are nearer to each other are at one place, m."""


def as_array(argument: str, value: Any) -> np.ndarray:
    """Return an array, or raise `ArgumentError` if it is a list of lists of differing length."""
    try:
        return np.asarray(value)
    except ValueError:
        raise ArgumentError(f"{argument}: rows of differing length; expected an array.") from None


def checked_positions(argument: str, value: Any, kind: str) -> Float[np.ndarray, "3 place"]:
    """Return positions as a read-only array of double precision, m, shape (3, n).

    Parameters
    ----------
    argument
        Name for messages.
    value
        The positions.
    kind
        What is there, for messages: "sources".

    Raises
    ------
    ArgumentError
        If the shape is another, there is no position, or one that is not finite.
    """
    try:
        array = np.array(value)
    except ValueError as error:  # nested lists of different lengths
        raise ArgumentError(f"{argument}: {error}; expected shape (3, number of {kind}).") from None
    if array.dtype.kind not in "fiu" or array.ndim != 2 or array.shape[0] != 3:
        raise ArgumentError(
            f"{argument}: {array.dtype} of shape {array.shape}; expected real numbers in m, shape (3, number of "
            f"{kind})."
        )
    if not array.shape[1]:
        raise ArgumentError(f"{argument}: there are no {kind}; expected at least one.")
    positions = array.astype(np.float64) + 0.0  # minus zero is zero
    if not (finite := np.isfinite(positions).all(axis=0)).all():
        place = int(np.argmin(finite))
        raise ArgumentError(
            f"{argument}: number {place} is at {positions[:, place].tolist()}; expected finite numbers."
        )
    positions.flags.writeable = False
    return positions


def require_distinct_sources(positions: Float[np.ndarray, "3 source"]) -> None:
    """Raise `ArgumentError` if two sources are at one place."""
    distances, neighbours = KDTree(positions.T).query(positions.T, k=2)
    nearest = int(np.argmin(distances[:, 1]))
    if distances[nearest, 1] < SMALLEST_DISTANCE:
        # With several at one place, the first neighbour may be the other one.
        other = next(int(index) for index in neighbours[nearest] if index != nearest)
        raise ArgumentError(
            f"source_positions: sources {min(nearest, other)} and {max(nearest, other)} are both at "
            f"{positions[:, nearest].tolist()}; expected distances of at least {SMALLEST_DISTANCE:g} m. Leave one out."
        )
