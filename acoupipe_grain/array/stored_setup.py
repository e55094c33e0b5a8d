"""The measurement setup and the frequencies in the configuration of a stored data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from acoupipe_grain.array.features import resolve_bands
from acoupipe_grain.array.measurement import MeasurementSetup

Value = TypeVar("Value")


def stored_setup(configuration: Mapping[str, Any]) -> MeasurementSetup | None:
    """Return the setup that a data set was made with, or None if there is none, or several that differ.

    Parameters
    ----------
    configuration
        Of a source, of a slice of one, or of a mixture of several.

    Raises
    ------
    ArgumentError
        If there is one that this version does not understand.
    """
    return _agreed(configuration, _setup_in)


def stored_frequencies(configuration: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Return the frequencies of a data set's features, Hz, or None if there are none, or several that differ.

    Parameters
    ----------
    configuration
        Of a source, of a slice of one, or of a mixture of several.

    Raises
    ------
    ArgumentError
        If there are some that this version does not understand.
    """
    return _agreed(configuration, _frequencies_in)


def stored_request(configuration: Mapping[str, Any]) -> tuple[tuple[float, ...] | None, int] | None:
    """Return `f` and `num` as a data set's features were asked for, or None if nothing says so, or several differ.

    Parameters
    ----------
    configuration
        Of a source, of a slice of one, or of a mixture of several.
    """
    return _agreed(configuration, _request_in)


def _agreed(configuration: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Value | None]) -> Value | None:
    """Return what is read of a source's arguments, or of those of all sources within it if it is the same of each."""
    arguments = configuration.get("arguments")
    if isinstance(arguments, Mapping):
        return read(arguments)
    parts = configuration.get("sources", [configuration.get("source")])
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
        return None
    values = {_agreed(part, read) for part in parts}
    return values.pop() if len(values) == 1 else None


def _request_in(arguments: Mapping[str, Any]) -> tuple[tuple[float, ...] | None, int] | None:
    if "f" not in arguments:
        return None
    asked = arguments["f"]
    return (None if asked is None else tuple(asked)), arguments.get("num", 0)


def _setup_in(arguments: Mapping[str, Any]) -> MeasurementSetup | None:
    setup = arguments.get("setup")
    return MeasurementSetup.from_mapping(setup) if isinstance(setup, Mapping) else None


def _frequencies_in(arguments: Mapping[str, Any]) -> tuple[float, ...] | None:
    setup = _setup_in(arguments)
    if setup is None or "f" not in arguments:
        return None
    return tuple(resolve_bands(setup, arguments["f"], arguments.get("num", 0)).frequencies.tolist())
