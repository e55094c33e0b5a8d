"""Augmentation of frames by name and options, as files and stored descriptions give it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.frames.augmentation import (
    AddNoise,
    CropOrPad,
    MinMax,
    PairTransform,
    ReduceLabels,
    Resize,
    RotateFrames,
)

TRANSFORMS: Mapping[str, type[PairTransform]] = {
    kind.__name__: kind for kind in (AddNoise, RotateFrames, Resize, ReduceLabels, CropOrPad, MinMax)
}
"""What can be named. In Python any function is a transform."""
_NAME = "name"


def named_transform(place: str, given: Mapping[str, Any]) -> PairTransform:
    """Return the transform of a mapping such as ``{"name": "AddNoise", "snr_db": 10.0}``.

    Parameters
    ----------
    place
        Where it was given, for messages.
    given
        Its name, and its options.

    Raises
    ------
    ArgumentError
        If the transform or one of its options is unknown, missing or wrong.
    """
    name = given.get(_NAME)
    if name is None:
        raise ArgumentError(f"{place}={given!r}: lacks a name; write for instance {{name: MinMax}}.")
    if not isinstance(name, str) or name not in TRANSFORMS:
        raise ArgumentError(f"{place}: {unknown_name('transform', name, TRANSFORMS)}")
    options = {key: value for key, value in given.items() if key != _NAME}
    known = inspect.signature(TRANSFORMS[name]).parameters
    for option in options:
        if option not in known:
            raise ArgumentError(f"{place}: {name} has {unknown_name('option', option, known)}")
    for option, parameter in known.items():
        if parameter.default is parameter.empty and option not in options:
            raise ArgumentError(f"{place}: {name} lacks {option}, which has no default.")
    try:
        return TRANSFORMS[name](**options)
    except ArgumentError as error:
        raise ArgumentError(f"{place}: {name}: {error}") from error
