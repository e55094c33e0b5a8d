"""Values of an INI file: texts with the place they stand at, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, did_you_mean

_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
"""As `configparser` reads them."""


@dataclass(frozen=True)
class Entry:
    """The value of one key.

    Attributes
    ----------
    place
        File and section, for example "config.ini: [DATA]".
    key
        For example "NumScatter".
    text
        What was given.
    """

    place: str
    key: str
    text: str

    @property
    def origin(self) -> str:
        """File, section and key."""
        return f"{self.place} {self.key}"

    @property
    def is_none(self) -> bool:
        """Whether it is None, in any case."""
        return self.text.lower() == "none"

    def refused(self, reason: str) -> ArgumentError:
        """Return the error that names file, section, key and value."""
        return ArgumentError(f"{self.origin}={self.text!r}: {reason}")

    def integer(self, *, minimum: int, maximum: int | None = None) -> int:
        """Return a whole number within ``minimum ... maximum``."""
        if not re.fullmatch(r"[+-]?[0-9]+", self.text):
            raise self.refused(f"expected an integer of at least {minimum}.")
        value = int(self.text)
        return self._checked(arguments.integer, value, minimum=minimum, maximum=maximum)

    def number(self, **limits: Any) -> float:
        """Return a finite number within the limits, those of `acoupipe_grain.arguments.number`."""
        try:
            value = float(self.text)
        except ValueError:
            raise self.refused("expected a number.") from None
        return self._checked(arguments.number, value, **limits)

    def number_or_range(self) -> float | list[float]:
        """Return a number, or the two of a range such as ``1, 5``."""
        texts = self._parts()
        try:
            values = [float(text) for text in texts]
        except ValueError:
            values = []
        if len(values) not in (1, 2):
            raise self.refused("expected a number, or a range such as 1, 5.")
        checked: list[float] = [self._checked(arguments.number, value) for value in values]
        if checked[0] > checked[-1]:
            raise self.refused("the range is empty; write its lower end first.")
        return checked[0] if len(checked) == 1 else checked

    def size(self) -> int:
        """Return the pixels of either axis, given once or for both."""
        texts = self._parts()
        if len(texts) == 2 and texts[0] != texts[1]:
            raise self.refused(f"frames are square; write one number, {texts[0]} for instance.")
        if len(set(texts)) != 1:
            raise self.refused("expected an integer, the pixels of either axis.")
        return Entry(self.place, self.key, texts[0]).integer(minimum=1)

    def flag(self) -> bool:
        """Return True or False; None is False."""
        if self.is_none:
            return False
        if self.text.lower() not in _SWITCHES:
            raise self.refused("expected True or False.")
        return _SWITCHES[self.text.lower()]

    def choice(self, meanings: Mapping[str, Any]) -> Any:
        """Return what the value means, of those there are; case does not matter."""
        if self.text.lower() not in meanings:
            hint = did_you_mean(self.text, {name: name for name in meanings})
            raise self.refused(f"unknown{hint} Available: {', '.join(meanings)}.")
        return meanings[self.text.lower()]

    def _parts(self) -> list[str]:
        """Return what commas separate, brackets around it left out."""
        return [part.strip() for part in self.text.strip("[]() ").split(",")]

    def _checked(self, check: Any, value: Any, **limits: Any) -> Any:
        try:
            return check(self.key, value, **limits)
        except ArgumentError as error:
            raise ArgumentError(f"{self.place} {error}") from error
