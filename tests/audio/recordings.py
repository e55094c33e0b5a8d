"""Recordings to write to files."""

import numpy as np
import soundfile

RATE = 8000


def noise(seconds, seed=0, num_channels=2, level=0.1, sample_rate=RATE):
    """Return white noise of shape (channels, samples)."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((num_channels, round(seconds * sample_rate)))).astype(np.float32)


def sine(seconds, frequency, sample_rate, level_db=-6.0):
    """Return a sine of a peak level in dB relative to full scale, in float64."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * times)


def write(path, audio, sample_rate=RATE, subtype=None):
    """Write audio of shape (channels, samples) and return the path; WAV files hold 32-bit floats."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if subtype is None and path.suffix.lower() == ".wav":
        subtype = "FLOAT"
    soundfile.write(path, np.atleast_2d(audio).T, sample_rate, subtype=subtype)
    return path
