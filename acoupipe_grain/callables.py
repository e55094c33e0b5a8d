"""What identifies a user's function in manifests and checkpoints, where its code cannot stand."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import CellType, CodeType
from typing import Any

import numpy as np

from acoupipe_grain.errors import ArgumentError

_MAIN = ("__main__", "__mp_main__")
"""Names of the main script, in this process and in those that it spawned."""


def import_path(function: Callable[..., Any]) -> str | None:
    """Return ``module:name`` if that leads to `function` in any process, else None.

    Lambdas, functions inside functions, instances, and whatever the main script defines have no such path.
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module in _MAIN:
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is function else None


def as_numbers(returned: Any) -> np.ndarray:
    """Return what a user's function returned as an array; lists that make none become one without a shape."""
    try:
        return np.asarray(returned)
    except ValueError:  # rows of different lengths
        return np.asarray(None)


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
        return callable_text(self.function, self.key)


def callable_name(function: Callable[..., Any]) -> str:
    """Return a name for messages, free of addresses."""
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def callable_text(function: Callable[..., Any], key: str | None) -> str:
    """Return what tells a function from others in representations, which checkpoints compare.

    Its key or ``module:name``; where there is neither, its name and a hash of its code (not of what it captures).
    """
    if key is not None:
        return f"key={key!r}"
    return import_path(function) or f"{callable_name(function)} without key, code {code_hash(function)}"


def code_hash(function: Callable[..., Any]) -> str:
    """Return a hash of a function's code, of functions within it too, but not of what it captures or calls."""
    code = getattr(function, "__code__", None)
    parts: list[str] = []
    pending = [] if code is None else [code]
    while pending:
        code = pending.pop()
        inner = [item for item in code.co_consts if isinstance(item, CodeType)]
        plain = [repr(item) for item in code.co_consts if not isinstance(item, CodeType | frozenset)]
        parts += [code.co_code.hex(), *code.co_names, *plain]
        pending += inner
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12] if parts else "unknown"


def function_hash(function: Callable[..., Any]) -> str:
    """Return a hash of a function's code, its defaults, and what it captures as far as that has a value of its own.

    Of functions it captures their hashes, of objects that are neither plain values nor arrays only the type.
    """
    return hashlib.sha256(" ".join(_parts_of(function, ())).encode()).hexdigest()[:12]


def _parts_of(value: Any, above: tuple[int, ...]) -> list[str]:
    if id(value) in above:
        return ["itself"]
    inside = (*above, id(value))
    if isinstance(value, str | bytes | int | float | complex | bool | None):
        return [repr(value)]
    if isinstance(value, list | tuple):
        return [part for item in value for part in ("(", *_parts_of(item, inside), ")")]
    if isinstance(value, dict):
        return [part for item in value.items() for part in _parts_of(item, inside)]
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):
        return [str(value.dtype), str(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
    wrapped = getattr(value, "__wrapped__", value)
    if not hasattr(wrapped, "__code__"):
        return [type(value).__qualname__]
    cells = [cell.cell_contents for cell in wrapped.__closure__ or () if cell != CellType()]
    captured = [cells, wrapped.__defaults__, wrapped.__kwdefaults__]
    return [code_hash(wrapped), *_parts_of(captured, inside)]


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
