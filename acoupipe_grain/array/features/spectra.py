"""Block spectra of time signals (Welch's method).

Source: P. D. Welch, "The use of fast Fourier transform for the estimation of power spectra", IEEE Trans. Audio
Electroacoust. 15(2), 1967. Scaled so that the lines of a white signal sum to its mean square.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int, Shaped

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.matrix_products import outer_sum, squared_magnitude
from acoupipe_grain.array.measurement import MeasurementSetup

MAX_KERNELS = 128
"""Up to this many kernels (lines times parts of a block) a matrix product is faster than the FFT of every block."""


def block_spectra(
    signals: Float[Array, "*batch sample channel"], setup: MeasurementSetup, bands: Bands
) -> Complex[Array, "*batch block line channel"]:
    """Return the windowed spectra of all whole blocks at the requested lines, phase at the block start, unscaled."""
    if bands.lines.size * (setup.block_size // setup.hop_size) <= MAX_KERNELS:
        return _spectra_by_kernel(signals, setup, bands.lines)
    return _spectra_by_fft(signals, setup, bands.lines)


def _segments(signals: Float[Array, "*batch sample channel"], hop: int) -> Float[Array, "*batch segment hop channel"]:
    *batch, num_samples, num_channels = signals.shape
    count = num_samples // hop
    return signals[..., : count * hop, :].reshape(*batch, count, hop, num_channels)


def _spectra_by_kernel(
    signals: Float[Array, "*batch sample channel"], setup: MeasurementSetup, lines: Int[np.ndarray, " line"]
) -> Complex[Array, "*batch block line channel"]:
    hop, parts = setup.hop_size, setup.block_size // setup.hop_size
    kernel = np.exp(-2j * np.pi / setup.block_size * np.outer(np.arange(setup.block_size), lines))
    kernel *= setup.window_values[:, None]
    # Each segment of one hop is multiplied once, by its kernel at every place it takes in a block.
    kernels = np.stack([kernel.real, kernel.imag], axis=-1).reshape(parts, hop, -1)
    kernels = np.concatenate(list(kernels), axis=1).astype(np.float32)
    segments = jnp.swapaxes(_segments(signals, hop), -1, -2)
    products = jnp.matmul(segments, kernels, precision=jax.lax.Precision.HIGHEST)
    products = products.reshape(*products.shape[:-1], parts, lines.size, 2)
    num_blocks = segments.shape[-3] - parts + 1
    by_part = [products[..., part : part + num_blocks, :, part, :, :] for part in range(parts)]
    block_sums = sum(by_part[1:], start=by_part[0])
    return jnp.swapaxes(jax.lax.complex(block_sums[..., 0], block_sums[..., 1]), -1, -2)


def _spectra_by_fft(
    signals: Float[Array, "*batch sample channel"], setup: MeasurementSetup, lines: Int[np.ndarray, " line"]
) -> Complex[Array, "*batch block line channel"]:
    hop, parts = setup.hop_size, setup.block_size // setup.hop_size
    segments = _segments(signals, hop)
    num_blocks = segments.shape[-3] - parts + 1
    blocks = jnp.concatenate([segments[..., part : part + num_blocks, :, :] for part in range(parts)], axis=-2)
    window = setup.window_values[:, None].astype(np.float32)
    return jnp.fft.rfft(blocks * window, axis=-2)[..., lines, :]


def blocks_within(
    num_blocks: int, num_samples: Int[Array, "*batch"], setup: MeasurementSetup
) -> Bool[Array, "*batch block"]:
    """Return which blocks lie within `num_samples` samples; the others are padding."""
    return jnp.arange(num_blocks) < jnp.asarray(setup.num_blocks(num_samples))[..., None]


def block_weights(
    num_blocks: int, num_samples: Int[Array, "*batch"], num_averages: Shaped[Array, "*batch"], setup: MeasurementSetup
) -> Float[Array, "*batch block"]:
    """Return weights 1/`num_averages` of the blocks within `num_samples` samples, and 0 of the padding."""
    is_within = blocks_within(num_blocks, num_samples, setup)
    return jnp.where(is_within, 1.0 / jnp.asarray(num_averages)[..., None], 0.0).astype(jnp.float32)


def mean_power(
    spectra: Complex[Array, "*batch block line channel"],
    weights: Float[Array, "*batch block"],
    scale: Float[np.ndarray, " line"],
) -> Float[Array, "*batch line channel"]:
    """Return Welch's estimate of the power per line and channel."""
    return jnp.sum(squared_magnitude(spectra) * weights[..., None, None], axis=-3) * scale[:, None].astype(np.float32)


def cross_power(
    spectra: Complex[Array, "*batch block line mic"],
    weights: Float[Array, "*batch block"],
    scale: Float[np.ndarray, " line"],
) -> Complex[Array, "*batch line mic mic"]:
    """Return Welch's estimate of the cross-spectral matrices E[X Xᴴ] per line, exactly Hermitian."""
    weighted = spectra * jnp.sqrt(weights)[..., None, None]
    return outer_sum(weighted) * scale[:, None, None].astype(np.float32)
