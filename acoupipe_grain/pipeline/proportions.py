"""Fixed proportions: weights as whole numbers, and the order in which they spread evenly over a period."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from acoupipe_grain.errors import ArgumentError

MAX_PERIOD = 1_000_000
"""Most records in a period: its pattern is held in memory, 8 bytes a record."""
MAX_DENOMINATOR = 1000
MAX_WEIGHT_CHANGE = Fraction(1, 10**9)
"""Largest difference between a weight and the fraction it is taken for, relative to the weight."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """The order of one period.

    Attributes
    ----------
    weights
        Records of each source in a period.
    numbers
        Which source each record of a period is of, (period,).
    ranks
        How many of that source came before it in the period, (period,).
    """

    weights: tuple[int, ...]
    numbers: np.ndarray
    ranks: np.ndarray

    @classmethod
    def of(cls, weights: tuple[int, ...]) -> Pattern:
        """Return the pattern in which record j of the w of a source is as near (j + ½)/w of the period as can be."""
        numbers = np.repeat(np.arange(len(weights), dtype=np.int32), weights)
        ranks = np.concatenate([np.arange(weight, dtype=np.int32) for weight in weights])
        # Correctly rounded quotients of small integers are equal where the fractions are, and in their order elsewhere:
        # the order is the same on every machine, and of equal ones the first source comes first.
        order = np.argsort((2 * ranks + 1) / (2 * np.array(weights)[numbers]), kind="stable")
        return cls(weights, numbers[order], ranks[order])

    def locate(self, index: int) -> tuple[int, int]:
        """Return the number of the source that record `index` of the mixture is of, and its index there."""
        num_periods, place = divmod(index, self.numbers.size)
        number = int(self.numbers[place])
        return number, num_periods * self.weights[number] + int(self.ranks[place])

    def first_index_of(self, number: int, index_in_source: int) -> int:
        """Return the index in the mixture of a record of a source, the inverse of `locate`."""
        num_periods, rank = divmod(index_in_source, self.weights[number])
        return num_periods * self.numbers.size + int(np.flatnonzero(self.numbers == number)[rank])


def fractions_of(weights: Any, num_sources: int) -> list[Fraction]:
    """Return the weights as they are meant."""
    listed = weights.tolist() if isinstance(weights, np.ndarray) else weights
    if not isinstance(listed, list | tuple) or len(listed) != num_sources:
        raise ArgumentError(f"weights={weights!r}: expected {num_sources} positive numbers, one for each source.")
    return [_fraction(f"weights[{number}]", weight) for number, weight in enumerate(listed)]


def _fraction(name: str, weight: Any) -> Fraction:
    is_number = isinstance(weight, numbers.Real) and not isinstance(weight, bool | np.bool_)
    if not is_number or not 0 < weight < math.inf:
        raise ArgumentError(
            f"{name}={weight!r}: expected a finite number greater than 0; leave out a source that gives no records."
        )
    is_exact = isinstance(weight, numbers.Rational)
    value = Fraction(int(weight.numerator), int(weight.denominator)) if is_exact else Fraction(float(weight))
    fraction = value.limit_denominator(MAX_DENOMINATOR)
    if abs(fraction - value) > MAX_WEIGHT_CHANGE * value:
        raise ArgumentError(
            f"{name}={weight!r}: expected a whole number or a fraction with a denominator up to {MAX_DENOMINATOR}; "
            "give whole numbers in the same proportions."
        )
    return fraction


def whole_numbers(weights: Sequence[Fraction | int]) -> tuple[int, ...]:
    """Return the smallest whole numbers in these proportions."""
    denominator = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * denominator) for weight in weights]
    divisor = math.gcd(*whole)
    return tuple(weight // divisor for weight in whole)
