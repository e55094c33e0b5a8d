"""Recordings of noise to measure with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acoupipe_grain.extras import import_extra


@dataclass(frozen=True)
class Recordings:
    """Recordings of noise, and how they are cut.

    Attributes
    ----------
    extension
        Of the files.
    sample_rate
        Hz.
    window_size, hop_size
        Of frames, samples.
    """

    extension: str
    sample_rate: int
    window_size: int
    hop_size: int


CASES = {
    "WAV, 16 kHz": Recordings(".wav", 16_000, 512, 256),
    "FLAC, 44.1 kHz": Recordings(".flac", 44_100, 1024, 512),
}
"""16-bit files of 60 s in one channel; segments of 1 s that overlap by half."""


def write_recordings(folder: Path, case: Recordings, num_files: int = 40, seconds: float = 60.0) -> None:
    """Write files of noise."""
    soundfile = import_extra("soundfile", "audio", "audio files")
    for number in range(num_files):
        generator = np.random.default_rng(number)
        audio = 0.1 * generator.standard_normal(round(seconds * case.sample_rate), dtype=np.float32)
        soundfile.write(folder / f"{number:02}{case.extension}", audio, case.sample_rate, subtype="PCM_16")
