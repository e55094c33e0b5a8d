"""Labels: positions, strengths and the numbers that identify a record."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from acoupipe_grain.array.features.bands import Bands, line_weights
from acoupipe_grain.array.measurement import MeasurementSetup


def _band_weights(setup: MeasurementSetup, bands: Bands) -> Float[Array, " freq"]:
    return bands.total(line_weights(setup, bands), axis=-1).astype(jnp.float32)


def loc(positions: Float[Array, "*batch 3 source"]) -> Float[Array, "*batch 3 source"]:
    """Return the source positions, m."""
    return positions


def source_strength_analytic(
    strengths: Float[Array, "*batch source"], setup: MeasurementSetup, bands: Bands
) -> Float[Array, "*batch freq source"]:
    """Return the expected power of each source at the reference position per line or band, Pa²."""
    return _band_weights(setup, bands)[:, None] * strengths[..., None, :]


def noise_strength_analytic(
    noise_power: Float[Array, "*batch"], setup: MeasurementSetup, bands: Bands
) -> Float[Array, "*batch freq mic"]:
    """Return the expected sensor noise power of each microphone per line or band, Pa²."""
    per_band = _band_weights(setup, bands) * noise_power[..., None]
    return jnp.broadcast_to(per_band[..., None], (*per_band.shape, setup.num_mics))


def frequencies(num_samples: Int[Array, "*batch"], bands: Bands) -> Float[Array, "*batch freq"]:
    """Return the frequencies used, Hz: of the lines themselves, or the bands' centres."""
    values = bands.frequencies.astype(np.float32)
    return jnp.broadcast_to(values, (*num_samples.shape, values.size))


def band_number(num_samples: Int[Array, "*batch"], bands: Bands) -> Int[Array, "*batch"]:
    """Return 0 for single lines, n for 1/n-octave bands."""
    return jnp.full(num_samples.shape, bands.num, dtype=jnp.int32)


def seeds(seeds: Shaped[Array, "*batch 6"]) -> Shaped[Array, "*batch 6"]:
    """Return the words that identify the record's draws: seed (2), split, generator version, index (2)."""
    return seeds
