"""What the quantities of a scene are drawn from: the defaults, or what the user gives instead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, TypeAlias

import numpy as np

from acoupipe_grain.annotations import InFiles
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import (
    Distribution,
    FunctionDistribution,
    InverseDistribution,
    ScipyDistribution,
    as_distribution,
    inverse,
)

Drawn: TypeAlias = Annotated[Any, InFiles(float | Mapping[str, Any] | None)]
"""What a quantity is drawn from: what `distribution` takes, or None for the default."""

MEAN_EXTRA_SOURCES = 3.0
MIC_DISPLACEMENT_DEVIATION = 0.001  # m
STRENGTH_SCALE = 5.0  # Pa²
NOISE_RATIO_RANGE = (1e-5, 0.1)
SIGNAL_LENGTH_RANGE = (1.0, 10.0)  # s
MAX_POWER = 1e30
"""Largest strength and noise power, Pa²: 32 bits hold 3e38, and features sum over sources and lines."""


class _Default(InverseDistribution):
    """What a quantity is drawn from if the user gives nothing."""


_STRENGTHS = _Default(ppf=partial(inverse.rayleigh, scale=STRENGTH_SCALE), json={})
_NOISE_RATIOS = _Default(ppf=partial(inverse.uniform, low=NOISE_RATIO_RANGE[0], high=NOISE_RATIO_RANGE[1]), json={})
_SIGNAL_LENGTHS = _Default(
    ppf=partial(inverse.uniform, low=SIGNAL_LENGTH_RANGE[0], high=SIGNAL_LENGTH_RANGE[1]), json={}
)
_MIC_DISPLACEMENTS = _Default(ppf=partial(inverse.normal, mean=0.0, deviation=MIC_DISPLACEMENT_DEVIATION), json={})


def source_counts(value: Any, minimum: int, maximum: int) -> Distribution:
    """Return what the number of sources is drawn from: 1 + Poisson(3) within the limits, or what is given."""
    if value is None:
        truncated = partial(inverse.truncated_count, mean=MEAN_EXTRA_SOURCES, minimum=minimum, maximum=maximum)
        return _Default(ppf=truncated, json={})
    chosen = as_distribution("nsources", value)
    if isinstance(chosen, ScipyDistribution) and not chosen.is_discrete:
        raise ArgumentError(
            f"nsources={chosen!r}: a continuous distribution gives fractions of sources; use a discrete one such as "
            "randint or poisson."
        )
    low, high = chosen.range
    if low == high and not low.is_integer():
        raise ArgumentError(f"nsources={chosen!r}: always {low:g}; expected whole numbers.")
    if chosen.range[1] < minimum or chosen.range[0] > maximum:
        raise ArgumentError(
            f"nsources={chosen!r}: never within min_nsources={minimum} ... max_nsources={maximum}; change one of them."
        )
    return chosen


def strengths(value: Any) -> Distribution:
    """Return what source strengths are drawn from, Pa²."""
    return _quantity("strengths", value, _STRENGTHS, minimum=0.0, unit="Pa²")


def noise_ratios(value: Any) -> Distribution:
    """Return what the ratio of the sensor noise's power to that of all sources is drawn from."""
    return _quantity("noise", value, _NOISE_RATIOS, minimum=0.0, unit="")


def signal_lengths(value: Any) -> Distribution:
    """Return what the lengths of recordings are drawn from, s."""
    return _quantity("signal_lengths", value, _SIGNAL_LENGTHS, minimum=0.0, unit="s")


def mic_displacements(value: Any) -> Distribution:
    """Return what the displacements of the microphones in x and y are drawn from, m."""
    return _quantity("mic_displacement", value, _MIC_DISPLACEMENTS, minimum=-math.inf, unit="m")


def given(distribution: Distribution) -> Distribution | None:
    """Return a distribution that the user gave, None for a default."""
    return None if isinstance(distribution, _Default) else distribution


def require_used(name: str, value: Any, switch: str, is_on: bool) -> None:
    """Raise `ArgumentError` if a distribution is given that a switch makes useless."""
    if value is not None and not is_on:
        raise ArgumentError(f"{name}={value!r}: has no effect with {switch}={is_on}; leave one of them out.")


def require_powers(name: str, distribution: Distribution, values: np.ndarray, indices: np.ndarray) -> None:
    """Raise `ArgumentError` if a drawn value is negative or beyond what 32 bits hold, naming the record."""
    wrong = ~((values >= 0) & (values <= MAX_POWER))
    if wrong.any():
        index = indices[int(np.argmax(wrong.reshape(indices.size, -1).any(axis=1)))]
        raise ArgumentError(
            f"{name}={distribution!r}: gave {values[wrong][0]:.3g} for record {index}; expected 0 to {MAX_POWER:g}: "
            "give it bounds, apg.distribution(..., bounds=(0, ...))."
        )


def _quantity(name: str, value: Any, default: Distribution, *, minimum: float, unit: str) -> Distribution:
    if value is None:
        return default
    chosen = as_distribution(name, value)
    if isinstance(chosen, FunctionDistribution):
        return chosen
    low, high = chosen.range
    suffix = f" {unit}" if unit else ""
    if low < minimum:
        raise ArgumentError(
            f"{name}={chosen!r}: can be {low:.3g}{suffix}; expected at least {minimum:g}{suffix}: choose another "
            "distribution or give it bounds."
        )
    if math.isfinite(high) and high > MAX_POWER:
        raise ArgumentError(
            f"{name}={chosen!r}: can be {high:.3g}{suffix}; expected at most {MAX_POWER:g}{suffix}, which fits 32 "
            "bits: choose another distribution or give it bounds."
        )
    return chosen
