"""What identifies a source: its configuration, its representation, and equality by them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import GENERATOR_VERSION, PRNG


class Identified:
    """A source identified by its class, the values of its arguments, and what they stand for; equal to others alike."""

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""

    @property
    def content(self) -> Mapping[str, Any]:
        """What identifies the files that arguments name, and what reads them: JSON values."""
        return {}

    @property
    def versions(self) -> Mapping[str, Any]:
        """Under which versions the same arguments and files give the same data: JSON values."""
        return {"generator_version": GENERATOR_VERSION, "prng": PRNG}

    @property
    def configuration(self) -> dict[str, Any]:
        """A JSON mapping that identifies the source, and rebuilds it if its files are there and it has no functions.

        Raises
        ------
        ArgumentError
            If it uses a function that nothing identifies: what it gives cannot be stored or cached.
        """
        return {
            "class": type(self).__name__,
            "arguments": {name: _json(name, value) for name, value in self.parameters.items()},
            **self.content,
            **self.versions,
        }

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not type(self):
            return NotImplemented
        try:
            return self.configuration == other.configuration
        except ArgumentError:
            return False

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        listed = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{type(self).__name__}({listed}, generator_version={GENERATOR_VERSION})"


def _json(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_json(name, item) for item in value]
    if not hasattr(value, "to_json"):
        return value
    try:
        return value.to_json()
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from None
