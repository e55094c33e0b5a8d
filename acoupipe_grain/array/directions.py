"""Directions that users give as vectors of any length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError


def checked_direction(name: str, value: Any, expected: str = "a vector of 3 numbers") -> tuple[float, float, float]:
    """Return the three components of a direction as they are given.

    Parameters
    ----------
    name
        What it is an argument called, for messages.
    value
        What is given.
    expected
        What may be given, for messages.

    Raises
    ------
    ArgumentError
        If it is not three finite numbers, or all of them are zero.
    """
    is_array = isinstance(value, np.ndarray) and value.ndim == 1
    is_list = is_array or (isinstance(value, Sequence) and not isinstance(value, str | bytes))
    if not is_list or len(value) != 3:
        raise ArgumentError(f"{name}={value!r}: expected {expected}.")
    x, y, z = (arguments.number(f"{name}.{axis}", item) for axis, item in zip("xyz", value, strict=True))
    if x == y == z == 0:
        raise ArgumentError(f"{name}={value!r}: has no direction; one of its components must not be 0.")
    return x, y, z


def unit_vector(direction: Sequence[float]) -> Float[np.ndarray, "3"]:
    """Return the vector of length 1 in a direction."""
    vector = np.array(direction, dtype=np.float64)
    vector /= np.abs(vector).max()  # the squares of very long and very short vectors leave float64
    return vector / math.hypot(*vector)
