"""From time signals to spectra: the steps of mode "welch"."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, Int, Shaped

from acoupipe_grain.array.features import spectra
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.scaling import Scaling
from acoupipe_grain.array.measurement import MeasurementSetup


def num_averages(num_samples: Int[Array, "*batch"], setup: MeasurementSetup) -> Shaped[Array, "*batch"]:
    """Return how many blocks a sum over the whole blocks of each record is divided by."""
    return setup.num_blocks(num_samples)


def mic_spectra(
    time_data: Float[Array, "*batch sample mic"], setup: MeasurementSetup, bands: Bands
) -> Complex[Array, "*batch block line mic"]:
    """Return the block spectra of the microphone signals."""
    return spectra.block_spectra(time_data, setup, bands)


def block_positions(
    mic_spectra: Complex[Array, "*batch block line mic"],
    positions: Float[Array, "*batch 3 source"],
    num_samples: Int[Array, "*batch"],
    setup: MeasurementSetup,
) -> Float[Array, "*batch block 3 source"]:
    """Return the positions of sources at rest for every block, m; zero for blocks beyond the recording's end."""
    is_within = spectra.blocks_within(mic_spectra.shape[-3], num_samples, setup)
    return jnp.where(is_within[..., None, None], positions[..., None, :, :], 0)


def csm_lines(
    mic_spectra: Complex[Array, "*batch block line mic"],
    num_samples: Int[Array, "*batch"],
    num_averages: Shaped[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
) -> Complex[Array, "*batch line mic mic"]:
    """Return Welch's cross-spectral matrix of every line, Pa²."""
    weights = spectra.block_weights(mic_spectra.shape[-3], num_samples, num_averages, setup)
    return spectra.cross_power(mic_spectra, weights, scaling.welch)


def power_of_spectra(
    blocks: Complex[Array, "*batch block line channel"],
    num_samples: Int[Array, "*batch"],
    num_averages: Shaped[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq channel"]:
    """Return Welch's power of every channel from its block spectra, Pa²."""
    weights = spectra.block_weights(blocks.shape[-3], num_samples, num_averages, setup)
    return bands.total(spectra.mean_power(blocks, weights, scaling.welch), axis=-2)


def reference_power(
    reference_signals: Float[Array, "*batch sample source"],
    num_samples: Int[Array, "*batch"],
    num_averages: Shaped[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq source"]:
    """Return Welch's power of every source alone at the reference position, Pa²."""
    blocks = spectra.block_spectra(reference_signals, setup, bands)
    return power_of_spectra(blocks, num_samples, num_averages, scaling, setup, bands)


def noise_power_spectrum(
    noise_signals: Float[Array, "*batch sample mic"],
    num_samples: Int[Array, "*batch"],
    num_averages: Shaped[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq mic"]:
    """Return Welch's power of the sensor noise alone, Pa²."""
    blocks = spectra.block_spectra(noise_signals, setup, bands)
    return power_of_spectra(blocks, num_samples, num_averages, scaling, setup, bands)
