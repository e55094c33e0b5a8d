"""Records of signals, and estimates of their spectra that are independent of the package."""

import numpy as np
from scipy import stats

from acoupipe_grain.array.signals import SignalRecord, expected_line_powers
from acoupipe_grain.seeding import Streams

SAMPLE_RATE = 8000.0


def record_of(index=0, *, num_sources=3, max_nsources=3, num_samples=4096, seed=5):
    """Return the sources of a record."""
    return SignalRecord(Streams(seed, "training"), index, num_sources, max_nsources, num_samples, SAMPLE_RATE)


def uniform(low, high):
    return {"dist": "uniform", "loc": low, "scale": high - low}


def welch(waveforms, setup):
    """Return Welch's estimate of the power of each bin of each waveform, (F, J)."""
    window, size = setup.window_values, setup.block_size
    starts = range(0, waveforms.shape[1] - size + 1, setup.hop_size)
    blocks = np.stack([waveforms[:, start : start + size] for start in starts]).astype(float)
    powers = np.mean(np.abs(np.fft.rfft(blocks * window, axis=2)) ** 2, axis=0) / (size * np.sum(window**2))
    powers[:, 1:-1] *= 2
    return powers.T


def relative_line_powers(signal, setup, num_records, **sizes):
    """Return Welch's powers of records relative to their expectations, averaged over sources, (record, F)."""
    ratios = []
    for index in range(num_records):
        record = record_of(index, **sizes)
        expected = expected_line_powers(signal.autocorrelations(record, setup.block_size), setup)
        ratios.append(np.mean(welch(signal.waveforms(record), setup) / expected, axis=1))
    return np.array(ratios)


def assert_means_are_one(ratios, confidence=0.999):
    """Assert that independent rows have the mean 1 in every column, with a confidence for all columns together."""
    errors = (ratios.mean(axis=0) - 1) / (ratios.std(axis=0, ddof=1) / np.sqrt(len(ratios)))
    limit = stats.t.isf((1 - confidence) / 2 / ratios.shape[1], len(ratios) - 1)
    assert np.abs(errors).max() < limit
