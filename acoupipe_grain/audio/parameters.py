"""Parameters that users give as an object or as a mapping of its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from acoupipe_grain.errors import ArgumentError, unknown_name

Parameters = TypeVar("Parameters")


def as_parameters(argument: str, value: Any, kind: type[Parameters], example: str) -> Parameters | None:
    """Return parameters that are given as such, as a mapping of their values, or not at all.

    Parameters
    ----------
    argument
        What they are an argument called, for messages.
    value
        What is given.
    kind
        The dataclass that they are of.
    example
        A mapping for messages.

    Raises
    ------
    ArgumentError
        If it is something else, or a value is unknown or wrong.
    """
    if value is None or isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{argument}={value!r}: expected {kind.__name__}, or a mapping such as {example}.")
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    for name in value:
        if name not in names:
            raise unknown_name(f"argument of {argument}", name, names)
    return kind(**value)
