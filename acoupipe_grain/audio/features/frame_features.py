"""The features of frames that come with the package.

Their parameters say what they need. Two-dimensional ones have the frames last, (..., size, frame).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Float64

from acoupipe_grain import arguments
from acoupipe_grain.audio.features.frame_steps import LEAST_POWER
from acoupipe_grain.audio.features.registry import add_frame_feature
from acoupipe_grain.double_precision import in_double_precision

ZERO = 1e-10
"""Samples up to this magnitude count as zero where zeros are crossed, as in librosa."""


def audio(audio: Float32[Array, "*batch sample"]) -> Float32[Array, "*batch sample"]:
    """Return the samples of the segment, full scale 1."""
    return audio


def energy(windowed_frames: Float[Array, "*batch sample"]) -> Float[Array, "*batch"]:
    """Return the sum of the squared samples of every frame under its window."""
    return jnp.sum(windowed_frames**2, axis=-1)


def spectral_flatness(magnitudes: Float[Array, "*batch bin"]) -> Float[Array, "*batch"]:
    """Return the geometric mean of magnitudes over their arithmetic mean, exp(mean ln m) / mean m.

    1 if all are the same, those of silence too; 0 if any of them is 0. (J. D. Johnston, "Transform coding of audio
    signals using perceptual noise criteria", IEEE J. Sel. Areas Commun. 6(2), 1988, of powers there.)
    """
    mean = jnp.mean(magnitudes, axis=-1)
    is_silent = mean == 0
    geometric_mean = jnp.exp(jnp.mean(jnp.log(magnitudes), axis=-1))
    return jnp.where(is_silent, 1.0, geometric_mean / jnp.where(is_silent, 1.0, mean))


def magnitude_spectrum(magnitudes: Float32[Array, "*batch frame bin"]) -> Float32[Array, "*batch bin frame"]:
    """Return the magnitude of the frames' Fourier transforms under the window, unscaled."""
    return jnp.swapaxes(magnitudes, -1, -2)


def power_spectrum(powers: Float32[Array, "*batch frame bin"]) -> Float32[Array, "*batch bin frame"]:
    """Return the squared magnitude of the frames' Fourier transforms under the window, unscaled."""
    return jnp.swapaxes(powers, -1, -2)


def mel_spectrum(
    mel_powers: Float32[Array, "*batch frame mel"], *, log: bool = True
) -> Float32[Array, "*batch mel frame"]:
    """Return the powers within mel filters: in dB, 10 lg max(S, 1e-10), or with ``log=False`` as they are, S.

    More options, see `acoupipe_grain.audio.features.mel.mel_filters`: ``n_mels``, ``min_freq`` and ``max_freq`` in Hz.
    """
    powers = jnp.swapaxes(mel_powers, -1, -2)
    return 10.0 * jnp.log10(jnp.maximum(powers, LEAST_POWER)) if arguments.flag("log", log) else powers


@in_double_precision
def mfcc(
    mel_levels: Float32[Array, "*batch frame mel"], *, n_mfcc: int = 20
) -> Float32[Array, "*batch coefficient frame"]:
    """Return the first `n_mfcc` mel-frequency cepstral coefficients: the cosine transform of the mel levels in dB.

    DCT-II over the filters, orthonormal. (S. B. Davis, P. Mermelstein, "Comparison of parametric representations for
    monosyllabic word recognition in continuously spoken sentences", IEEE Trans. ASSP 28(4), 1980.) More options:
    ``n_mels``, ``min_freq`` and ``max_freq`` in Hz.
    """
    num_mels = mel_levels.shape[-1]
    number = arguments.integer("n_mfcc", n_mfcc, minimum=1, maximum=num_mels)
    levels = jnp.swapaxes(mel_levels, -1, -2).astype(jnp.float64)
    coefficients = jnp.matmul(_cosines(number, num_mels), levels, precision=jax.lax.Precision.HIGHEST)
    return coefficients.astype(jnp.float32)


def _cosines(number: int, size: int) -> Float64[np.ndarray, "coefficient mel"]:
    """Return the first rows of the orthonormal DCT-II."""
    angles = np.pi / size * np.outer(np.arange(number), np.arange(size) + 0.5)
    return np.cos(angles) * np.sqrt(np.where(np.arange(number) == 0, 1.0, 2.0) / size)[:, np.newaxis]


def zero_crossing_rate(frames: Float32[Array, "*batch frame sample"]) -> Float32[Array, "*batch frame"]:
    """Return how often the sign changes within a frame, over its number of samples; zero counts as positive.

    The frames are not under the window.
    """
    is_negative = frames < -ZERO
    changes = is_negative[..., 1:] != is_negative[..., :-1]
    return jnp.sum(changes, axis=-1, dtype=jnp.int32).astype(jnp.float32) / frames.shape[-1]


def _unit_of_mel(options: Mapping[str, Any]) -> str:
    return "dB" if options["log"] else "1"


for _name, _compute, _axes, _unit in (
    ("audio", audio, ("sample",), "1"),
    ("energy", energy, ("frame",), "1"),
    ("spectral_flatness", spectral_flatness, ("frame",), "1"),
    ("magnitude_spectrum", magnitude_spectrum, ("bin", "frame"), "1"),
    ("power_spectrum", power_spectrum, ("bin", "frame"), "1"),
    ("mel_spectrum", mel_spectrum, ("mel", "frame"), _unit_of_mel),
    ("mfcc", mfcc, ("coefficient", "frame"), "dB"),
    ("zero_crossing_rate", zero_crossing_rate, ("frame",), "1"),
):
    add_frame_feature(_name, _compute, _axes, _unit)
