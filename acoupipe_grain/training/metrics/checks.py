"""Checks of the arrays that metrics are computed of."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64

from acoupipe_grain.errors import ArgumentError


def finite(name: str, value: Any, axes: tuple[str, ...]) -> Float64[np.ndarray, "..."]:
    """Return an array in double precision.

    Parameters
    ----------
    name
        What it is an argument called, for messages.
    value
        What is given.
    axes
        Names of its axes; "..." first stands for any others.

    Raises
    ------
    ArgumentError
        If its values are not real numbers, it has other axes, or holds NaN or infinity.
    """
    array = np.asarray(value)
    expected = f"({', '.join(axes)})"
    if array.dtype.kind not in "biuf":
        raise ArgumentError(f"{name}: has dtype {array.dtype}; expected real numbers, shape {expected}.")
    fits = array.ndim >= len(axes) - 1 if axes[:1] == ("...",) else array.ndim == len(axes)
    if not fits:
        raise ArgumentError(f"{name}: has shape {array.shape}; expected {expected}.")
    result = array.astype(np.float64)
    if not np.isfinite(result).all():
        place = tuple(np.argwhere(~np.isfinite(result))[0].tolist())
        raise ArgumentError(
            f"{name}{list(place)}={result[place]}: expected finite numbers; a model whose outputs are not has diverged."
        )
    return result


def positions(name: str, value: Any, num_dimensions: int | None = None) -> Float64[np.ndarray, "point dim"]:
    """Return positions, one a row.

    Raises
    ------
    ArgumentError
        If they are not finite numbers of shape (points, dimensions), or have other than `num_dimensions` of these.
    """
    points = finite(name, value, ("points", "dimensions"))
    if not points.shape[1] or num_dimensions not in (None, points.shape[1]):
        dimensions = "dimensions" if num_dimensions is None else num_dimensions
        raise ArgumentError(f"{name}: has shape {points.shape}; expected (points, {dimensions}).")
    return points
