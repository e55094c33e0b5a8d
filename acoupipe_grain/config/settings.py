"""Configured values by key, and where each of them was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acoupipe_grain.config.keys import Key, Keys, package_keys
from acoupipe_grain.config.types import advice, as_type, describe
from acoupipe_grain.errors import ArgumentError

COMMAND_LINE = "command line"


class Settings(dict[str, Any]):
    """Values by key; keys are known and values of the right type.

    Parameters
    ----------
    values
        Values by key, as read.
    origin
        Where they were read: a file, or "command line".
    keys
        The keys there are; None: the package's.

    Raises
    ------
    ArgumentError
        If a key is unknown or a value has the wrong type; the message names origin, key, value and remedy.
    """

    def __init__(self, values: Mapping[str, Any], origin: str, keys: Keys | None = None) -> None:
        known = keys or package_keys()
        super().__init__()
        for name, value in values.items():
            self[name] = _checked(known.require(str(name), value, origin), name, value, origin)
        self.origins = dict.fromkeys(self, origin)

    def overridden_by(self, other: Settings) -> Settings:
        """Return these settings with those of `other` in their place.

        A whole mapping (``setup``) replaces single values in it. A value from the command line without a scope also
        replaces those in scopes: what was typed must take effect.
        """
        result = Settings({}, "")
        for name, value in self.items():
            if not any(_replaces(key, name, other.origins[key]) for key in other):
                result[name] = value
                result.origins[name] = self.origins[name]
        result.update(other)
        result.origins |= other.origins
        return result


def as_settings(arguments: Mapping[str, Any]) -> Settings:
    """Return settings from settings or from a plain mapping of keys and values."""
    return arguments if isinstance(arguments, Settings) else Settings(arguments, "arguments")


def _replaces(key: str, name: str, origin: str) -> bool:
    unscoped = name.rpartition("/")[2] if origin == COMMAND_LINE and "/" not in key else name
    return unscoped == key or unscoped.startswith(f"{key}.")


def _checked(key: Key, name: str, value: Any, origin: str) -> Any:
    try:
        return as_type(key.type, value)
    except ValueError:
        unit = f", in {key.unit}" if key.unit else ""
        raise ArgumentError(
            f"{origin}: {name}: {value!r}: expected {describe(key.type)}{unit}{advice(key.type, value)}."
        ) from None
