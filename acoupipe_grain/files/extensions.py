"""Extensions of files, as arguments give them."""

from __future__ import annotations

from typing import Any

from acoupipe_grain.errors import ArgumentError


def checked_extensions(extensions: Any) -> tuple[str, ...]:
    """Return extensions in lower case.

    Raises
    ------
    ArgumentError
        If it is no list of extensions with their dots, or empty.
    """
    is_list = isinstance(extensions, list | tuple) and extensions
    if not is_list or not all(isinstance(item, str) and item.startswith(".") for item in extensions):
        raise ArgumentError(f"extensions={extensions!r}: expected a list of extensions with their dots, ['.raw'].")
    return tuple(item.lower() for item in extensions)
