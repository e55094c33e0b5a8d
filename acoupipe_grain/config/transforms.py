"""Transforms of batches in configuration files: by name, with their options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
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
"""What files can name. In Python any function is a transform."""
KEY = "make_loader.transforms"
IN_FILES = Sequence[Mapping[str, Any]]
DESCRIPTION = (
    "Applied in order to the batches as they are delivered, each by name and with its options: {name: AddNoise, "
    f"snr_db: 10.0}}; {', '.join(TRANSFORMS)}."
)
_NAME = "name"


def with_transforms(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of the function `name` with the transforms that they name, if any, built.

    Raises
    ------
    ArgumentError
        If a transform or one of its options is unknown, missing or wrong; the message begins with ``transforms``.
    """
    function, _, argument = KEY.partition(".")
    if name != function or argument not in values:
        return dict(values)
    given = values[argument]
    return {**values, argument: [_built(f"{argument}[{number}]", item) for number, item in enumerate(given)]}


def _built(place: str, given: Mapping[str, Any]) -> PairTransform:
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
