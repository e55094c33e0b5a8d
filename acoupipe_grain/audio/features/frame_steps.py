"""Quantities that features of frames share: pure functions on arrays with any leading axes.

In double precision as far as rounding would show: of single precision, a Fourier transform leaves 1e-7 of the loudest
line in every other one, and a cosine transform of levels 1e-3 dB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from acoupipe_grain.audio.features.framing import Framing
from acoupipe_grain.audio.features.mel import mel_filters
from acoupipe_grain.double_precision import in_double_precision

LEAST_POWER = 1e-10
"""Powers below have the level of this one, -100 dB: numbers to learn from must be finite."""


def frames_of(
    audio: Float[Array, "*batch audio_sample"], framing: Framing, num_frames: int
) -> Float32[Array, "*batch frame sample"]:
    """Return the first frames of audio, which must be long enough for them, in float32.

    A gather of whole frames: on the CPU two to five times as fast as one of single samples, or as joining hops.
    """
    starts = np.arange(num_frames, dtype=np.int32) * framing.hop_size

    def frame(start: Array) -> Array:
        return jax.lax.dynamic_slice_in_dim(audio, start, framing.window_size, axis=-1)

    return jax.vmap(frame, out_axes=-2)(jnp.asarray(starts)).astype(jnp.float32)


def windowed_frames(
    frames: Float32[Array, "*batch frame sample"], framing: Framing
) -> Float32[Array, "*batch frame sample"]:
    """Return the frames under the window."""
    return frames * framing.window_values.astype(np.float32)


@in_double_precision
def powers(frames: Float32[Array, "*batch frame sample"], framing: Framing) -> Float32[Array, "*batch frame bin"]:
    """Return the squared magnitude of the frames' Fourier transforms under the window, unscaled."""
    spectra = jnp.fft.rfft(frames.astype(jnp.float64) * framing.window_values)
    return (spectra.real**2 + spectra.imag**2).astype(jnp.float32)


def magnitudes(powers: Float32[Array, "*batch frame bin"]) -> Float32[Array, "*batch frame bin"]:
    """Return the magnitude of the frames' Fourier transforms under the window, unscaled."""
    return jnp.sqrt(powers)


def mel_powers(
    powers: Float32[Array, "*batch frame bin"],
    framing: Framing,
    *,
    n_mels: int = 128,
    min_freq: float | int = 0.0,
    max_freq: float | int | None = None,
) -> Float32[Array, "*batch frame mel"]:
    """Return the powers within the filters of `mel_filters`; a sum of nothing negative, single precision will do."""
    filters = mel_filters(framing.sample_rate, framing.window_size, n_mels, min_freq, max_freq)
    return jnp.matmul(powers, filters.T.astype(np.float32), precision=jax.lax.Precision.HIGHEST)


@in_double_precision
def mel_levels(mel_powers: Float32[Array, "*batch frame mel"]) -> Float32[Array, "*batch frame mel"]:
    """Return the levels 10 lg S of the powers in dB, at least -100."""
    # Logarithms of single precision are off by 1e-5 dB, much in the same direction: too much to be summed, as in MFCC.
    return (10.0 * jnp.log10(jnp.maximum(mel_powers.astype(jnp.float64), LEAST_POWER))).astype(jnp.float32)


STEPS: dict[str, Callable[..., Any]] = {
    "windowed_frames": windowed_frames,
    "powers": powers,
    "magnitudes": magnitudes,
    "mel_powers": mel_powers,
    "mel_levels": mel_levels,
}
"""Quantities that are computed from others, by name."""

INPUTS = ("audio", "frames")
"""Quantities that everything is computed from: the segment's own samples, and its frames (..., frame, sample)."""

STATIC = ("framing",)
"""Names under which features take static objects."""
