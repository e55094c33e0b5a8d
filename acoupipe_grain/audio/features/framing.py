"""Frames of audio: how long, how far apart, under which window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError

WINDOWS: dict[str, Callable[[int], np.ndarray]] = {
    "blackman": np.blackman,
    "hamming": np.hamming,
    "hann": np.hanning,
    "rectangular": np.ones,
}
"""Symmetric window functions by name; `Framing` makes them periodic."""


@dataclass(frozen=True)
class Framing:
    """How audio is cut into frames: frame k has the `window_size` samples from k · `hop_size` on.

    Parameters
    ----------
    sample_rate
        Of the audio, Hz, at least 1.
    window_size
        Samples of a frame, and of its Fourier transform, at least 2.
    hop_size
        Samples from the beginning of one frame to that of the next, at least 1. It need not divide the window's size,
        and may be larger.
    window
        "hann", "hamming", "blackman" or "rectangular"; periodic, as for spectra they should be: one period of the
        cosines takes `window_size` samples.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    sample_rate: int
    window_size: int = 512
    hop_size: int = 256
    window: str = "hann"

    def __post_init__(self) -> None:
        checked = {
            "sample_rate": arguments.integer("sample_rate", self.sample_rate, minimum=1),
            "window_size": arguments.integer("window_size", self.window_size, minimum=2),
            "hop_size": arguments.integer("hop_size", self.hop_size, minimum=1),
            "window": arguments.choice("window", self.window, WINDOWS),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def window_values(self) -> Float64[np.ndarray, " sample"]:
        """The window, as `scipy.signal.get_window` gives it with ``fftbins=True``."""
        return WINDOWS[self.window](self.window_size + 1)[:-1]

    @property
    def num_bins(self) -> int:
        """Lines of a frame's spectrum, from 0 Hz to half the sample rate."""
        return self.window_size // 2 + 1

    def num_frames(self, num_samples: int) -> int:
        """Return how many frames a segment has: as many as whole hops lie within it.

        Raises
        ------
        ArgumentError
            If there is none.
        """
        if num_samples < self.hop_size:
            raise ArgumentError(
                f"hop_size={self.hop_size}: a segment of {num_samples} samples is shorter than a hop and has no frame; "
                f"use a hop_size of at most {num_samples}, or longer segments."
            )
        return num_samples // self.hop_size

    def num_samples_read(self, num_samples: int) -> int:
        """Return how many samples from a segment's beginning on make all its frames whole, at least `num_samples`.

        The last frames reach beyond the segment where the window is longer than a hop.
        """
        return max(num_samples, (self.num_frames(num_samples) - 1) * self.hop_size + self.window_size)

    def to_json(self) -> dict[str, Any]:
        """Return the values as a JSON mapping."""
        return asdict(self)
