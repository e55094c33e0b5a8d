"""Waveforms of sources and sensor noise, drawn from the record's own streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

from acoupipe_grain.seeding import Streams


class Waveforms(Protocol):
    """What sources radiate and sensors add in each record: signals of unit variance."""

    def sources(self, index: int, num_sources: int, num_samples: int) -> Float[np.ndarray, "source sample"]:
        """Return the signal of each source, shape (num_sources, num_samples)."""
        ...

    def noise(self, index: int, num_samples: int, num_mics: int) -> Float[np.ndarray, "sample mic"]:
        """Return the sensor noise of each microphone, shape (num_samples, num_mics)."""
        ...


@dataclass(frozen=True)
class WhiteNoise:
    """White noise of unit variance, float32, from streams of its own."""

    streams: Streams

    def sources(self, index: int, num_sources: int, num_samples: int) -> Float[np.ndarray, "source sample"]:
        """Return the signal of each source, shape (num_sources, num_samples)."""
        rng = self.streams.generator("source_waveforms", index)
        return rng.standard_normal((num_sources, num_samples), dtype=np.float32)

    def noise(self, index: int, num_samples: int, num_mics: int) -> Float[np.ndarray, "sample mic"]:
        """Return the sensor noise of each microphone, shape (num_samples, num_mics)."""
        rng = self.streams.generator("noise_waveforms", index)
        return rng.standard_normal((num_samples, num_mics), dtype=np.float32)
