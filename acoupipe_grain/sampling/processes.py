"""Random processes over the attributes of objects: numbers, and anything that a function gives.

A random process has a method ``sample(rng)`` that draws from the generator it is given, and from nothing else.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
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
        self._is_whole = [_is_whole(attribute, value) for value in require_attribute(self.target, attribute)]
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
        values = self._filtered(arguments.generator("rng", rng))
        if self.normalize:
            largest = np.abs(values).max()
            if largest == 0:
                raise ArgumentError(f"normalize=True: all values of {self.attribute!r} are 0; use another random_var.")
            values = values / largest
        if self.order:
            values = np.sort(values)
            values = values[::-1] if self.order == "descending" else values
        values = np.broadcast_to(values, (len(self.target),))
        for target, value, is_whole in zip(self.target, values, self._is_whole, strict=True):
            if is_whole and not float(value).is_integer():
                raise ArgumentError(
                    f"attribute={self.attribute!r}: is a whole number, and {value:g} was drawn from "
                    f"{self.random_var!r}; use a discrete distribution such as randint."
                )
            set_attribute(target, self.attribute, int(value) if is_whole else float(value))
        return values

    def _filtered(self, rng: np.random.Generator) -> np.ndarray:
        size = 1 if self.equal_value else len(self.target)
        for _ in range(MAX_ATTEMPTS):
            values = self.random_var.rvs(rng, size)
            if self.filter is None or self._passes(values):
                return values
        raise ArgumentError(
            f"filter: none of {MAX_ATTEMPTS} draws of {self.attribute!r} from {self.random_var!r} passed; relax it or "
            "use another random_var."
        )

    def _passes(self, values: np.ndarray) -> bool:
        passed = self.filter(float(values[0]) if self.equal_value else values)  # type: ignore[misc]
        if not isinstance(passed, bool | np.bool_):
            raise ArgumentError(
                f"filter: returned a {type(passed).__name__}; expected True or False for all values at once, for "
                "example lambda values: numpy.all(values > 0)."
            )
        return bool(passed)


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
        self.target = self.random_func(arguments.generator("rng", rng))
        return self.target


def _is_whole(attribute: str, value: Any) -> bool:
    if isinstance(value, bool | np.bool_):
        raise ArgumentError(f"attribute={attribute!r}: is a switch; use SetSampler with the set [True, False].")
    return isinstance(value, numbers.Integral)
