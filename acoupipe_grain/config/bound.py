"""The sources, the loader and the export for scripts that use ArgBind themselves, without ArgBind's traps.

Taking a name from this module registers it with ArgBind, under its own name and the scopes train, val and test::

    from acoupipe_grain.config import bound

    args = bound.parse_args()
    with bound.scope(args, "train"):
        source = bound.SyntheticSource()

`parse_args` and `scope` stand in for ArgBind's, for the script's own bound functions too. They are strict: files are
read safely, unknown keys, scopes and flags are errors, values are checked against annotations. The names of this module
also work inside ArgBind's own `scope`. The classes themselves stay as they are, and nothing else in the package imports
this module: ArgBind's registry is one for the whole process, and a program's own names live there.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import argbind
from argbind import argbind as registry

from acoupipe_grain.config.factories import errors_with_place, values_for, with_audio
from acoupipe_grain.config.flags import parse_flags, split_flags
from acoupipe_grain.config.keys import CONFIGURABLE, SCOPES, Keys, keys_of, package_keys
from acoupipe_grain.config.loading import load_with_flags
from acoupipe_grain.config.saving import save_arguments
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.transforms import with_transforms
from acoupipe_grain.config.yaml import read_yaml
from acoupipe_grain.errors import ArgumentError, unknown_name

SECONDS_TO_WAIT = 60.0
_open: ContextVar[tuple[Settings, str] | None] = ContextVar("open", default=None)
_registry_is_ours = threading.Lock()  # held while our `scope` has values in ArgBind's registry
_binding = threading.Lock()
_bound: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in CONFIGURABLE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(CONFIGURABLE)}")
    with _binding:
        if name not in _bound:
            _bound[name] = _bind(name, CONFIGURABLE[name])
        return _bound[name][0]


def _bind(name: str, function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the function that takes its values from the open scope, and what ArgBind knows of it."""
    if name in registry.PARSE_FUNCS:
        raise ArgumentError(f"{name}: the script has bound something else under this name; rename it.")
    signature = inspect.signature(function)

    def bound(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind_partial(*args, **kwargs).arguments  # ArgBind would drop unknown keywords
        settings, scope_name = _in_force(name)
        values = {key: value for key, value in values_for(name, settings, scope_name).items() if key not in given}
        values = with_audio(values, settings, scope_name)
        with errors_with_place(name, settings, scope_name):
            return function(*args, **kwargs, **with_transforms(name, values))

    def for_flags() -> None:
        """Stand in the registry: ArgBind makes flags of its signature."""

    # ArgBind makes a flag of an annotation that it can call on the flag's text.
    parameters = [item.replace(annotation=read_yaml) for item in signature.parameters.values()]
    for_flags.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    for item in (bound, for_flags):
        item.__name__ = item.__qualname__ = name
        item.__doc__ = function.__doc__
    argbind.bind(for_flags, *SCOPES)
    return bound, for_flags


def _in_force(name: str) -> tuple[Settings, str]:
    """Return the settings and the scope in which a bound function is called."""
    _require_still_bound()
    if (opened := _open.get()) is not None:
        return opened
    if registry.PATTERN is None or _registry_is_ours.locked():
        raise ArgumentError(
            f"{name}: called outside of any scope, where ArgBind would silently use defaults; call it inside "
            f"`with scope(args):`, or acoupipe_grain.{name} for plain defaults."
        )
    known = package_keys()
    own = {key: value for key, value in registry.ARGS.items() if key in known.by_name}
    return Settings(own, "ArgBind's scope", known), ""


def parse_args(words: Sequence[str] | None = None) -> Settings:
    """Return the values of ``--args.load FILE`` and of flags for everything bound so far, in place of ArgBind's own.

    ``--args.save FILE`` writes all of them, with defaults. A flag without scope also wins over a file's scoped key.

    Parameters
    ----------
    words
        The command line; None: the program's.

    Raises
    ------
    ArgumentError
        If something is no such flag, a key is unknown, or a value has the wrong type.
    """
    keys = _keys_bound()
    plain, flags = split_flags(sys.argv[1:] if words is None else words, keys)
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--args.load", dest="load", metavar="FILE", action="append", default=[])
    parser.add_argument("--args.save", dest="save", metavar="FILE")
    known, unknown = parser.parse_known_args(plain)
    if unknown:
        raise ArgumentError(f"command line: {' '.join(unknown)}: unknown; flags have the form --Class.parameter value.")
    settings = load_with_flags(known.load, parse_flags(flags, keys), keys)
    if known.save:
        save_arguments(settings, known.save, list(keys.by_name.values()))
    return settings


@contextmanager
def scope(arguments: Mapping[str, Any], pattern: str = "") -> Iterator[None]:
    """Let bound functions take their values from `arguments`, those of a scope first, in this thread only.

    Unlike ArgBind's it ends with an exception too. Where the script has bound functions of its own, only one thread at
    a time can have a scope: ArgBind keeps their values for the whole process.

    Raises
    ------
    ArgumentError
        If a key or the scope is unknown, a value has the wrong type, or another thread keeps its scope open for a
        minute.
    """
    keys = _keys_bound()
    settings = arguments if isinstance(arguments, Settings) else Settings(arguments, "arguments", keys)
    if pattern and pattern not in keys.scopes:
        raise unknown_name("scope", pattern, keys.scopes)
    token = _open.set((settings, pattern))
    try:
        with _values_for_argbind(settings, pattern, nested=isinstance(token.old_value, tuple)):
            yield
    finally:
        _open.reset(token)


@contextmanager
def _values_for_argbind(settings: Settings, pattern: str, *, nested: bool) -> Iterator[None]:
    """Put the values where ArgBind's own bound functions look them up, if the script has any."""
    if set(registry.PARSE_FUNCS) <= set(_bound):
        yield
        return
    if not nested and not _registry_is_ours.acquire(timeout=SECONDS_TO_WAIT):
        raise ArgumentError(
            f"scope: another thread has kept its scope open for {SECONDS_TO_WAIT:g} s; ArgBind keeps the values of the "
            "script's own functions for the whole process. Close it first, or use one thread."
        )
    outside = registry.ARGS, registry.PATTERN
    try:
        with argbind.scope(settings.in_force(pattern), pattern):
            yield
    finally:
        registry.ARGS, registry.PATTERN = outside
        if not nested:
            _registry_is_ours.release()


def _require_still_bound() -> None:
    for name, (_, for_flags) in _bound.items():
        if registry.PARSE_FUNCS[name][0] is not for_flags:
            raise ArgumentError(f"{name}: the script has bound something else under this name; rename it.")


def _keys_bound() -> Keys:
    """Return the package's keys and those of the script's own bound functions."""
    _require_still_bound()
    found = dict(package_keys().by_name)
    scopes = dict.fromkeys(SCOPES)
    for name, (function, patterns, without_prefix, positional, *_) in registry.PARSE_FUNCS.items():
        if name in _bound:
            continue
        if positional:
            raise ArgumentError(f"{name}: bound with positional=True, which this parser does not read; use keywords.")
        scopes |= dict.fromkeys(patterns or ())
        for key in keys_of(name, function, with_untyped=True):
            called = key.name.removeprefix(f"{name}.") if without_prefix else key.name
            found[called] = replace(key, name=called)
    return Keys(found, list(scopes))
