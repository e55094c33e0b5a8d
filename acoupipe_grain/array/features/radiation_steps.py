"""Steps of sources that radiate something else than independent white noise, in every mode."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int, Shaped

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.spectral_steps import independent_averages
from acoupipe_grain.array.matrix_products import product
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.source_waveforms import GivenWaveforms, SourceWaveforms
from acoupipe_grain.array.simulate.wishart import WishartDraw, draw_wishart


def given_waveforms(waveforms: Float[Array, "*batch source sample"]) -> SourceWaveforms:
    """Return the waveforms of all sources as they are given."""
    return GivenWaveforms(waveforms)


def line_powers_of_signals(
    strengths: Float[Array, "*batch source"], signal_line_powers: Float[Array, "*batch bin source"], bands: Bands
) -> Float[Array, "*batch line source"]:
    """Return the expected power of each source at the reference position in each line, Pa²."""
    wide = strengths.astype(jnp.result_type(float))
    return signal_line_powers[..., bands.lines, :].astype(wide.dtype) * wide[..., None, :]


def reference_mixing(
    source_mixing: Float[Array, "*batch source signal"],
    positions: Float[Array, "*batch 3 source"],
    setup: MeasurementSetup,
    bands: Bands,
) -> Complex[Array, "*batch line source signal"]:
    """Return what each source's sound at the reference position takes of independent signals, delays included."""
    wide = jnp.result_type(float)
    origin = jnp.asarray(setup.reference, dtype=wide)[:, None]
    to_reference = jnp.linalg.norm(positions.astype(wide) - origin, axis=-2)
    wavenumbers = jnp.asarray(2 * np.pi * setup.bin_frequencies[bands.lines] / setup.speed_of_sound, dtype=wide)
    phase = (wavenumbers[:, None] * to_reference[..., None, :])[..., None]
    mixing = source_mixing.astype(wide)[..., None, :, :]
    return jax.lax.complex(mixing * jnp.cos(phase), -mixing * jnp.sin(phase))


def columns_of_correlated_sources(
    transfer: Complex[Array, "*batch line mic source"],
    source_line_powers: Float[Array, "*batch line source"],
    reference_mixing: Complex[Array, "*batch line source signal"],
) -> Complex[Array, "*batch line mic signal"]:
    """Return what independent signals contribute to the microphones through all sources in each line, Pa."""
    return product(transfer * jnp.sqrt(source_line_powers)[..., None, :], reference_mixing)


def wishart_draw_of_correlated_sources(
    key: Shaped[Array, "*batch 2"],
    num_samples: Int[Array, "*batch"],
    transfer: Complex[Array, "*batch line mic source"],
    source_line_powers: Float[Array, "*batch line source"],
    noise_line_powers: Float[Array, "*batch line mic"],
    reference_mixing: Complex[Array, "*batch line source signal"],
    setup: MeasurementSetup,
    bands: Bands,
) -> WishartDraw:
    """Return a draw of the cross-spectral matrix of every line, and of the powers it is made of."""
    averages = independent_averages(num_samples, setup)
    powers = source_line_powers, noise_line_powers
    return draw_wishart(key, averages, transfer, *powers, bands.lines, setup.block_size, reference_mixing)


def source_correlation(source_mixing: Float[Array, "*batch source signal"]) -> Float[Array, "*batch source source"]:
    """Return the correlation of the signals that the sources radiate, 1 on the diagonal; 0 for padding."""
    transposed = jnp.swapaxes(source_mixing, -1, -2)
    return jnp.matmul(source_mixing, transposed, precision=jax.lax.Precision.HIGHEST)
