"""Placement of points one after the other, redrawing those that do not fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

from acoupipe_grain.errors import ArgumentError

MAX_ATTEMPTS = 1000


def place_points(
    draw: Callable[[np.ndarray, int], Float[np.ndarray, "rows points dim"]],
    counts: Int[np.ndarray, " records"],
    too_close: Callable[
        [Float[np.ndarray, "rows previous dim"], Float[np.ndarray, "rows 1 dim"]],
        Bool[np.ndarray, "rows previous"],
    ],
    requirement: str,
    outside: Callable[[Float[np.ndarray, "rows dim"]], Bool[np.ndarray, " rows"]] | None = None,
) -> Float[np.ndarray, "records points dim"]:
    """Draw points so that the first ``counts[n]`` points of a record are in place and no two of them too close.

    Parameters
    ----------
    draw
        ``draw(rows, attempt)`` gives all candidate points of the records `rows`; attempt 0 is used wherever it fits.
    counts
        Number of points of each record that count.
    too_close
        Says for each earlier point whether the candidate is too close to it.
    requirement
        What is required, for the error message.
    outside
        Says whether a candidate lies where no point may be; None: anything `draw` gives is in place.

    Raises
    ------
    ArgumentError
        If a point finds no place in `MAX_ATTEMPTS` attempts.
    """
    points = draw(np.arange(counts.size), 0)
    for number in range(points.shape[1]):
        pending = np.flatnonzero(counts > number)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            candidates = points[pending, number]
            conflict = too_close(points[pending, :number], candidates[:, None]).any(axis=1)
            if outside is not None:
                conflict |= outside(candidates)
            pending = pending[conflict]
            if pending.size == 0:
                break
            points[pending, number] = draw(pending, attempt)[:, number]
        else:
            raise ArgumentError(
                f"{requirement}: point {number + 1} of {int(counts[pending[0]])} found no place in {MAX_ATTEMPTS} "
                "attempts. Ask for fewer points, a smaller distance, more room or another distribution."
            )
    return points
