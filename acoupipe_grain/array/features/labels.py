"""Labels: positions, strengths and the numbers that identify a record."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from acoupipe_grain.array.features.bands import Bands


def loc(positions: Float[Array, "*batch 3 source"]) -> Float[Array, "*batch 3 source"]:
    """Return the source positions, m."""
    return positions


def source_direction(directions: Float[Array, "*batch 3 source"]) -> Float[Array, "*batch 3 source"]:
    """Return the axes of the sources' directivity, unit vectors; zero where they radiate alike in all directions."""
    return directions


def source_strength_analytic(
    source_line_powers: Float[Array, "*batch line source"], bands: Bands
) -> Float[Array, "*batch freq source"]:
    """Return the expected power of each source at the reference position per line or band, Pa²."""
    return bands.total(source_line_powers, axis=-2)


def noise_strength_analytic(
    noise_line_powers: Float[Array, "*batch line mic"], bands: Bands
) -> Float[Array, "*batch freq mic"]:
    """Return the expected sensor noise power of each microphone per line or band, Pa²."""
    return bands.total(noise_line_powers, axis=-2)


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
