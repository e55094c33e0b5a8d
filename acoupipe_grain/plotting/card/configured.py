"""A configuration on one level, as people read it: a name and a value a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_NUMBERS_SHOWN = 16


@dataclass(frozen=True)
class Configured:
    """One value of a configuration.

    Attributes
    ----------
    name
        Where it stands, for example "setup.sample_rate".
    value
        The JSON value; of many numbers, only what they are.
    key
        How `acoupipe-grain config` lists it, if the source is one of the package's.
    """

    name: str
    value: Any
    key: str


def configured_values(configuration: Mapping[str, Any], prefix: str = "", owner: str = "") -> Iterator[Configured]:
    """Yield all values of a configuration; those of sources within it (slices, mixtures) too.

    Parameters
    ----------
    configuration
        A JSON mapping.
    prefix
        What stands before the names.
    owner
        What stands before the keys.
    """
    for name, value in configuration.items():
        if name == "arguments" and isinstance(value, Mapping):
            yield from configured_values(value, prefix, f"{configuration.get('class')}.")
        elif isinstance(value, Mapping) and value:
            yield from configured_values(value, f"{prefix}{name}.", f"{owner}{name}.")
        elif isinstance(value, list) and any(isinstance(item, Mapping) and "class" in item for item in value):
            numbered = {f"{name}[{number}]": item for number, item in enumerate(value)}
            yield from configured_values(numbered, prefix, owner)
        else:
            shown = (
                f"{len(value[0])} microphones" if name == "mic_positions" and _is_matrix(value) else _in_short(value)
            )
            yield Configured(f"{prefix}{name}", shown, f"{owner}{name}")


def as_text(value: Any) -> str:
    """Return a JSON value as text for people, numbers with six digits."""
    if isinstance(value, Mapping) and value:
        return ", ".join(f"{name}: {_bracketed(item)}" for name, item in value.items())
    if isinstance(value, list) and value:
        has_parts = any(isinstance(item, Mapping | list) for item in value)
        return ("; " if has_parts else ", ").join(
            _bracketed(item) if isinstance(item, list) else as_text(item) for item in value
        )
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) and value else json.dumps(value)


def _bracketed(value: Any) -> str:
    return f"({as_text(value)})" if isinstance(value, Mapping | list) and value else as_text(value)


def _in_short(value: Any) -> Any:
    numbers = list(_flattened(value))
    if len(numbers) <= MAX_NUMBERS_SHOWN or not all(type(item) in (int, float) for item in numbers):
        return value
    return f"{len(numbers)} numbers from {min(numbers):g} to {max(numbers):g}"


def _flattened(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flattened(item)
    else:
        yield value


def _is_matrix(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)
