"""The sources, the loader and the export for scripts that use ArgBind themselves, without ArgBind's traps.

Taking a name from this module registers it with ArgBind, under its own name and the scopes train, val and test::

    from acoupipe_grain.config import bound

    args = bound.parse_args()
    with bound.scope(args, "train"):
        source = bound.SyntheticSource()

`parse_args` and `scope` do for all bound functions, the script's own too, what ArgBind's do, and are strict: files are
read safely, unknown keys and flags are errors. On the command line every value is YAML: ``--SyntheticSource.f
"[1000, 2000]"``, ``--SyntheticSource.mic_sig_noise false``. The classes themselves stay as they are, and nothing else
in the package imports this module: ArgBind's registry is one for the whole process, and a program's own names live
there.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import argbind
from argbind import argbind as registry

from acoupipe_grain.config.flags import parse_flags, split_flags
from acoupipe_grain.config.keys import CONFIGURABLE, SCOPES, Key, Keys, keys_of, package_keys
from acoupipe_grain.config.loading import load_arguments
from acoupipe_grain.config.saving import save_arguments
from acoupipe_grain.config.settings import Settings
from acoupipe_grain.config.yaml import read_yaml
from acoupipe_grain.errors import ArgumentError

_lock = threading.RLock()
_bound: dict[str, Callable[..., Any]] = {}


def _bind(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if name in registry.PARSE_FUNCS:
        raise ArgumentError(f"{name}: the script has bound something else under this name; rename it.")
    signature = inspect.signature(function)

    def with_values(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    with_values.__name__ = with_values.__qualname__ = name
    with_values.__doc__ = function.__doc__
    # ArgBind makes a flag of an annotation that it can call on the flag's text.
    parameters = [item.replace(annotation=read_yaml) for item in signature.parameters.values()]
    with_values.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    looked_up = argbind.bind(with_values, *SCOPES)

    def bound(*args: Any, **kwargs: Any) -> Any:
        signature.bind_partial(*args, **kwargs)  # ArgBind would drop unknown keywords
        if registry.PATTERN is None:
            raise ArgumentError(
                f"{name}: called outside of any scope, where ArgBind would silently use defaults; call it inside "
                f"`with scope(args):`, or acoupipe_grain.{name} for plain defaults."
            )
        return looked_up(*args, **kwargs)

    bound.__name__ = bound.__qualname__ = name
    bound.__doc__ = function.__doc__
    return bound


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in CONFIGURABLE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(CONFIGURABLE)}")
    with _lock:
        if name not in _bound:
            _bound[name] = _bind(name, CONFIGURABLE[name])
        return _bound[name]


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
    parser.add_argument("--args.load", dest="load", metavar="FILE")
    parser.add_argument("--args.save", dest="save", metavar="FILE")
    known, unknown = parser.parse_known_args(plain)
    if unknown:
        raise ArgumentError(f"command line: {' '.join(unknown)}: unknown; flags have the form --Class.parameter value.")
    settings = parse_flags(flags, keys)
    if known.load:
        settings = load_arguments(known.load, keys).overridden_by(settings)
    if known.save:
        save_arguments(settings, known.save, keys.by_name.values())
    return settings


@contextmanager
def scope(arguments: Mapping[str, Any], pattern: str = "") -> Iterator[None]:
    """Let bound functions take their values from `arguments`, those of a scope first.

    Unlike ArgBind's it ends with an exception too, and threads wait for each other: ArgBind's values belong to the
    whole process.
    """
    with _lock:
        outside = registry.ARGS, registry.PATTERN
        try:
            with argbind.scope(dict(arguments), pattern):
                yield
        finally:
            registry.ARGS, registry.PATTERN = outside


def _keys_bound() -> Keys:
    """Return the keys of all functions that ArgBind knows, the script's own too."""
    ours = package_keys()
    found: dict[str, Key] = {}
    scopes: dict[str, None] = dict.fromkeys(SCOPES)
    for name, (function, patterns, without_prefix, *_) in registry.PARSE_FUNCS.items():
        scopes |= dict.fromkeys(patterns or ())
        if name in _bound:
            found |= {key.name: key for key in ours.of([name]) if key.name.count(".") == 1}
            continue
        for key in keys_of(name, function, with_required=True):
            found[key.name.rpartition(".")[2] if without_prefix else key.name] = key
    return Keys(found, list(scopes))
