"""Configured values by key, and where each of them was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from acoupipe_grain.config.keys import Key, Keys, package_keys
from acoupipe_grain.config.types import advice, as_type, describe
from acoupipe_grain.errors import ArgumentError


class Settings(Mapping[str, Any]):
    """Values by key, in layers: a file with what it includes, then the command line.

    Keys are known and values of the right type. In a layer a key in a scope wins over the same key without; what a
    later layer says, with or without scope, wins over earlier ones.

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
        layer = {str(name): _checked(known, str(name), value, origin) for name, value in values.items()}
        self.layers: tuple[dict[str, Any], ...] = (layer,)
        self._origins: tuple[dict[str, str], ...] = (dict.fromkeys(layer, origin),)

    def overridden_by(self, other: Settings) -> Settings:
        """Return these settings with the layers of `other` above them."""
        return _with_layers(self.layers + other.layers, self._origins + other._origins)

    def updated_by(self, other: Settings) -> Settings:
        """Return these settings with those of `other` in the same layer; a whole mapping replaces values inside it."""
        (layer,), (others,) = self.layers, other.layers
        kept = {name: value for name, value in layer.items() if not any(_covers(key, name) for key in others)}
        origins = {name: self._origins[0][name] for name in kept}
        return _with_layers((kept | others,), (origins | other._origins[0],))

    def origin_of(self, name: str) -> str:
        """Return where the value in force of a key was given."""
        return next(origins[name] for origins in reversed(self._origins) if name in origins)

    @property
    def scopes(self) -> list[str]:
        """The scopes that keys have."""
        return sorted({name.partition("/")[0] for name in self if "/" in name})

    def in_order(self, scope: str) -> Iterator[tuple[str, str, Any]]:
        """Yield name without scope, name and value of everything that holds in a scope, what wins last."""
        for layer in self.layers:
            for prefix in ("", f"{scope}/") if scope else ("",):
                chosen = {name for name in layer if name.startswith(prefix) and "/" not in name.removeprefix(prefix)}
                # Whole arguments first, then single values inside them.
                for name in sorted(chosen, key=lambda name: name.count(".")):
                    yield name.removeprefix(prefix), name, layer[name]

    def flattened(self) -> dict[str, Any]:
        """Return values by key which, read from one file, mean the same."""
        flat: dict[str, Any] = {}
        for layer in self.layers:
            scopes = sorted({name.partition("/")[0] for name in flat if "/" in name})
            for name, value in layer.items():
                # A file's keys in scopes would win over it.
                names = [name, *(f"{scope}/{name}" for scope in scopes if "/" not in name)]
                flat = {key: item for key, item in flat.items() if not any(_covers(new, key) for new in names)}
                flat |= dict.fromkeys(names, value)
        return flat

    def __getitem__(self, name: str) -> Any:
        for layer in reversed(self.layers):
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter({name: None for layer in self.layers for name in layer})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __or__(self, other: Mapping[str, Any]) -> Settings:
        return self.overridden_by(as_settings(other))

    def __repr__(self) -> str:
        return f"Settings({dict(self)})"

    __hash__ = None  # type: ignore[assignment]


def as_settings(arguments: Mapping[str, Any]) -> Settings:
    """Return settings from settings or from a plain mapping of keys and values."""
    return arguments if isinstance(arguments, Settings) else Settings(arguments, "arguments")


def _with_layers(layers: tuple[dict[str, Any], ...], origins: tuple[dict[str, str], ...]) -> Settings:
    settings = Settings.__new__(Settings)
    settings.layers, settings._origins = layers, origins
    return settings


def _covers(key: str, name: str) -> bool:
    return name == key or name.startswith(f"{key}.")


def _checked(keys: Keys, name: str, value: Any, origin: str) -> Any:
    key = keys.require(name, value, origin)
    if isinstance(value, Mapping) and keys.within(key):
        return {item: _checked(keys, f"{name}.{item}", inner, origin) for item, inner in value.items()}
    return _of_type(key, name, value, origin)


def _of_type(key: Key, name: str, value: Any, origin: str) -> Any:
    try:
        return as_type(key.type, value)
    except ValueError:
        unit = f", in {key.unit}" if key.unit else ""
        raise ArgumentError(
            f"{origin}: {name}: {value!r}: expected {describe(key.type)}{unit}{advice(key.type, value)}."
        ) from None
