"""What signals are made of: frozen objects with arguments, equal to others with the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Self, TypeVar

from acoupipe_grain.errors import ArgumentError, unknown_name


@dataclass(frozen=True, eq=False, repr=False)
class Configured:
    """A frozen dataclass that its arguments identify, in configurations and in comparisons.

    Attributes
    ----------
    kind
        Name of the class in configurations.
    """

    kind: ClassVar[str]

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Return the object that a mapping of arguments describes; ``kind`` may be among them.

        Raises
        ------
        ArgumentError
            If an argument is unknown, missing or wrong.
        """
        given = {str(name): value for name, value in mapping.items()}
        kind = given.pop("kind", cls.kind)
        if kind != cls.kind:
            raise ArgumentError(f"kind={kind!r}: expected {cls.kind!r}.")
        known = [item.name for item in fields(cls)]
        for name in given:
            if name not in known:
                raise unknown_name(f"argument of kind {kind!r}:", name, known)
        required = [item.name for item in fields(cls) if item.default is MISSING]
        if missing := [name for name in required if name not in given]:
            raise ArgumentError(f"kind={kind!r}: lacks {', '.join(missing)}; it takes {', '.join(known)}.")
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON mapping that stands for the object in a configuration: its kind and its arguments.

        Raises
        ------
        ArgumentError
            If it depends on a function that nothing identifies.
        """
        return {"kind": self.kind} | {item.name: _json(item.name, getattr(self, item.name)) for item in fields(self)}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Configured) or type(other) is not type(self):
            return NotImplemented
        try:
            return self.to_json() == other.to_json()
        except ArgumentError:
            return False

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        listed = ", ".join(f"{item.name}={getattr(self, item.name)!r}" for item in fields(self))
        return f"{type(self).__name__}({listed})"


Kind = TypeVar("Kind", bound=Configured)


def as_configured(name: str, value: Any, cls: type[Kind]) -> Kind | None:
    """Return what the argument `name` gives as an object, as a mapping of its arguments, by its kind, or not at all."""
    if value is None or isinstance(value, cls):
        return value
    if isinstance(value, str) and value == cls.kind:
        return cls()
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{name}={value!r}: expected {cls.__name__}, or a mapping of its arguments.")
    try:
        return cls.from_mapping(value)
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from None


def _json(name: str, value: Any) -> Any:
    if not hasattr(value, "to_json"):
        return [_json(name, item) for item in value] if isinstance(value, tuple) else value
    try:
        return value.to_json()
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from None
