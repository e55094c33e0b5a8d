"""From scenes to spectra without time signals: the steps of modes "analytic" and "wishart"."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int, Shaped

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.scaling import Scaling
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.spectral import analytic_csm, transfer_functions
from acoupipe_grain.array.simulate.wishart import WishartDraw, draw_wishart, effective_averages


def source_line_powers(
    strengths: Float[Array, "*batch source"], scaling: Scaling
) -> Float[Array, "*batch line source"]:
    """Return the expected power of each source at the reference position in each line, Pa²."""
    wide = strengths.astype(jnp.result_type(float))
    return jnp.asarray(scaling.line_powers, dtype=wide.dtype)[:, None] * wide[..., None, :]


def noise_line_powers(
    noise_power: Float[Array, "*batch"], scaling: Scaling, setup: MeasurementSetup
) -> Float[Array, "*batch line mic"]:
    """Return the expected sensor noise power of each microphone in each line, Pa²."""
    wide = noise_power.astype(jnp.result_type(float))
    per_line = scaling.line_powers.astype(wide.dtype) * wide[..., None]
    return jnp.broadcast_to(per_line[..., None], (*per_line.shape, setup.num_mics))


def source_mixing(source_mask: Bool[Array, "*batch source"]) -> Float[Array, "*batch source signal"]:
    """Return what each source takes of independent signals of unit power: one of its own."""
    return source_mask[..., None] * jnp.eye(source_mask.shape[-1], dtype=jnp.float32)


def directions(positions: Float[Array, "*batch 3 source"]) -> Float[Array, "*batch 3 source"]:
    """Return the axes of sources that radiate alike in all directions: none, zero."""
    return jnp.zeros_like(positions)


def resting_positions(positions: Float[Array, "*batch 3 source"]) -> Float[Array, "*batch 3 source"]:
    """Return where the sources are during the whole recording; sources that move are refused before."""
    return positions


def transfer(
    positions: Float[Array, "*batch 3 source"],
    source_mask: Bool[Array, "*batch source"],
    mic_positions: Float[Array, "*batch 3 mic"],
    setup: MeasurementSetup,
    bands: Bands,
) -> Complex[Array, "*batch line mic source"]:
    """Return the transfer from each source's sound at the reference position to the microphones."""
    wavenumbers = 2 * np.pi * setup.bin_frequencies[bands.lines] / setup.speed_of_sound
    return transfer_functions(
        positions, source_mask, mic_positions, jnp.asarray(setup.reference), jnp.asarray(wavenumbers)
    )


def source_columns(
    transfer: Complex[Array, "*batch line mic source"], source_line_powers: Float[Array, "*batch line source"]
) -> Complex[Array, "*batch line mic source"]:
    """Return H√Q: what independent sources contribute to the microphones in each line, Pa."""
    return transfer * jnp.sqrt(source_line_powers)[..., None, :]


def analytic_csm_lines(
    source_columns: Complex[Array, "*batch line mic source"], noise_line_powers: Float[Array, "*batch line mic"]
) -> Complex[Array, "*batch line mic mic"]:
    """Return the cross-spectral matrix H Q Hᴴ + N of every line, Pa²."""
    return analytic_csm(source_columns, noise_line_powers)


def wishart_draw(
    key: Shaped[Array, "*batch 2"],
    num_samples: Int[Array, "*batch"],
    transfer: Complex[Array, "*batch line mic source"],
    source_line_powers: Float[Array, "*batch line source"],
    noise_line_powers: Float[Array, "*batch line mic"],
    setup: MeasurementSetup,
    bands: Bands,
) -> WishartDraw:
    """Return a draw of the cross-spectral matrix of every line, and of the powers it is made of."""
    averages = independent_averages(num_samples, setup)
    return draw_wishart(key, averages, transfer, source_line_powers, noise_line_powers, bands.lines, setup.block_size)


def independent_averages(num_samples: Int[Array, "*batch"], setup: MeasurementSetup) -> Float[Array, "*batch"]:
    """Return how many independent averages Welch's estimate of a recording is worth."""
    correlations = setup.window_correlation[setup.hop_size :: setup.hop_size]
    return effective_averages(setup.num_blocks(num_samples), correlations)


def wishart_csm_lines(wishart_draw: WishartDraw) -> Complex[Array, "*batch line mic mic"]:
    """Return the drawn cross-spectral matrix of every line, Pa²."""
    return wishart_draw.csm


def reference_power(wishart_draw: WishartDraw, bands: Bands) -> Float[Array, "*batch freq source"]:
    """Return the drawn power of every source at the reference position, Pa²."""
    return bands.total(wishart_draw.source_powers, axis=-2)


def noise_power_spectrum(wishart_draw: WishartDraw, bands: Bands) -> Float[Array, "*batch freq mic"]:
    """Return the drawn power of every microphone's sensor noise, Pa²."""
    return bands.total(wishart_draw.noise_powers, axis=-2)
