"""What identifies a user's function in manifests and checkpoints, where its code cannot stand."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from acoupipe_grain.errors import ArgumentError


def import_path(function: Callable[..., Any]) -> str | None:
    """Return ``module:name`` if that leads to `function` in any process, else None.

    Lambdas, functions inside functions, instances, and whatever the main script defines have no such path.
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is function else None


def callable_identity(function: Callable[..., Any], key: str | None) -> dict[str, str]:
    """Return what stands for a function in a configuration: its `key`, or else its ``module:name``.

    Raises
    ------
    ArgumentError
        If it has neither.
    """
    if key is not None:
        return {"key": key}
    path = import_path(function)
    if path is None:
        raise ArgumentError(
            f"{callable_name(function)}: nothing identifies this function, so what it gives cannot be stored or "
            "cached. Define it in a module that can be imported, or give it a key='...' that you change with it."
        )
    return {"function": path}


@dataclass(frozen=True, eq=False, repr=False)
class UserFunction:
    """A function as an argument of a source, with what stands for it in a configuration."""

    function: Callable[..., Any]
    key: str | None

    def to_json(self) -> dict[str, str]:
        """Return the key or ``module:name``, or raise `ArgumentError` if there is neither."""
        return callable_identity(self.function, self.key)

    def __repr__(self) -> str:
        return f"{callable_name(self.function)} (key={self.key!r})"


def callable_name(function: Callable[..., Any]) -> str:
    """Return a name for messages, free of addresses."""
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def require_callable(value: Any, num_arguments: int, expected: str) -> Callable[..., Any]:
    """Return `value` if it can be called with so many arguments; else the error says what was `expected`."""
    if not callable(value):
        raise ArgumentError(f"{value!r}: expected {expected}.")
    try:
        signature = inspect.signature(value)
    except ValueError:  # what is written in C may not say what it takes
        return value
    try:
        signature.bind(*[None] * num_arguments)
    except TypeError as error:
        raise ArgumentError(f"{callable_name(value)}: expected {expected} ({error}).") from None
    return value


def checked_key(key: Any) -> str | None:
    """Return a key that users give to identify a function, or None."""
    if key is not None and (not isinstance(key, str) or not key.strip()):
        raise ArgumentError(f"key={key!r}: expected a name that you change with the function, such as 'ring-v1'.")
    return key
