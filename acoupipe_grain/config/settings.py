"""Configured values by key, and where each of them was given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from acoupipe_grain.config.keys import Key, Keys, package_keys
from acoupipe_grain.config.types import advice, as_type, describe
from acoupipe_grain.errors import ArgumentError


class Given(NamedTuple):
    """A value, and where it was given."""

    value: Any
    origin: str


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
        layer = {str(name): Given(_checked(known, str(name), value, origin), origin) for name, value in values.items()}
        self.layers: tuple[dict[str, Given], ...] = (layer,)

    def overridden_by(self, other: Settings) -> Settings:
        """Return these settings with the layers of `other` above them."""
        return _with_layers(self.layers + other.layers)

    def updated_by(self, other: Settings) -> Settings:
        """Return these settings with those of `other` in the same layer; a whole mapping replaces values inside it."""
        (layer,), (others,) = self.layers, other.layers
        return _with_layers((_without_covered(layer, others) | others,))

    @property
    def scopes(self) -> list[str]:
        """The scopes that keys have."""
        return sorted({name.partition("/")[0] for name in self if "/" in name})

    def in_order(self, scope: str) -> Iterator[tuple[str, str, Given]]:
        """Yield name without scope, name and what was given of everything that holds in a scope, what wins last."""
        for layer in self.layers:
            for prefix in ("", f"{scope}/") if scope else ("",):
                chosen = {name for name in layer if name.startswith(prefix) and "/" not in name.removeprefix(prefix)}
                # Whole arguments first, then single values inside them.
                for name in sorted(chosen, key=lambda name: name.count(".")):
                    yield name.removeprefix(prefix), name, layer[name]

    def in_force(self, scope: str) -> dict[str, Any]:
        """Return the values that hold in a scope, by key without scope."""
        values: dict[str, Any] = {}
        for name, _, given in self.in_order(scope):
            values = _without_covered(values, [name]) | {name: given.value}
        return values

    def flattened(self) -> dict[str, Any]:
        """Return values by key which, read from one file, mean the same."""
        flat: dict[str, Any] = {}
        for layer in self.layers:
            scopes = sorted({name.partition("/")[0] for name in flat if "/" in name})
            for name, given in layer.items():
                # A file's keys in scopes would win over it.
                names = [name, *(f"{scope}/{name}" for scope in scopes if "/" not in name)]
                flat = _without_covered(flat, names) | dict.fromkeys(names, given.value)
        return flat

    def given(self, name: str) -> Given:
        """Return the value of a key, and where it was given."""
        for layer in reversed(self.layers):
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __getitem__(self, name: str) -> Any:
        return self.given(name).value

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


def _with_layers(layers: tuple[dict[str, Given], ...]) -> Settings:
    settings = Settings.__new__(Settings)
    settings.layers = layers
    return settings


def _without_covered(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the values that none of `names` gives anew, by itself or as a whole mapping around them."""
    return {
        key: value
        for key, value in values.items()
        if not any(key == name or key.startswith(f"{name}.") for name in names)
    }


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
