"""Sources and calls built from configured values.

Values are resolved when something is built and are plain afterwards: no thread or worker looks them up later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from acoupipe_grain.config.keys import (
    AUDIO,
    CONFIGURABLE,
    OF_RECORDS,
    SCOPES,
    SIMULATED,
    SOURCES,
    STORED,
    VALUES_OF,
    owners_of,
    package_keys,
)
from acoupipe_grain.config.settings import Settings, as_settings
from acoupipe_grain.config.transforms import with_transforms
from acoupipe_grain.errors import ArgumentError, unknown_name


def build(name: str, arguments: Mapping[str, Any], scope: str = "") -> Any:
    """Return the source `name` built from configured values.

    Parameters
    ----------
    name
        One of `acoupipe_grain.config.keys.SOURCES`.
    arguments
        Values by key, as from `load_arguments`.
    scope
        "train", "val", "test", or "" for keys without scope only.
    """
    if name not in SOURCES:
        raise unknown_name("source", name, SOURCES)
    return call(name, arguments, scope)


def source_name(arguments: Mapping[str, Any], scope: str = "", usable: Sequence[str] = SIMULATED) -> str:
    """Return the name of the source of records that a configuration has keys of; the first usable one if of none.

    Parameters
    ----------
    arguments
        Values by key.
    scope
        "train", "val", "test", or "" for keys without scope only.
    usable
        The sources that will do.

    Raises
    ------
    ArgumentError
        If it has keys of several, or of one that will not do, or without a scope keys in scopes only.
    """
    owners = {unscoped.partition(".")[0] for unscoped, _, _ in as_settings(arguments).in_order(scope)}
    chosen = [name for name in (*OF_RECORDS, *STORED) if name in owners]
    if not scope and not chosen:
        _require_no_scoped_source(arguments)
    for name in [name for name in chosen if name in SIMULATED]:
        if (audio := audio_of(values_for(name, arguments, scope))) in chosen:
            chosen.remove(audio)
    for name in [name for name in chosen if len(chosen) > 1 and name in SIMULATED]:
        given = values_for(name, arguments, scope).get("signals")
        if isinstance(given, str) and (others := [other for other in chosen if other in AUDIO]):
            raise ArgumentError(
                f"{name}.signals={given!r}: names none of the sources of audio that the configuration has keys of; "
                f"expected {' or '.join(map(repr, others))}, or leave the keys of {' and '.join(others)} out."
            )
    if len(chosen) > 1:
        raise ArgumentError(
            f"configuration: has keys of {' and '.join(chosen)}; which of them is meant? Keep the keys of one source."
        )
    if chosen and chosen[0] not in usable:
        raise ArgumentError(f"configuration: has keys of {chosen[0]}; only {', '.join(usable)} can be used here.")
    return chosen[0] if chosen else usable[0]


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
    values = arguments_for(name, settings, scope)
    with errors_with_place(name, settings, scope):
        return CONFIGURABLE[name](*positional, **values)


def arguments_for(name: str, arguments: Mapping[str, Any], scope: str = "") -> dict[str, Any]:
    """Return the arguments with which `call` calls a source, `make_loader` or `export`, objects among them built.

    Raises
    ------
    ArgumentError
        If the scope has no keys, a key without default is missing, or an object cannot be built.
    """
    settings = as_settings(arguments)
    if scope:
        require_scope(scope, settings)
    values = values_for(name, settings, scope)
    if missing := missing_keys(name, values):
        raise ArgumentError(f"configuration: lacks {', '.join(missing)}; {name} has no default for it.")
    values = with_audio(values, settings, scope)
    with errors_with_place(name, settings, scope):
        return with_transforms(name, values)


@contextmanager
def errors_with_place(name: str, settings: Settings, scope: str) -> Iterator[None]:
    """Let errors about arguments of `name` say where the value that they are about was given."""
    try:
        yield
    except ArgumentError as error:
        raise ArgumentError(f"{place_of(str(error), name, settings, scope)}{error}") from error


def audio_of(values: Mapping[str, Any]) -> str | None:
    """Return the name of the source of audio that the sources of simulated scenes radiate; None: they do not.

    Files give its name alone, and its values by its own keys; manifests its class and arguments.
    """
    given = values.get("signals")
    name = given.get("class") if isinstance(given, Mapping) else given
    return name if isinstance(name, str) and name in AUDIO else None


def with_audio(values: Mapping[str, Any], arguments: Mapping[str, Any], scope: str) -> dict[str, Any]:
    """Return values of a source with the source of audio that they name, if any, built from configured values."""
    audio = audio_of(values)
    if audio is None:
        return dict(values)
    if isinstance(given := values["signals"], Mapping):
        own = {f"{audio}.{key}": value for key, value in given["arguments"].items()}
        return {**values, "signals": call(audio, own)}
    return {**values, "signals": call(audio, arguments, scope)}


def _require_no_scoped_source(arguments: Mapping[str, Any]) -> None:
    """Raise `ArgumentError` if there are sources, and all of them in scopes: a default one would not be meant."""
    scoped = [key.partition("/") for key in arguments if "/" in key]
    found = {scope: owner for scope, _, key in scoped if (owner := key.partition(".")[0]) in OF_RECORDS}
    if found:
        raise ArgumentError(
            f"configuration: has keys of {', '.join(sorted(set(found.values())))} in the scopes "
            f"{', '.join(sorted(found))} only; choose one of these, for instance --scope {next(iter(found))}."
        )


def owners_used(name: str, arguments: Mapping[str, Any], scope: str = "") -> tuple[str, ...]:
    """Return the classes whose keys a source uses: its own, and those of what its arguments are made of."""
    audio = audio_of(values_for(name, arguments, scope))
    return owners_of(name) if audio is None else (*owners_of(name), *owners_of(audio))


def require_scope(scope: str, settings: Settings) -> None:
    """Raise the error that names the scopes there are unless some key has the `scope`."""
    if scope not in SCOPES:
        raise unknown_name("scope", scope, SCOPES)
    used = settings.scopes
    if scope not in used:
        raise ArgumentError(
            f"scope={scope!r}: no key begins with {scope + '/'!r}; the configuration has "
            f"{'the scopes ' + ', '.join(used) if used else 'no scopes'}."
        )


def values_for(name: str, arguments: Mapping[str, Any], scope: str = "") -> dict[str, Any]:
    """Return the keyword arguments of `name` that the keys give.

    Raises
    ------
    ArgumentError
        If they give values of an argument both as its own and as those of the class that it is of.
    """
    settings = as_settings(arguments)
    values: dict[str, Any] = {}
    for unscoped, _, given in settings.in_order(scope):
        if unscoped.startswith(f"{name}."):
            _set(values, unscoped.split(".")[1:], given.value)
    for owner in owners_of(name)[1:]:
        inner = values_for(owner, settings, scope)
        argument = VALUES_OF[owner][0]
        if inner and values.get(argument) is not None:
            raise ArgumentError(
                f"configuration: has keys of {owner} and of {name}.{argument}, which mean the same; keep one of them."
            )
        values |= {argument: inner} if inner else {}
    return values


def missing_keys(name: str, values: Mapping[str, Any]) -> list[str]:
    """Return the keys of arguments that `name` needs and `values` lack."""
    required = [key.name for key in package_keys().of((name,)) if key.is_required and not key.is_nested]
    return [key for key in required if key.partition(".")[2] not in values]


def _set(values: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value at a path of nested mappings, leaving the mappings that were given untouched."""
    if len(path) == 1:
        values[path[0]] = value
        return
    values[path[0]] = dict(values.get(path[0]) or {})
    _set(values[path[0]], path[1:], value)


