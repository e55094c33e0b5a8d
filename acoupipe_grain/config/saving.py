"""Configurations written to files: every key that a program uses, with the value in force."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from acoupipe_grain.config.keys import NESTED, Key
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.yaml import write_yaml
from acoupipe_grain.errors import ArgumentError


def resolved_text(settings: Settings, keys: Iterable[Key]) -> str:
    """Return a configuration file that gives the same values whatever later defaults are.

    Parameters
    ----------
    settings
        What was given, in all scopes.
    keys
        The keys to write.
    """
    by_name = {key.name: key for key in keys}
    values = {name: as_in_files(key.default) for name, key in by_name.items() if not _is_nested(name)}
    given = {name: value for name, value in settings.items() if name.rpartition("/")[2] in by_name}
    return write_yaml(values | given)


def save_arguments(settings: Settings, path: str | Path, keys: Iterable[Key]) -> None:
    """Write `resolved_text` to a file.

    Raises
    ------
    ArgumentError
        If the file exists and holds something else.
    """
    target, text = Path(path), resolved_text(settings, keys)
    if target.exists() and target.read_text(encoding="utf-8") != text:
        raise ArgumentError(f"--args.save {str(path)!r}: exists and holds something else; choose another file.")
    target.write_text(text, encoding="utf-8")


def as_in_files(value: Any) -> Any:
    """Return a default as a file would give it: a list for a tuple."""
    return list(value) if isinstance(value, tuple) else value


def _is_nested(name: str) -> bool:
    path = name.partition(".")[2]
    return any(path.startswith(f"{nested}.") for nested in NESTED)
