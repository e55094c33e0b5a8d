"""Attributes of objects by dotted path, read and set without evaluating anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from acoupipe_grain.errors import ArgumentError, unknown_name


def as_targets(target: Any) -> list[Any]:
    """Return the objects whose attributes are set: a list, a tuple or an array of different objects, or one object."""
    if isinstance(target, set | frozenset | Mapping | Iterator):
        raise ArgumentError(f"target={target!r}: expected an object or a list of objects; their order matters.")
    is_array = isinstance(target, np.ndarray) and target.dtype == object
    targets = list(target) if isinstance(target, list | tuple) or is_array else [target]
    if not targets:
        raise ArgumentError("target=[]: expected an object or a list of objects.")
    if len({id(item) for item in targets}) < len(targets):
        raise ArgumentError(f"target={targets!r}: holds an object twice, of which only the last value would remain.")
    return targets


def require_attribute(targets: Sequence[Any], path: str) -> list[Any]:
    """Return each target's attribute ``path``, such as "rms" or "mics.pos_total", or raise `ArgumentError`."""
    if not isinstance(path, str) or not all(part.isidentifier() for part in path.split(".")):
        raise ArgumentError(f"attribute={path!r}: expected a name, or names joined by dots such as 'signal.rms'.")
    values = []
    for target in targets:
        found = target
        for part in path.split("."):
            if not hasattr(found, part):
                names = [name for name in dir(found) if not name.startswith("_")]
                raise unknown_name(f"attribute={path!r}: {type(found).__name__} has no", part, names)
            found = getattr(found, part)
        values.append(found)
    return values


def set_attribute(target: Any, path: str, value: Any) -> None:
    """Set the attribute ``path`` of a target."""
    *parents, name = path.split(".")
    for part in parents:
        target = getattr(target, part)
    try:
        setattr(target, name, value)
    except Exception as error:
        raise ArgumentError(
            f"attribute={path!r}: {type(target).__name__} does not take {value!r} ({error}); choose other values."
        ) from error
