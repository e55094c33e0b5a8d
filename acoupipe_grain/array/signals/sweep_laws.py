"""How the frequency of a sweep moves, and the autocorrelation that follows.

A sweep lasts from u = 0 to u = 1, with the frequency f(u) from f₀ to f₁ in cycles per sweep, and repeats without a jump
of its phase φ. Averaged over beginnings and a constant phase, the autocorrelation of √2 sin(2πφ(u)) at the lag v is
the integral of cos(2π[φ(u + v) − φ(u)]) over u from 0 to 1; the part from 1 − v to 1 reaches into the next sweep.

Linear: both parts have phases that are linear in u and run through the same values, v [f₀ + (f₁ − f₀) v/2] to
v [f₁ − (f₁ − f₀) v/2], so that r(v) = cos(2πv (f₀ + f₁)/2) sinc(v (1 − v) (f₁ − f₀)), sinc(x) = sin(πx)/(πx).

Logarithmic: with λ = ln(f₁/f₀) the first part is ∫ cos(2πf (e^{λv} − 1)/λ) df/(λf) from f₀ to f₁ e^{−λv}. The second
one is ∫ cos(2π e^{−λw} (f₁ − f₀ e^{λv})/λ) dw from 0 to v, as the cycles of a sweep, (f₁ − f₀)/λ, are a whole number.
Both are differences of cosine integrals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import special

SMALLEST_LOGARITHM = 1e-4
"""Below this ratio of frequencies, as a logarithm, the two laws are the same to 1e-8."""

Cycles = Callable[[Float[np.ndarray, " sample"], float, float], Float[np.ndarray, " sample"]]
Autocorrelation = Callable[[Float[np.ndarray, " lag"], float, float, int], Float[np.ndarray, " lag"]]


class SweepLaw(NamedTuple):
    """How the frequency moves.

    Attributes
    ----------
    mean_frequency
        The mean of a sweep between two frequencies.
    cycles
        Share of a sweep's cycles that have passed at a time u in [0, 1], between two frequencies.
    autocorrelation
        At lags v in [0, 1), from the lower to the higher frequency (of which only the ratio counts), with a number of
        cycles per sweep. It is the same for a falling sweep.
    """

    mean_frequency: Callable[[float, float], float]
    cycles: Cycles
    autocorrelation: Autocorrelation


def linear_mean(low: float, high: float) -> float:
    """Return the mean frequency of a linear sweep."""
    return (low + high) / 2


def linear_cycles(times: Float[np.ndarray, " sample"], first: float, last: float) -> Float[np.ndarray, " sample"]:
    """Return ∫ f du from 0 to u, relative to that to 1."""
    return times * (first + (last - first) * times / 2) / linear_mean(first, last)


def linear_autocorrelation(
    lags: Float[np.ndarray, " lag"], low: float, high: float, cycles: int
) -> Float[np.ndarray, " lag"]:
    """Return cos(2πv (f₀ + f₁)/2) sinc(v (1 − v) (f₁ − f₀))."""
    width = (high - low) / linear_mean(low, high) * cycles
    return special.cosdg(360 * ((cycles * lags) % 1)) * np.sinc(width * lags * (1 - lags))


def logarithmic_mean(low: float, high: float) -> float:
    """Return the mean frequency of a logarithmic sweep, (f₁ − f₀)/ln(f₁/f₀)."""
    logarithm = _logarithm(low, high)
    return linear_mean(low, high) if abs(logarithm) < SMALLEST_LOGARITHM else (high - low) / logarithm


def logarithmic_cycles(times: Float[np.ndarray, " sample"], first: float, last: float) -> Float[np.ndarray, " sample"]:
    """Return ∫ f du from 0 to u, relative to that to 1."""
    logarithm = _logarithm(first, last)
    if abs(logarithm) < SMALLEST_LOGARITHM:
        return linear_cycles(times, first, last)
    return special.expm1(logarithm * times) / math.expm1(logarithm)


def logarithmic_autocorrelation(
    lags: Float[np.ndarray, " lag"], low: float, high: float, cycles: int
) -> Float[np.ndarray, " lag"]:
    """Return the sum of both parts."""
    logarithm = _logarithm(low, high)
    if logarithm < SMALLEST_LOGARITHM:
        return linear_autocorrelation(lags, low, high, cycles)
    # The frequencies in cycles per sweep, over λ: their difference is the number of cycles.
    first = 2 * math.pi * cycles / math.expm1(logarithm)
    last = first + 2 * math.pi * cycles
    # The waveform is periodic: the lags v and 1 − v have the same value.
    folded = np.minimum(lags, 1 - lags)
    result = np.ones_like(folded)
    shift = logarithm * folded[folded > 0]
    growth = special.expm1(shift)
    within = _cosine_integral(last * growth / (1 + growth)) - _cosine_integral(first * growth)
    turn = first * (1 + growth) * special.expm1(logarithm - shift)
    across = _cosine_integral(turn) - _cosine_integral(turn / (1 + growth))
    result[folded > 0] = (within + across) / logarithm
    return result


def _cosine_integral(arguments: Float[np.ndarray, " lag"]) -> Float[np.ndarray, " lag"]:
    return special.sici(arguments)[1]


def _logarithm(low: float, high: float) -> float:
    return float(special.xlogy(1.0, high / low))


LAWS: Mapping[str, SweepLaw] = {
    "linear": SweepLaw(linear_mean, linear_cycles, linear_autocorrelation),
    "logarithmic": SweepLaw(logarithmic_mean, logarithmic_cycles, logarithmic_autocorrelation),
}
