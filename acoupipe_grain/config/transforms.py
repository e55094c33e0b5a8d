"""Transforms of batches in configuration files: by name, with their options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acoupipe_grain.frames.named_transforms import TRANSFORMS, named_transform

KEY = "make_loader.transforms"
IN_FILES = Sequence[Mapping[str, Any]]
DESCRIPTION = (
    "Applied in order to the batches as they are delivered, each by name and with its options: {name: AddNoise, "
    f"snr_db: 10.0}}; {', '.join(TRANSFORMS)}."
)


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
    return {**values, argument: [named_transform(f"{argument}[{number}]", item) for number, item in enumerate(given)]}
