"""Labels: names with ids, and the ids that mean the same in every set of labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError

NO_ACTIVITY = -1
GARBAGE = -2
UNKNOWN = -3
RESERVED: Mapping[int, str] = {NO_ACTIVITY: "no_activity", GARBAGE: "garbage", UNKNOWN: "unknown"}
"""Names of the ids that no label of a set has: nothing to hear, nothing to learn from, no label that is known."""

MAX_ID = 99_999
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

_RESERVED_IDS = {name: number for number, name in RESERVED.items()} | {str(number): number for number in RESERVED}
_RESERVED_SHOWN = ", ".join(f"{number} {name}" for number, name in RESERVED.items())


@dataclass(frozen=True)
class LabelledChunk:
    """A part of a recording that has a label.

    Attributes
    ----------
    start, end
        Seconds from the beginning of the recording, exactly.
    id
        The label's id, which may be a reserved one.
    """

    start: Fraction
    end: Fraction
    id: int


@dataclass(frozen=True)
class LabelSet:
    """The labels there are.

    Attributes
    ----------
    names
        Names by id, which are 0 ... 99 999 and need not follow each other.
    numbered
        Whether the ids were given with the names; then a number in a label file may be a label's id.

    Raises
    ------
    ArgumentError
        If an id or a name is reserved, out of range, of the wrong type or empty, two labels have the same name, or the
        name of one is the id of another.
    """

    names: Mapping[int, str]
    numbered: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.names, Mapping):
            raise ArgumentError(f"labels={self.names!r}: expected a mapping from ids to names, {{0: 'crow'}}.")
        for number, name in self.names.items():
            if problem := problem_of_id(number) or problem_of_name(name):
                raise ArgumentError(f"labels={{{number!r}: {name!r}}}: {problem}.")
        object.__setattr__(self, "names", {int(number): self.names[number] for number in sorted(self.names)})
        object.__setattr__(self, "numbered", arguments.flag("numbered", self.numbered))
        for name, count in Counter(self.names.values()).items():
            if count > 1:
                raise ArgumentError(f"labels: {count} of them have the name {name!r}; give every label its own.")
        if (ambiguous := self._named_like_another) is not None:
            raise ArgumentError(
                f"labels: the name of {ambiguous}, {self.names[ambiguous]!r}, is another label's id; give it another."
            )

    @classmethod
    def from_names(cls, names: Iterable[str]) -> LabelSet:
        """Return the labels with these names, numbered from 0 in the sorted order of the names.

        Raises
        ------
        ArgumentError
            If a name is reserved, empty or given twice.
        """
        listed = [] if isinstance(names, str | Mapping) else list(names)
        if isinstance(names, str | Mapping) or not all(isinstance(name, str) for name in listed):
            raise ArgumentError(f"labels={names!r}: expected a list of names, ['crow', 'wren'].")
        return cls(dict(enumerate(sorted(listed))), numbered=False)

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> LabelSet:
        """Rebuild a set of labels from `to_json`."""
        return cls({int(number): name for number, name in mapping["names"].items()}, mapping["numbered"])

    def to_json(self) -> dict[str, Any]:
        """Return the set as a JSON mapping."""
        return {"names": {str(number): name for number, name in self.names.items()}, "numbered": self.numbered}

    @property
    def table(self) -> list[str]:
        """Names by id, "" for ids that no label has."""
        return [self.names.get(number, "") for number in range(max(self.names, default=-1) + 1)]

    def id_of(self, text: str) -> int | None:
        """Return the id of a label as it stands in a file: its name, its id, or a reserved name or id.

        None if it is none of them; an id counts only if the set is numbered.
        """
        if text in _RESERVED_IDS:
            return _RESERVED_IDS[text]
        return self._ids.get(text, self._number_in(text))

    def name_of(self, id: int) -> str:  # noqa: A002
        """Return the name of an id, which may be a reserved one.

        Raises
        ------
        ArgumentError
            If no label has the id.
        """
        name = self.names.get(id) or RESERVED.get(id)
        if name is None:
            shown = ", ".join(f"{number} {name}" for number, name in list(self.names.items())[:10])
            raise ArgumentError(f"label={id!r}: is not in the set of {len(self.names)} labels ({shown or 'none'}).")
        return name

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: number for number, name in self.names.items()}

    def _number_in(self, text: str) -> int | None:
        number = int(text) if self.numbered and WHOLE_NUMBER.fullmatch(text) else None
        return number if number in self.names else None

    @property
    def _named_like_another(self) -> int | None:
        """The id of a label whose name is another label's id, or None."""
        others = ((number, self._number_in(name)) for number, name in self.names.items())
        return next((number for number, other in others if other not in (None, number)), None)


def problem_of_id(value: Any) -> str | None:
    """Say what is wrong with the id of a label, or return None."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value > MAX_ID:
        return f"expected a whole number from 0 to {MAX_ID} as id"
    return f"negative ids are reserved ({_RESERVED_SHOWN}); number labels from 0" if value < 0 else None


def problem_of_name(value: Any) -> str | None:
    """Say what is wrong with the name of a label, or return None."""
    if not isinstance(value, str) or not value.strip():
        return "expected a name that is not empty"
    if value != value.strip() or any(character < " " for character in value):
        return "expected a name without blanks around it, and no tab in it"
    reserved = f"is reserved ({_RESERVED_SHOWN}) and always there; leave it out, or give the label another name"
    return reserved if value in _RESERVED_IDS else None


def is_reserved(text: str) -> bool:
    """Return whether a label as it stands in a file is a reserved name or id."""
    return text in _RESERVED_IDS
