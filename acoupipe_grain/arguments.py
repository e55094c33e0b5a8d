"""Checks of argument values: each returns the value in its canonical type or raises `ArgumentError`."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection
from typing import Any

import numpy as np

from acoupipe_grain.errors import ArgumentError, RecordIndexError, unknown_name


def integer(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int within ``minimum ... maximum``; booleans and fractions are refused."""
    limit = "" if maximum is None else f" and at most {maximum}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ArgumentError(f"{name}={value!r}: expected an integer of at least {minimum}{limit}.")
    if value < minimum or (maximum is not None and value > maximum):
        raise ArgumentError(f"{name}={value!r}: must be at least {minimum}{limit}.")
    return int(value)


def number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    minimum: float | None = None,
    below: float | None = None,
    maximum: float | None = None,
    unit: str = "",
) -> float:
    """Return `value` as a finite float with ``minimum <= value <= maximum`` and ``above < value < below``."""
    bounds = [
        text
        for text, bound in (
            (f"at least {minimum}", minimum),
            (f"greater than {above}", above),
            (f"less than {below}", below),
            (f"at most {maximum}", maximum),
        )
        if bound is not None
    ]
    expected = "a finite number" + (f" in {unit}" if unit else "") + "".join(f", {text}" for text in bounds)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    if not is_number or not math.isfinite(value):
        raise ArgumentError(f"{name}={value!r}: expected {expected}.")
    result = float(value) + 0.0  # minus zero is zero
    outside = (
        (minimum is not None and result < minimum)
        or (above is not None and result <= above)
        or (below is not None and result >= below)
        or (maximum is not None and result > maximum)
    )
    if outside:
        raise ArgumentError(f"{name}={value!r}: expected {expected}.")
    return result


def bounds(name: str, value: Any, *, unit: str = "") -> tuple[float, float]:
    """Return a pair (lowest, highest) of floats, infinite where `value` has None or infinity for an open side."""
    if not isinstance(value, tuple | list | np.ndarray) or len(value) != 2:
        suffix = f" in {unit}" if unit else ""
        raise ArgumentError(f"{name}={value!r}: expected a pair (lowest, highest){suffix}, None for an open side.")
    low = -math.inf if value[0] in (None, -math.inf) else number(name, value[0], unit=unit)
    high = math.inf if value[1] in (None, math.inf) else number(name, value[1], unit=unit)
    if low > high:
        raise ArgumentError(f"{name}={value!r}: the lowest value is above the highest.")
    return low, high


def flag(name: str, value: Any) -> bool:
    """Return `value` as a bool; anything but True and False is refused."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"{name}={value!r}: expected true or false.")
    return bool(value)


def generator(name: str, value: Any) -> np.random.Generator:
    """Return `value` if it is a `numpy.random.Generator`; seeds and global states are refused."""
    if not isinstance(value, np.random.Generator):
        raise ArgumentError(
            f"{name}={value!r}: expected a numpy.random.Generator, such as numpy.random.default_rng(10)."
        )
    return value


def choice(name: str, value: Any, allowed: Collection[str]) -> str:
    """Return `value` if it is one of the `allowed` names."""
    if not isinstance(value, str) or value not in allowed:
        raise unknown_name(name, value, allowed)
    return value


def record_index(index: Any, num_records: int) -> int:
    """Return `index` as an int within ``0 ... num_records - 1`` or raise `RecordIndexError`."""
    if isinstance(index, bool | np.bool_) or not isinstance(index, int | np.integer):
        raise ArgumentError(f"index={index!r}: expected an integer from 0 to {num_records - 1}.")
    if not 0 <= index < num_records:
        raise RecordIndexError(f"index={index}: expected an integer from 0 to {num_records - 1}.")
    return int(index)
