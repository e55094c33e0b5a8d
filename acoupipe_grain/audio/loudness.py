"""Loudness of audio."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from acoupipe_grain.extras import import_extra

SILENCE = -70.0
"""LUFS: the absolute gate of ITU-R BS.1770-4. Nothing quieter is measured, so no signal has less."""

MIN_SAMPLE_RATE = 4000
"""Hz: below it the standard's weighting filter, with its step at 1.7 kHz, has no room."""

MAX_STANDARD_CHANNELS = 5
_LEAST_POWER = 10.0 ** ((SILENCE + 0.691) / 10.0)
_BLOCK_SECONDS, _BLOCKS_PER_LENGTH = 0.4, 4
_WEIGHTING = "DeMan"
"""pyloudnorm's name of the filters with the standard's own coefficients; its default ones only come near them."""


def integrated_loudness(audio: Float[np.ndarray, "channel sample"], sample_rate: int) -> float:
    """Return the integrated loudness after ITU-R BS.1770-4, in LUFS.

    A sine of 1 kHz and full scale in one channel has −3.01 LUFS, the same in two channels 0. Blocks of 0.4 s overlap by
    three quarters; those below −70 LUFS, and those more than 10 LU below the mean of the others, do not count, nor does
    what is left at the end. Signals shorter than 0.4 s are padded with zeros to 0.4 s: a tone of 0.2 s reads 3 LU less
    than a longer one.

    Parameters
    ----------
    audio
        Full scale is 1. Up to five channels are left, right, centre, left surround and right surround, the latter two
        with a weight of 1.41. More channels, of a microphone array for instance, have a weight of 1 each.
    sample_rate
        Hz, at least 4000.

    Returns
    -------
    float
        At least −70, which is what silence has: numbers to learn from must be finite.
    """
    pyloudnorm = import_extra("pyloudnorm", "audio", "measurements of loudness")
    meter = pyloudnorm.Meter(sample_rate, filter_class=_WEIGHTING, block_size=_BLOCK_SECONDS)
    signal = _whole_blocks(np.asarray(audio, dtype=np.float64), sample_rate)
    if len(signal) <= MAX_STANDARD_CHANNELS:
        return max(float(meter.integrated_loudness(np.ascontiguousarray(signal.T))), SILENCE)
    powers = []
    for channel in signal:
        meter.integrated_loudness(channel)
        powers.append(_powers(np.array(meter.blockwise_loudness)))
    return gated_loudness(np.sum(powers, axis=0))


def gated_loudness(powers: Float[np.ndarray, " block"]) -> float:
    """Return the loudness of blocks of weighted power that pass both gates, at least −70 LUFS.

    Equations 5 to 7 of ITU-R BS.1770-4.
    """
    passed = powers[powers >= _LEAST_POWER]
    if not passed.size:
        return SILENCE
    # Ten times less power is the relative gate, 10 LU below the mean.
    passed = passed[passed > 0.1 * passed.mean()]
    return max(float(10.0 * np.log10(passed.mean()) - 0.691), SILENCE)


def _powers(loudness: Float[np.ndarray, " block"]) -> Float[np.ndarray, " block"]:
    return 10.0 ** ((loudness + 0.691) / 10.0)


def _whole_blocks(
    audio: Float[np.ndarray, "channel sample"], sample_rate: int
) -> Float[np.ndarray, "channel whole_block_sample"]:
    """Return a signal of as many whole blocks as there are, at least one: pyloudnorm would count half ones as whole."""
    num_samples = audio.shape[1]
    hop = _BLOCK_SECONDS / _BLOCKS_PER_LENGTH * sample_rate
    num_hops = max(_BLOCKS_PER_LENGTH, int(num_samples / hop + 1e-9))
    length = int(np.ceil(num_hops * hop))
    return np.pad(audio[:, :length], ((0, 0), (0, max(0, length - num_samples))))
