"""Signals on which features are compared with other libraries."""

import numpy as np

SAMPLE_RATE = 16_000
_NOISE = 0.1 * np.random.default_rng(1).standard_normal(SAMPLE_RATE)
_TIMES = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def _pink():
    spectrum = np.fft.rfft(np.random.default_rng(2).standard_normal(SAMPLE_RATE))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    signal = np.fft.irfft(spectrum)
    return 0.5 * signal / np.abs(signal).max()


SIGNALS = {
    name: signal.astype(np.float32)
    for name, signal in (
        ("noise", _NOISE),
        ("a tone 80 dB above noise", np.sin(2 * np.pi * 1000.3 * _TIMES) + 7.07e-4 * _NOISE),
        ("a chirp", np.sin(2 * np.pi * (50 * _TIMES + 3900 * _TIMES**2))),
        ("pink noise", _pink()),
        ("silence", np.zeros(SAMPLE_RATE)),
    )
}
"""A second of each at 16 kHz; full scale is 1."""

FRAMINGS = ((512, 256), (400, 160), (1024, 300), (256, 300))
"""Sizes of window and hop: half, not a part of, and larger than the window."""


def noise(*shape, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def samples_of(signal, framing):
    """Return a second of a signal, and the silence after it that its frames reach."""
    return np.pad(signal, (0, framing.num_samples_read(len(signal)) - len(signal)))
