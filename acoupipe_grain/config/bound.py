"""The sources, the loader and the export as ArgBind-bound functions, for scripts that use ArgBind themselves.

Taking a name from this module registers it with ArgBind, under its own name and the scopes train, val and test::

    import argbind
    from acoupipe_grain.config.bound import SyntheticSource

    args = argbind.parse_args()
    with argbind.scope(args, "train"):
        source = SyntheticSource()

On the command line every value is YAML: ``--SyntheticSource.features "[csm, loc]"``,
``--SyntheticSource.snap_to_grid true``. The classes themselves stay as they are, and nothing else in the package
imports this module: ArgBind's registry is one for the whole process, and a program's own names live there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import argbind
from ruamel.yaml import YAML

from acoupipe_grain.config.factories import CONFIGURABLE, SCOPES


def yaml_value(text: str) -> Any:
    """Return the value of a command-line flag."""
    return YAML(typ="safe", pure=True).load(text)


def _bind(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def bound(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    bound.__name__ = bound.__qualname__ = name
    bound.__doc__ = function.__doc__
    signature = inspect.signature(function)
    # ArgBind makes a flag of an annotation that it can call on the flag's text.
    parameters = [item.replace(annotation=yaml_value) for item in signature.parameters.values()]
    bound.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return argbind.bind(bound, *SCOPES)


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in CONFIGURABLE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(CONFIGURABLE)}")
    return _bind(name, CONFIGURABLE[name])
