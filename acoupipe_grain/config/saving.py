"""Configurations written as files: every key that a program uses, with the value in force."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from acoupipe_grain.config.keys import Key
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.yaml import write_yaml
from acoupipe_grain.errors import ArgumentError


def resolved_text(settings: Settings, keys: Collection[Key], scope: str | None = None) -> str:
    """Return a configuration file that gives the same values whatever later defaults are.

    Parameters
    ----------
    settings
        What was given.
    keys
        The keys to write.
    scope
        Write what is in force in this scope ("": in none), under keys without scope; None: all scopes.
    """
    names = {key.name for key in keys}
    given = settings.flattened() if scope is None else settings.in_force(scope)
    defaults = {key.name: as_in_files(key.default) for key in keys if not key.is_nested and not key.is_required}
    return write_yaml(defaults | {name: value for name, value in given.items() if name.rpartition("/")[2] in names})


def save_arguments(settings: Settings, path: str | Path, keys: Collection[Key]) -> None:
    """Write `resolved_text` of all scopes to a file.

    Raises
    ------
    ArgumentError
        If the file exists and holds something else.
    """
    target, text = Path(path), resolved_text(settings, keys)
    try:
        if target.exists() and target.read_text(encoding="utf-8") != text:
            raise ArgumentError(f"--args.save {str(path)!r}: exists and holds something else; choose another file.")
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--args.save {str(path)!r}: cannot be written ({error.strerror}).") from error


def as_in_files(value: Any) -> Any:
    """Return a default as a file would give it: a list for a tuple."""
    return list(value) if isinstance(value, tuple) else value
