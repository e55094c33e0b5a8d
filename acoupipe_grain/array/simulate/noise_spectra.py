"""Windowed block spectra of white sensor noise without its time signal, for one line.

Spectra of overlapping blocks at one line are a moving average of independent complex normal numbers, whose weights
follow from the window's correlation with itself (spectral factorisation: J. Durbin, "Efficient estimation of parameters
in moving-average models", Biometrika 46, 1959, has the equations). Several lines of the same noise are correlated: they
need its time signal.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Shaped

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.random_numbers import NOISE_SPECTRA, complex_normal, descendant

MAX_PSEUDOCORRELATION = 5e-3
"""Up to this correlation of the spectra with their conjugates they count as circular: variances are then right to 1e-4.
It holds from the third line up to the last but two, for smooth windows."""
MAX_MISMATCH = 1e-6


def are_circular(setup: MeasurementSetup, line: int) -> bool:
    """Return whether block spectra of noise at a line are what `noise_block_spectra` draws."""
    window, size = setup.window_values, setup.block_size
    turning = window * np.exp(-4j * np.pi * line / size * np.arange(size))
    lags = range(0, size, setup.hop_size)
    pseudo = [abs(np.sum(turning[: size - lag] * window[lag:])) for lag in lags]
    weights = moving_average(setup)
    kept = np.correlate(weights, weights, mode="full")[weights.size - 1 :]
    mismatch = np.abs(kept - setup.window_correlation[:: setup.hop_size]).max()
    return bool(max(pseudo) <= MAX_PSEUDOCORRELATION * np.sum(window**2) and mismatch <= MAX_MISMATCH)


def moving_average(setup: MeasurementSetup) -> Float[np.ndarray, " lag"]:
    """Return weights c with Σ_i c_i c_{i+l} = ρ_l, the window's correlation at l hops; c₀ the largest."""
    correlation = setup.window_correlation[:: setup.hop_size]
    roots = np.roots(np.concatenate([correlation[:0:-1], correlation]))
    # They come in pairs z, 1/z*: those within the unit circle belong to one factor.
    inner = roots[np.argsort(np.abs(roots))[: correlation.size - 1]]
    weights = np.real(np.atleast_1d(np.poly(inner)))
    return weights / np.linalg.norm(weights)


def noise_block_spectra(
    key: Shaped[Array, "2"], noise_power: Float[Array, ""], setup: MeasurementSetup, line: int, num_blocks: int
) -> Complex[Array, "block mic"]:
    """Return the block spectra of every microphone's sensor noise at one line, unscaled.

    Parameters
    ----------
    key
        Words of the record's key.
    noise_power
        Mean square at every microphone, Pa².
    setup
        Supplies block size, overlap, window and the number of microphones.
    line
        The frequency bin; see `are_circular`.
    num_blocks
        Number of blocks.
    """
    weights = moving_average(setup)
    # From one block to the next the phase turns by a hop.
    turns = np.exp(2j * np.pi * line * setup.hop_size / setup.block_size * np.arange(weights.size))
    order = weights.size - 1
    drawn = complex_normal(descendant(key, NOISE_SPECTRA, line), (num_blocks + order, setup.num_mics))
    factors = (weights * turns).astype(np.complex64)
    average = sum(factor * drawn[order - lag : order - lag + num_blocks] for lag, factor in enumerate(factors))
    return average * jnp.sqrt(noise_power * np.sum(setup.window_values**2)).astype(jnp.float32)
