"""Random processes over the attributes of objects: numbers, choices from a set, anything a function gives.

A random process has a method ``sample(rng)`` that draws from the generator it is given, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.callables import require_callable
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling.attributes import as_targets, require_attribute, set_attribute
from acoupipe_grain.sampling.distribution import DistributionLike, as_distribution
from acoupipe_grain.sampling.placement import MAX_ATTEMPTS

ORDERS = ("ascending", "descending")


@runtime_checkable
class Sampler(Protocol):
    """A random process: anything with a method ``sample(rng)``."""

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw from the generator."""
        ...


class NumericAttributeSampler:
    """Draws a numeric attribute of one or several objects.

    Drawn values are filtered, then normalised, then ordered, then set in the order of the targets: as whole numbers
    where the attribute is one.

    Parameters
    ----------
    target
        An object or a list of objects.
    attribute
        Name of the attribute, or a dotted path such as "signal.rms".
    random_var
        What values are drawn from: anything `acoupipe_grain.distribution` takes.
    equal_value
        Whether all targets get one and the same value.
    normalize
        Whether values are divided by their largest magnitude.
    order
        "ascending", "descending", or None for the order drawn.
    filter
        Function of the drawn values (an array with one value per target; with `equal_value` a single number); they are
        redrawn until it returns True.

    Raises
    ------
    ArgumentError
        If an argument cannot be used, or, while sampling, no draw passes the filter in 1000 attempts.
    """

    def __init__(
        self,
        target: Any,
        attribute: str,
        random_var: DistributionLike | Any,
        *,
        equal_value: bool = False,
        normalize: bool = False,
        order: str | None = None,
        filter: Callable[[Any], Any] | None = None,  # noqa: A002
    ) -> None:
        self.target = as_targets(target)
        current = require_attribute(self.target, attribute)
        self._is_whole = all(isinstance(value, int) and not isinstance(value, bool) for value in current)
        self.attribute = attribute
        self.random_var = as_distribution("random_var", random_var)
        self.equal_value = arguments.flag("equal_value", equal_value)
        self.normalize = arguments.flag("normalize", normalize)
        self.order = None if order is None else arguments.choice("order", order, ORDERS)
        if self.equal_value and (self.normalize or self.order):
            raise ArgumentError(
                f"normalize={normalize}, order={order!r}: have no effect on one value for all targets; leave them out "
                "or use equal_value=False."
            )
        if filter is not None and not callable(filter):
            raise ArgumentError(f"filter={filter!r}: expected a function of the drawn values.")
        self.filter = filter

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Draw and set the attribute of every target; return the values, shape (number of targets,)."""
        values = self._filtered(rng)
        if self.normalize:
            largest = np.abs(values).max()
            if largest == 0:
                raise ArgumentError(f"normalize=True: all values of {self.attribute!r} are 0; use another random_var.")
            values = values / largest
        if self.order:
            values = np.sort(values)
            values = values[::-1] if self.order == "descending" else values
        values = np.broadcast_to(values, (len(self.target),))
        for target, value in zip(self.target, values, strict=True):
            is_whole = self._is_whole and float(value).is_integer()
            set_attribute(target, self.attribute, int(value) if is_whole else float(value))
        return values

    def _filtered(self, rng: np.random.Generator) -> np.ndarray:
        size = 1 if self.equal_value else len(self.target)
        for _ in range(MAX_ATTEMPTS):
            values = self.random_var.rvs(rng, size)
            if self.filter is None or bool(self.filter(float(values[0]) if self.equal_value else values)):
                return values
        raise ArgumentError(
            f"filter: none of {MAX_ATTEMPTS} draws of {self.attribute!r} from {self.random_var!r} passed; relax it or "
            "use another random_var."
        )


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
        chosen = self._choice.draw(rng, self._num_values)
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
        # `nsources` is an attribute like any other: a process before this one may have drawn it.
        count = self._choice.require(arguments.integer("nsources", self.nsources, minimum=1))
        num_draws = 1 if self.equal_value else len(self.target)
        chosen = [self._choice.draw(rng, count) for _ in range(num_draws)]
        chosen = chosen * len(self.target) if self.equal_value else chosen
        for target, sources in zip(self.target, chosen, strict=True):
            set_attribute(target, "sources", list(sources))
        return chosen


class ContainerSampler:
    """Holds what a function draws.

    Parameters
    ----------
    random_func
        Function of a `numpy.random.Generator`.

    Attributes
    ----------
    target
        What the function returned last; None before the first sample.
    """

    def __init__(self, random_func: Callable[[np.random.Generator], Any]) -> None:
        self.random_func = require_callable(random_func, 1, "a function of a generator")
        self.target: Any = None

    def sample(self, rng: np.random.Generator) -> Any:
        """Call the function and return what it gives."""
        self.target = self.random_func(rng)
        return self.target


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
    probabilities = np.array([arguments.number("probabilities", value, minimum=0) for value in given])
    if probabilities.size != count or abs(probabilities.sum() - 1) > 1e-8:
        raise ArgumentError(
            f"probabilities={list(given)!r}: expected {count} values, one for each item of the set, summing to 1."
        )
    return probabilities / probabilities.sum()
