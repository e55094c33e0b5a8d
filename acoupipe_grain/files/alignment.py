"""How long the streams of a name are together: the length rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, Int64

MAX_DIFFERENCE_PERCENT = 10


@dataclass(frozen=True, eq=False)
class Alignment:
    """Lengths in samples of the fastest stream.

    Streams of one frame, which say something of the whole name, repeat over time and do not count; waveforms do.

    Attributes
    ----------
    shortest, longest
        Of the streams of every name.
    lengths
        To which its streams are cut: the shortest, floored to a multiple of the largest resolution.
    """

    shortest: Int64[np.ndarray, " name"]
    longest: Int64[np.ndarray, " name"]
    lengths: Int64[np.ndarray, " name"]

    @property
    def is_mismatch(self) -> Bool[np.ndarray, " name"]:
        """Whose streams differ by more than 10 % of the longest."""
        return 100 * (self.longest - self.shortest) > MAX_DIFFERENCE_PERCENT * self.longest


def align(
    num_frames: Int[np.ndarray, "stream name"],
    resolutions: Int[np.ndarray, " stream"],
    is_waveform: Bool[np.ndarray, " stream"] | None = None,
) -> Alignment:
    """Return how long the streams of every name are.

    Parameters
    ----------
    num_frames
        Frames of every file, at least 1.
    resolutions
        Samples of the fastest stream for one frame of each.
    is_waveform
        Which streams are waveforms: one sample of sound says nothing of a whole name. None: none.
    """
    largest = int(resolutions.max())
    num_samples = num_frames.astype(np.int64) * resolutions[:, None]
    has_time = num_frames > 1
    if is_waveform is not None:
        has_time |= is_waveform[:, None]
    is_timeless = ~has_time.any(axis=0)
    longest = np.where(is_timeless, largest, np.where(has_time, num_samples, 0).max(axis=0))
    endless = np.iinfo(np.int64).max
    shortest = np.where(is_timeless, largest, np.where(has_time, num_samples, endless).min(axis=0))
    return Alignment(shortest, longest, shortest // largest * largest)
