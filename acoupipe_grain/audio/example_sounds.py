"""Synthesised sounds of three classes that look and sound different: chirps, hums and knocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float64

SAMPLE_RATE = 16_000
"""Hz."""


def chirp(rng: np.random.Generator, seconds: float) -> Float64[np.ndarray, " sample"]:
    """Return calls like a bird's: sweeps that rise from about 1.7 to 3.5 kHz, with an overtone, five per second.

    Parameters
    ----------
    rng
        What is drawn from.
    seconds
        Length, s.
    """
    low, high = rng.uniform(1500, 2000), rng.uniform(3200, 3800)
    num_samples, num_calls = _num_samples(seconds), max(1, round(5 * seconds))
    # Of every call, a fifth is a pause.
    times = (np.arange(num_samples) / num_samples * num_calls) % 1.0 / 0.8
    phases = 2 * np.pi * np.cumsum(low * (high / low) ** np.minimum(times, 1.0)) / SAMPLE_RATE
    return _faded(times, 0.2) * (np.sin(phases) + 0.1 * np.sin(2 * phases))


def hum(rng: np.random.Generator, seconds: float) -> Float64[np.ndarray, " sample"]:
    """Return a machine's hum: harmonics of about 210 Hz, whose level goes up and down some three times a second.

    Parameters
    ----------
    rng
        What is drawn from.
    seconds
        Length, s.
    """
    times = np.arange(_num_samples(seconds)) / SAMPLE_RATE
    orders = np.arange(1, 11)
    fundamental, rate = rng.uniform(180, 240), rng.uniform(2.5, 4.0)
    levels = rng.uniform(0.7, 1.0, orders.size) / orders**0.7
    phases = rng.uniform(0, 2 * np.pi, orders.size)
    harmonics = levels @ np.sin(2 * np.pi * fundamental * np.outer(orders, times) + phases[:, np.newaxis])
    modulation = 1.0 + 0.3 * np.sin(2 * np.pi * rate * times + rng.uniform(0, 2 * np.pi))
    return _faded(times / seconds, 0.04 / seconds) * modulation * harmonics


def knock(rng: np.random.Generator, seconds: float) -> Float64[np.ndarray, " sample"]:
    """Return knocks on wood: bursts of noise around about 900 Hz, each dying away, some seven per second.

    Parameters
    ----------
    rng
        What is drawn from.
    seconds
        Length, s.
    """
    num_samples = _num_samples(seconds)
    num_knocks = max(1, round(seconds / 0.14))
    since = (np.arange(num_samples) / num_samples * num_knocks) % 1.0 * seconds / num_knocks
    centre = rng.uniform(700, 1100)
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    frequencies = np.fft.rfftfreq(num_samples, 1 / SAMPLE_RATE)
    bursts = np.fft.irfft(spectrum * np.exp(-((frequencies - centre) ** 2) / (2 * 350.0**2)), num_samples)
    return bursts * np.exp(-since / rng.uniform(0.06, 0.08)) * np.minimum(1.0, since / 0.002)


SOUNDS: Mapping[str, Callable[[np.random.Generator, float], Float64[np.ndarray, " sample"]]] = {
    "chirp": chirp,
    "hum": hum,
    "knock": knock,
}
"""The classes by name: functions of a generator and a length in s that return a sound of any level."""


def _num_samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _faded(positions: Float64[np.ndarray, " sample"], part: float) -> Float64[np.ndarray, " sample"]:
    """Return a window over the positions 0 ... 1 that rises and falls within a part of them at both ends."""
    return np.sin(np.pi / 2 * np.clip(np.minimum(positions, 1.0 - positions) / part, 0.0, 1.0)) ** 2
