"""Random numbers of simulations in JAX: the same whatever the batch, its order and JAX's settings.

threefry2x32 in its partitionable form, in float32, from one key for each record; J. K. Salmon et al., "Parallel random
numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int, Shaped

KEY_IMPLEMENTATION = "threefry2x32"

SOURCES = 2**31
NOISE = 2**31 + 1
NOISE_SPECTRA = 2**31 + 2
"""What follows a record's key for the waveforms of sources, of sensor noise, and for spectra of sensor noise; smaller
numbers are those of frequency bins."""


def descendant(words: Shaped[Array, "2"], *numbers: int | Int[Array, ""]) -> Shaped[Array, ""]:
    """Return the JAX key that follows from the words of a record's key and some numbers."""
    with jax.threefry_partitionable(True):
        key = jax.random.wrap_key_data(words, impl=KEY_IMPLEMENTATION)
        for number in numbers:
            key = jax.random.fold_in(key, jnp.asarray(number, dtype=jnp.uint32))
        return key


def standard_normal(key: Shaped[Array, ""], shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Return normal numbers of unit variance."""
    with jax.threefry_partitionable(True):
        return jax.random.normal(key, shape, dtype=jnp.float32)


def complex_normal(key: Shaped[Array, ""], shape: tuple[int, ...]) -> Complex[Array, "..."]:
    """Return circular complex normal numbers, E[z z*] = 1."""
    parts = standard_normal(key, (2, *shape)) * np.float32(np.sqrt(0.5))
    return jax.lax.complex(parts[0], parts[1])


def source_waveform(words: Shaped[Array, "2"], source: Int[Array, ""], num_samples: int) -> Float[Array, " sample"]:
    """Return the white waveform of unit variance that one source of a record radiates.

    Parameters
    ----------
    words
        Words of the record's key.
    source
        Number of the source.
    num_samples
        Length of the waveform.
    """
    return standard_normal(descendant(words, SOURCES, source), (num_samples,))


def noise_waveform(words: Shaped[Array, "2"], mic: Int[Array, ""], num_samples: int) -> Float[Array, " sample"]:
    """Return the white waveform of unit variance that is one microphone's sensor noise.

    Parameters
    ----------
    words
        Words of the record's key.
    mic
        Number of the microphone.
    num_samples
        Length of the waveform.
    """
    return standard_normal(descendant(words, NOISE, mic), (num_samples,))
