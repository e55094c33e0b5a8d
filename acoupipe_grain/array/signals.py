"""Waveforms of sources and sensor noise, drawn from the record's own streams."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from acoupipe_grain.seeding import Streams


def source_waveforms(
    streams: Streams, index: int, num_sources: int, num_samples: int
) -> Float[np.ndarray, "source sample"]:
    """Return white noise of unit variance for each source, shape (num_sources, num_samples), float32."""
    return streams.generator("source_waveforms", index).standard_normal((num_sources, num_samples), dtype=np.float32)


def noise_waveforms(streams: Streams, index: int, num_samples: int, num_mics: int) -> Float[np.ndarray, "sample mic"]:
    """Return white noise of unit variance for each microphone, shape (num_samples, num_mics), float32."""
    return streams.generator("noise_waveforms", index).standard_normal((num_samples, num_mics), dtype=np.float32)
