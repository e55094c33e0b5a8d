"""Errors of levels in decibels, with a lowest one for what has no power."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.metrics.checks import finite
from acoupipe_grain.training.metrics.matching import Matches

LOWEST_ERROR = -100.0
"""Error in dB of what has no power at all, where nothing else is asked for."""


def level_difference(
    estimated: Float64[np.ndarray, "*value"], true: Float64[np.ndarray, "*value"], floor: float = LOWEST_ERROR
) -> Float64[np.ndarray, "*value"]:
    """Return the levels of estimated powers minus those of true ones, dB.

    Parameters
    ----------
    estimated
        Powers, any unit. Powers of 0 or below have the lowest error.
    true
        True powers above 0, in the same unit.
    floor
        Lowest error, dB, below 0: smaller ones become it, so that one source that is missing does not decide a mean.
    """
    lowest = true * 10 ** (arguments.number("floor", floor, below=0, unit="dB") / 10)
    return 10 * np.log10(np.maximum(estimated, lowest) / true)


def matched_level_error(predicted: Any, true: Any, matches: Matches, *, floor: float = LOWEST_ERROR) -> Accumulated:
    """Return the absolute errors in level of the sources that were found, dB.

    Sources with a true power of 0 have no level and are not counted; neither are sources that were not found.

    Parameters
    ----------
    predicted
        Powers of the predictions, shape (P,) or (P, F) for several frequencies.
    true
        True powers in the same unit, shape (T,) or (T, F).
    matches
        Which belong together, from `match`.
    floor
        Lowest error, dB, below 0; the error of a prediction without power.

    Raises
    ------
    ArgumentError
        If powers are not finite, true ones negative, the shapes do not fit, or the floor is not below 0.
    """
    estimated, expected = (
        finite(name, value, ("sources",) if np.ndim(value) == 1 else ("sources", "frequencies"))
        for name, value in (("predicted", predicted), ("true", true))
    )
    if estimated.shape[1:] != expected.shape[1:]:
        raise ArgumentError(
            f"predicted: has shape {estimated.shape}, and true {expected.shape}; expected the same frequencies."
        )
    require_powers("true", expected)
    of_pairs = expected[matches.true]
    has_level = of_pairs > 0
    errors = level_difference(estimated[matches.predicted][has_level], of_pairs[has_level], floor)
    return Accumulated.of(np.abs(errors))


def require_powers(name: str, powers: Float64[np.ndarray, "..."]) -> None:
    """Raise `ArgumentError` if a true power is negative."""
    if (powers < 0).any():
        raise ArgumentError(f"{name}: has {powers.min()}; expected powers, at least 0.")
