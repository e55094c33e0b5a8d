"""Pulses at any times as samples: what a sum of delays is in discrete time.

A pulse at the time d (in samples) is sampled as K(n − d), with the windowed sinc

    K(t) = sinc(t) I₀(β √(1 − t²/L²))/I₀(β),  |t| < L,   L = min(21, d + 1),   β = 6.5

(sinc t = sin πt/πt, the window is Kaiser's, I₀ the modified Bessel function). Its spectrum is e^{−jωd} within 9e-4 up
to 0.9 of the Nyquist frequency for d ≥ 20. Nearer pulses have a narrower kernel, so that nothing comes before the time
0, and lose the upper end of the band: they are right within 2.5e-3 up to 1 − 2.1/L of the Nyquist frequency. (J. F.
Kaiser, "Nonrecursive digital filter design using the I₀-sinh window function", IEEE ISCAS, 1974; T. I. Laakso et al.,
"Splitting the unit delay", IEEE Signal Processing Magazine 13(1), 30, 1996.)

Many pulses are put on a grid of three points per sample by B-splines of degree 5, whose spectrum is divided out
with one transform: what is left of the spline's images is (ν/(1 − ν))⁶ at the frequency ν of the fine grid, 3e-5 at 0.9
of the Nyquist frequency. (M. Unser, A. Aldroubi and M. Eden, "B-spline signal processing", IEEE Transactions on
Signal Processing 41, 821, 1993; A. Dutt and V. Rokhlin, "Fast Fourier transforms for nonequispaced data", SIAM Journal
on Scientific Computing 14, 1368, 1993.)
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from jaxtyping import Complex, Float, Float32
from scipy import fft, special

OVERSAMPLING = 3
"""Points of the fine grid per sample."""

HALF_LENGTH = 21
"""Half the length L of the kernel, samples."""

_BETA = 6.5
_DEGREE = 5
_AT_ONCE = 8192  # pulses whose weights fit into the processor's cache


def grid_period(num_taps: int, memory: int = 0) -> int:
    """Return the period of the fine grid, in its points, for so many samples without wrapping around; it is even.

    Parameters
    ----------
    num_taps
        Samples that are wanted.
    memory
        Length of filters that pulses pass, samples.
    """
    half = math.ceil((num_taps + memory) / 2) + HALF_LENGTH
    return 2 * OVERSAMPLING * fft.next_fast_len(half, real=True)


def train_spectrum(
    delays: Float[np.ndarray, " pulse"], amplitudes: Float[np.ndarray, " pulse"], period: int
) -> Complex[np.ndarray, " line"]:
    """Return the spectrum of pulses on the fine grid.

    Parameters
    ----------
    delays
        Times of the pulses, samples, at least 0.
    amplitudes
        Their amplitudes.
    period
        Of the fine grid; pulses that would wrap around are left out.
    """
    is_near = delays < HALF_LENGTH - 1
    is_far = ~is_near & (delays < period / OVERSAMPLING - HALF_LENGTH)
    spectrum = fft.rfft(_spread(delays[is_far], amplitudes[is_far], period)) * _kernel_spectrum(period)
    if is_near.any():
        spectrum += fft.rfft(_near(delays[is_near], amplitudes[is_near], period))
    return spectrum


def samples(spectrum: Complex[np.ndarray, " line"], num_taps: int) -> Float32[np.ndarray, " tap"]:
    """Return the first samples of what has the spectrum on the fine grid."""
    return fft.irfft(spectrum)[::OVERSAMPLING][:num_taps].astype(np.float32)


def kernel(times: Float[np.ndarray, "*n"], half_length: float) -> Float[np.ndarray, "*n"]:
    """Return the windowed sinc at times from its middle, samples."""
    inside = 1.0 - (times / half_length) ** 2
    window = special.i0(_BETA * np.sqrt(np.maximum(inside, 0.0))) / special.i0(_BETA)
    return np.where(inside > 0, np.sinc(times) * window, 0.0)


def _spread(
    delays: Float[np.ndarray, " pulse"], amplitudes: Float[np.ndarray, " pulse"], period: int
) -> Float[np.ndarray, " point"]:
    grid = np.zeros(period)
    coefficients = _spline_coefficients()
    offsets = np.arange(_DEGREE + 1)[:, None] - _DEGREE // 2
    for start in range(0, delays.size, _AT_ONCE):
        points = delays[start : start + _AT_ONCE] * OVERSAMPLING
        below = points.astype(np.int64)
        beyond = points - below
        weights = coefficients[0][:, None] * beyond
        for power in coefficients[1:-1]:
            weights += power[:, None]
            weights *= beyond
        weights += coefficients[-1][:, None]
        weights *= amplitudes[start : start + _AT_ONCE]
        grid += np.bincount((below + offsets).ravel(), weights.ravel(), minlength=period)
    return grid


def _near(
    delays: Float[np.ndarray, " pulse"], amplitudes: Float[np.ndarray, " pulse"], period: int
) -> Float[np.ndarray, " point"]:
    grid = np.zeros(period)
    # The kernel is zero from a sample before the time 0 on: the fine grid has points there, which are no samples.
    points = np.arange(1 - OVERSAMPLING, 2 * HALF_LENGTH * OVERSAMPLING)
    for delay, amplitude in zip(delays, amplitudes, strict=True):
        grid[points] += amplitude * kernel(points / OVERSAMPLING - delay, min(float(HALF_LENGTH), float(delay) + 1.0))
    return grid


@lru_cache(maxsize=8)
def _kernel_spectrum(period: int) -> Float[np.ndarray, " line"]:
    """Return the spectrum of the kernel on the fine grid over that of the B-spline."""
    points = np.arange(-HALF_LENGTH * OVERSAMPLING, HALF_LENGTH * OVERSAMPLING + 1)
    grid = np.zeros(period)
    grid[points] = kernel(points / OVERSAMPLING, float(HALF_LENGTH))
    spectrum = fft.rfft(grid).real / np.sinc(fft.rfftfreq(period)) ** (_DEGREE + 1)
    spectrum.flags.writeable = False
    return spectrum


@lru_cache(maxsize=1)
def _spline_coefficients() -> Float[np.ndarray, "power point"]:
    """Return the polynomials in a pulse's distance from the point below that give its weights, highest power first.

    The B-spline is Σ_k (−1)^k C(n + 1, k) (u − k)₊ⁿ/n!; it is symmetric, so that its pieces come in reverse order.
    """
    powers = range(_DEGREE + 1)
    pieces = [
        sum(
            (-1) ** k
            * math.comb(_DEGREE + 1, k)
            * np.array([math.comb(_DEGREE, power) * (piece - k) ** power for power in powers])
            for k in range(piece + 1)
        )
        for piece in reversed(powers)
    ]
    return np.array(pieces).T / float(special.factorial(_DEGREE))
