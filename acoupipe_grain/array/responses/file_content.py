"""What a file of impulse responses says, whatever its layout is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from acoupipe_grain.array.responses.stored_responses import StoredResponses
from acoupipe_grain.errors import DataError


@dataclass(frozen=True, eq=False)
class FileContent:
    """What is in a file.

    Attributes
    ----------
    source_positions
        m, shape (3, S).
    mic_positions
        m, shape (3, M).
    stored
        The responses, not read yet.
    sample_rate
        Hz; None if the file states none.
    speed_of_sound
        m/s; None if the file states none.
    usual_sample_rate
        Of files of this layout that state none, Hz; None if there is no such.
    """

    source_positions: np.ndarray
    mic_positions: np.ndarray
    stored: StoredResponses
    sample_rate: float | None
    speed_of_sound: float | None
    usual_sample_rate: float | None = None


def stated_number(place: str, value: Any, unit: str) -> float:
    """Return the one number above zero that a file states, or the mean of those that it states for each measurement.

    Parameters
    ----------
    place
        File and name, for messages.
    value
        Number or array.
    unit
        For messages.

    Raises
    ------
    DataError
        If there is none, or one that is not finite or not above zero.
    """
    numbers = np.asarray(value)
    is_real = numbers.dtype.kind in "fiu" and numbers.size > 0
    if not is_real or not np.isfinite(numbers).all() or not (numbers > 0).all():
        raise DataError(f"{place} is {_shown(numbers)}; expected a finite number greater than 0 in {unit}.")
    if np.ptp(numbers) == 0:  # a mean would be rounded
        return float(numbers.flat[0])
    return float(numbers.mean(dtype=np.float64))


def _shown(numbers: np.ndarray) -> str:
    if numbers.size == 1:
        return repr(numbers.ravel()[0].item())
    if numbers.dtype.kind not in "fiu" or not numbers.size:
        return f"{numbers.dtype} of shape {numbers.shape}"
    wrong = numbers[~(np.isfinite(numbers) & (numbers > 0))]
    return f"an array with {wrong.ravel()[0].item()!r} in it"
