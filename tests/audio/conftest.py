"""Audio files, made here."""

import numpy as np
import pytest
from recordings import noise, write


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Two groups in one folder: "music", 3 WAV files of 2 channels, and "speech", 5 of 0.3 to 1.5 s; all 8000 Hz."""
    folder = tmp_path_factory.mktemp("library")
    for number in range(3):
        write(folder / "music" / f"{number}.wav", noise(1.0 + 0.25 * number, seed=number))
    for number in range(5):
        write(folder / "speech" / f"speaker{number % 2}" / f"{number}.wav", noise(0.3 * (number + 1), seed=10 + number))
    return folder


@pytest.fixture(scope="session")
def sources(library):
    return {"speech": [str(library / "speech")], "music": [str(library / "music")]}


@pytest.fixture(scope="session")
def ramp(tmp_path_factory):
    """A file of 2 s in which every sample tells its own number: the i-th is i / 32768, in 2 channels of either sign."""
    path = tmp_path_factory.mktemp("ramp") / "ramp.wav"
    values = (np.arange(16_000) / 32_768).astype(np.float32)
    return write(path, np.stack([values, -values]))
