"""What can be configured by name, and how values from files and flags reach it.

Keys have ArgBind's form: ``SyntheticSource.num_records``, with a scope ``train/SyntheticSource.seed``. Values are
resolved when something is built and are plain afterwards: no thread or worker looks them up later.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from acoupipe_grain.array.scenes import SceneSource
from acoupipe_grain.array.sources import SyntheticSource
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.exporting import export
from acoupipe_grain.pipeline import make_loader

SCOPES = ("train", "val", "test")
CONFIGURABLE: dict[str, Callable[..., Any]] = {
    "SyntheticSource": SyntheticSource,
    "SceneSource": SceneSource,
    "make_loader": make_loader,
    "export": export,
}
SOURCES = ("SyntheticSource", "SceneSource")


def configurable() -> dict[str, inspect.Parameter]:
    """Return every key that can be configured, without scopes, and the parameter it sets."""
    return {
        f"{name}.{parameter.name}": parameter
        for name, function in CONFIGURABLE.items()
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is not parameter.empty
    }


def require_known(key: str, origin: str) -> None:
    """Raise the error that names the nearest key unless `key` can be configured; `origin` says where it was read."""
    scope, _, name = key.rpartition("/")
    if scope and scope not in SCOPES:
        raise unknown_name(f"scope in the key {key!r} of {origin}:", scope, SCOPES)
    known = configurable()
    if name not in known:
        raise unknown_name(f"key in {origin}:", key, [f"{scope}/{item}" if scope else item for item in known])


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
    values = {}
    for prefix in ("", f"{scope}/") if scope else ("",):
        for key, value in arguments.items():
            owner, _, parameter = key.removeprefix(prefix).rpartition(".")
            if key.startswith(prefix) and owner == name:
                values[parameter] = value
    return values


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
    for key in arguments:
        require_known(key, "arguments")
    if scope:
        require_scope(scope, arguments)
    return CONFIGURABLE[name](**values_for(name, arguments, scope))
