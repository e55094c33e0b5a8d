"""Random processes that choose from a set: values of an attribute, sources of a mixer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling.attributes import as_targets, require_attribute, set_attribute


class SetSampler:
    """Chooses the value of an attribute from a set; the value keeps its type.

    Parameters
    ----------
    target
        An object or a list of objects.
    attribute
        Name of the attribute, or a dotted path.
    set
        The values to choose from.
    probabilities
        One for each value, summing to 1; None: all alike.
    replace
        Whether several targets may get the same value of the set.
    equal_value
        Whether all targets get one and the same value.

    Raises
    ------
    ArgumentError
        If an argument cannot be used, or there are not enough values without replacement.
    """

    def __init__(
        self,
        target: Any,
        attribute: str,
        set: Sequence[Any],  # noqa: A002
        *,
        probabilities: Sequence[float] | None = None,
        replace: bool = True,
        equal_value: bool = False,
    ) -> None:
        self.target = as_targets(target)
        require_attribute(self.target, attribute)
        self.attribute = attribute
        self.equal_value = arguments.flag("equal_value", equal_value)
        self._choice = _Choice(set, probabilities, replace)
        self._num_values = self._choice.require(1 if self.equal_value else len(self.target))

    def sample(self, rng: np.random.Generator) -> list[Any]:
        """Choose and set; return the values, one for each target."""
        chosen = self._choice.draw(arguments.generator("rng", rng), self._num_values)
        chosen = chosen * len(self.target) if self.equal_value else chosen
        for target, value in zip(self.target, chosen, strict=True):
            set_attribute(target, self.attribute, value)
        return chosen


class SourceSetSampler:
    """Chooses the sources of one or several mixers, such as `acoular.SourceMixer`, from a set.

    Parameters
    ----------
    target
        A mixer or a list of mixers: objects with an attribute ``sources``.
    set
        The sources to choose from.
    nsources
        How many sources each mixer gets; another process may set it.
    probabilities
        One for each source, summing to 1; None: all alike.
    replace
        Whether a mixer may get the same source several times.
    equal_value
        Whether all mixers get the same sources.

    Raises
    ------
    ArgumentError
        If an argument cannot be used, or there are not enough sources without replacement.
    """

    def __init__(
        self,
        target: Any,
        set: Sequence[Any],  # noqa: A002
        nsources: int = 1,
        *,
        probabilities: Sequence[float] | None = None,
        replace: bool = False,
        equal_value: bool = False,
    ) -> None:
        self.target = as_targets(target)
        require_attribute(self.target, "sources")
        self.equal_value = arguments.flag("equal_value", equal_value)
        self._choice = _Choice(set, probabilities, replace)
        self.nsources = self._choice.require(arguments.integer("nsources", nsources, minimum=1))

    def sample(self, rng: np.random.Generator) -> list[list[Any]]:
        """Choose and set; return the sources of each mixer."""
        arguments.generator("rng", rng)
        # `nsources` is an attribute like any other: a process before this one may have drawn it.
        count = self._choice.require(arguments.integer("nsources", self.nsources, minimum=1))
        num_draws = 1 if self.equal_value else len(self.target)
        chosen = [self._choice.draw(rng, count) for _ in range(num_draws)]
        chosen = chosen * len(self.target) if self.equal_value else chosen
        for target, sources in zip(self.target, chosen, strict=True):
            set_attribute(target, "sources", list(sources))
        return chosen


class _Choice:
    """A choice of some of the items of a set, as they are."""

    def __init__(self, items: Sequence[Any], probabilities: Any, replace: bool) -> None:
        if not isinstance(items, list | tuple | range | np.ndarray) or len(items) == 0:
            raise ArgumentError(f"set={items!r}: expected a non-empty list of values.")
        self.items = list(items)
        self.replace = arguments.flag("replace", replace)
        self.probabilities = None if probabilities is None else _checked_probabilities(probabilities, len(items))

    def require(self, count: int) -> int:
        """Return `count` if that many items can be drawn, else raise."""
        possible = len(self.items) if self.probabilities is None else int(np.count_nonzero(self.probabilities))
        if not self.replace and possible < count:
            raise ArgumentError(
                f"replace=False: {count} different items are needed, the set has {possible} that can be drawn; use "
                "replace=True or a larger set."
            )
        return count

    def draw(self, rng: np.random.Generator, count: int) -> list[Any]:
        positions = rng.choice(len(self.items), size=count, replace=self.replace, p=self.probabilities)
        return [self.items[position] for position in positions]


def _checked_probabilities(given: Any, count: int) -> np.ndarray:
    if not isinstance(given, list | tuple | np.ndarray):
        raise ArgumentError(f"probabilities={given!r}: expected {count} values, one for each item of the set.")
    probabilities = np.array([arguments.number("probabilities", value, minimum=0) for value in given])
    if probabilities.size != count or abs(probabilities.sum() - 1) > 1e-8:
        raise ArgumentError(
            f"probabilities={list(given)!r}: expected {count} values, one for each item of the set, summing to 1."
        )
    return probabilities / probabilities.sum()
