"""What identifies a user's function in manifests and checkpoints, where its code cannot stand."""

from __future__ import annotations

import sys
from collections.abc import Callable
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


def callable_name(function: Callable[..., Any]) -> str:
    """Return a name for messages, free of addresses."""
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def checked_key(key: Any) -> str | None:
    """Return a key that users give to identify a function, or None."""
    if key is not None and (not isinstance(key, str) or not key.strip()):
        raise ArgumentError(f"key={key!r}: expected a name that you change with the function, such as 'ring-v1'.")
    return key
