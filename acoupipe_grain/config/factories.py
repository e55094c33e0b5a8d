"""Sources and calls built from configured values.

Values are resolved when something is built and are plain afterwards: no thread or worker looks them up later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from acoupipe_grain.config.keys import CONFIGURABLE, SCOPES, SOURCES
from acoupipe_grain.config.settings import Settings, as_settings
from acoupipe_grain.errors import ArgumentError, unknown_name


def build(name: str, arguments: Mapping[str, Any], scope: str = "") -> Any:
    """Return the source `name` built from configured values.

    Parameters
    ----------
    name
        "SyntheticSource" or "SceneSource".
    arguments
        Values by key, as from `load_arguments`.
    scope
        "train", "val", "test", or "" for keys without scope only.
    """
    if name not in SOURCES:
        raise unknown_name("source", name, SOURCES)
    return call(name, arguments, scope)


def call(name: str, arguments: Mapping[str, Any], scope: str = "", *positional: Any) -> Any:
    """Call a source, `make_loader` or `export` with configured values.

    Parameters
    ----------
    name
        What to call.
    arguments
        Values by key.
    scope
        "train", "val", "test", or "" for keys without scope only.
    *positional
        Arguments that are not configured.

    Raises
    ------
    ArgumentError
        If a value cannot be used; the message names where it was given, its key, the value and the remedy.
    """
    settings = as_settings(arguments)
    if scope:
        require_scope(scope, settings)
    values = values_for(name, settings, scope)
    try:
        return CONFIGURABLE[name](*positional, **values)
    except ArgumentError as error:
        raise ArgumentError(f"{_place(name, settings, scope, str(error))}{error}") from error


def require_scope(scope: str, arguments: Mapping[str, Any]) -> None:
    """Raise the error that names the scopes there are unless some key of `arguments` has the `scope`."""
    if scope not in SCOPES:
        raise unknown_name("scope", scope, SCOPES)
    used = sorted({key.partition("/")[0] for key in arguments if "/" in key})
    if scope not in used:
        raise ArgumentError(
            f"scope={scope!r}: no key begins with {scope + '/'!r}; the configuration has "
            f"{'the scopes ' + ', '.join(used) if used else 'no scopes'}."
        )


def values_for(name: str, arguments: Mapping[str, Any], scope: str = "") -> dict[str, Any]:
    """Return the keyword arguments of `name` that the keys give; those in `scope` win over those without."""
    values: dict[str, Any] = {}
    for prefix in ("", f"{scope}/") if scope else ("",):
        own = {
            key.removeprefix(f"{prefix}{name}."): value
            for key, value in arguments.items()
            if key.startswith(f"{prefix}{name}.")
        }
        # Whole arguments first, then single values inside them.
        for path in sorted(own, key=lambda path: path.count(".")):
            _set(values, path.split("."), own[path])
    return values


def _set(values: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value at a path of nested mappings, leaving the mappings that were given untouched."""
    if len(path) == 1:
        values[path[0]] = value
        return
    values[path[0]] = dict(values.get(path[0]) or {})
    _set(values[path[0]], path[1:], value)


def _place(name: str, settings: Settings, scope: str, message: str) -> str:
    """Return "origin: key: " of the value that an error message is about, as far as it can be told."""
    given = [key for key in settings if key.rpartition("/")[2].startswith(f"{name}.")]
    given = [key for key in given if "/" not in key or key.startswith(f"{scope}/")]
    # The scoped key, and the deeper one, is the one in force.
    given.sort(key=lambda key: ("/" in key, key.count(".")), reverse=True)
    named = re.match(r"[\w.]+", message)
    quoted = re.search(r"'([^']*)'", message)
    for key in given:
        path = key.rpartition("/")[2].removeprefix(f"{name}.")
        if named and f".{named[0].split('.')[0]}." in f".{path}.":
            return f"{settings.origins[key]}: {key}: "
    for key in given:
        inside = repr(settings[key])
        if (named and f"'{named[0].split('.')[-1]}'" in inside) or (quoted and f"'{quoted[1]}'" in inside):
            return f"{settings.origins[key]}: {key}: "
    origins = sorted({settings.origins[key] for key in given})
    return f"{', '.join(origins)}: " if origins else ""
