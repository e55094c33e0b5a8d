"""Labelled recordings, made here."""

import numpy as np
import pytest
from recordings import RATE, noise, write


@pytest.fixture(scope="session")
def birds(tmp_path_factory):
    """Four recordings of 2 channels at 8000 Hz in two folders, with every kind of label file.

    Of 2 s each; a tone sounds from 0.5 to 1.0 s ("a/..." low, "b/..." high) over quiet noise.
    """
    folder = tmp_path_factory.mktemp("birds")
    for number, (group, frequency) in enumerate([("a", 500), ("a", 600), ("b", 2000), ("b", 2100)]):
        audio = noise(2.0, seed=number, level=1e-3)
        times = np.arange(4000) / RATE
        audio[:, 4000:8000] += np.float32(0.2) * np.sin(2 * np.pi * frequency * times).astype(np.float32)
        name = f"{group}/{number}"
        write(folder / "audio" / f"{name}.wav", audio)
        chunks = folder / "chunks" / f"{name}.seg"
        chunks.parent.mkdir(parents=True, exist_ok=True)
        chunks.write_text(f"0.5,1.0,{'low' if group == 'a' else 'high'}\n")
    names = ["a/0.wav,low", "a/1.wav,low", "b/2.wav,high", "b/3.wav,high"]
    (folder / "files.csv").write_text("\n".join(names) + "\n")
    (folder / "labels.csv").write_text("0,low\n1,high\n")
    return folder


@pytest.fixture(scope="session")
def audio(birds):
    return str(birds / "audio")
