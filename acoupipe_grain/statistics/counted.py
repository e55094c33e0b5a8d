"""Which values of an array its statistics are of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, unknown_name

Above = float | Sequence[float | None] | np.ndarray | None
Flags = Sequence[bool] | np.ndarray | None


@dataclass(frozen=True)
class Counted:
    """Which values of an array count, and which axes have statistics of their own along them.

    Parameters
    ----------
    separate
        Names of axes whose entries have a mean and a standard deviation each, such as ``("input_feature",)``, in the
        order in which the array has them. They are averaged over all other axes, and over the records.
    mask
        Name of another array of the element, of true and false or 1 and 0, whose axes are some of the array's: only
        values count where it is true. None: all.
    above
        Only values greater than this count, such as 0 for a fundamental frequency that is 0 in unvoiced frames; one
        number, or one for each entry of the last separate axis, None or −infinity where all count. It is rounded to
        the array's precision.
    normalise
        Whether each entry of the last separate axis is to be normalised: the others get the mean 0 and the standard
        deviation 1. None: all are.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    separate: Sequence[str] = ()
    mask: str | None = None
    above: Above = None
    normalise: Flags = None

    def __post_init__(self) -> None:
        separate = self.separate
        if not isinstance(separate, tuple | list) or not all(isinstance(axis, str) for axis in separate):
            raise ArgumentError(f"separate={separate!r}: expected a list of names of axes, such as ['input_feature'].")
        if self.mask is not None and not isinstance(self.mask, str):
            raise ArgumentError(f"mask={self.mask!r}: expected the name of an array, such as 'frame_mask', or None.")
        object.__setattr__(self, "separate", tuple(separate))
        object.__setattr__(self, "above", _thresholds(self.above))
        object.__setattr__(self, "normalise", _flags(self.normalise))
        for name in ("above", "normalise"):
            if isinstance(getattr(self, name), tuple) and not self.separate:
                raise ArgumentError(
                    f"{name}={getattr(self, name)!r}: one value for each entry of the last separate axis, and "
                    "separate=() names none; give one, such as separate=['input_feature']."
                )

    def to_json(self) -> dict[str, Any]:
        """Return the values as a JSON mapping."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def as_counted(name: str, value: Any) -> Counted:
    """Return what counts of an array `name`, given as such or as a mapping of its values.

    Raises
    ------
    ArgumentError
        If it is something else, or a value is unknown or wrong.
    """
    if isinstance(value, Counted):
        return value
    if not isinstance(value, Mapping):
        raise ArgumentError(
            f"arrays: {name!r}: {value!r}: expected Counted, or a mapping such as {{separate: [input_feature]}}."
        )
    names = [item.name for item in fields(Counted)]
    for argument in value:
        if argument not in names:
            raise unknown_name(f"argument of arrays[{name!r}]", argument, names)
    try:
        return Counted(**value)
    except ArgumentError as error:
        raise ArgumentError(f"arrays: {name!r}: {error}") from None


def _thresholds(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(_threshold(item) for item in value)
    return _threshold(value)


def _threshold(value: Any) -> float | None:
    is_open = value is None or (isinstance(value, float | np.floating) and value == -math.inf)
    return None if is_open else arguments.number("above", value)


def _flags(value: Any) -> tuple[bool, ...] | None:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise ArgumentError(
            f"normalise={value!r}: expected a list of true and false, for each entry of the last separate axis, or "
            "None."
        )
    return tuple(arguments.flag("normalise", item) for item in value)