def place_of(message: str, name: str, settings: Settings, scope: str) -> str:
    """Return "origin: key: " of the value that an error message of `name` is about, as far as it can be told.

    Messages begin with the argument (``f=9000``, ``grid.z=...``, ``unknown mode 'x'``) and quote wrong names.
    """
    candidates = [
        (f"{VALUES_OF[owner][0]}.{path}" if owner in VALUES_OF else path, key, given)
        for unscoped, key, given in settings.in_order(scope)
        for owner, _, path in [unscoped.partition(".")]
        if owner in owners_of(name)
    ][::-1]
    head = re.match(r"(?:unknown )?([\w.]+)", message)
    argument = head[1] if head else ""
    quoted = re.search(r"'([^']*)'", message)
    first, last = argument.split(".")[0], argument.split(".")[-1]
    # From the surest sign to the weakest.
    signs: tuple[Callable[[str, Any], Any], ...] = (
        lambda path, _: f".{path}".endswith(f".{argument}"),
        lambda path, value: f".{first}." in f".{path}." and _holds(value, last),
        lambda path, _: f".{first}." in f".{path}.",
        lambda _, value: _holds(value, last),
        lambda _, value: quoted and _holds(value, quoted[1]),
        lambda path, _: re.search(rf"\b{path}=", message),
    )
    for sign in signs:
        for path, key, given in candidates:
            if sign(path, given.value):
                return f"{given.origin}: {key}: "
    origins = sorted({given.origin for _, _, given in candidates})
    return f"{', '.join(origins)}: " if origins else ""


def _holds(value: Any, text: str) -> bool:
    """Say whether a text stands somewhere in a configured value, as a name or a value."""
    if isinstance(value, Mapping):
        return any(key == text or _holds(item, text) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(_holds(item, text) for item in value)
    return isinstance(value, str) and value == text
