"""Filters that are equally wide on the mel scale of M. Slaney's Auditory Toolbox, which is librosa's by default."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Float64, Int

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError

_HZ_PER_MEL = 200.0 / 3.0
_LOG_FROM = 1000.0
"""Hz: linear below, logarithmic above."""
_LOG_STEP = math.log(6.4) / 27.0
"""27 mel multiply the frequency by 6.4."""


def hz_to_mel(frequencies: Float[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    """Return frequencies in Hz on the mel scale: 3 f / 200 below 1 kHz, 15 + 27 ln(f / 1 kHz) / ln 6.4 above.

    M. Slaney, "Auditory Toolbox", Technical Report 1998-010, Interval Research Corporation, 1998.
    """
    frequencies = np.asarray(frequencies, dtype=np.float64)
    above = np.log(np.maximum(frequencies, _LOG_FROM) / _LOG_FROM) / _LOG_STEP
    return np.minimum(frequencies, _LOG_FROM) / _HZ_PER_MEL + above


def mel_to_hz(mels: Float[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    """Return positions on the mel scale in Hz, the inverse of `hz_to_mel`."""
    mels = np.asarray(mels, dtype=np.float64)
    bend = _LOG_FROM / _HZ_PER_MEL
    return np.minimum(mels, bend) * _HZ_PER_MEL * np.exp(np.maximum(mels - bend, 0.0) * _LOG_STEP)


def mel_filters(
    sample_rate: int, window_size: int, n_mels: int = 128, min_freq: float = 0.0, max_freq: float | None = None
) -> Float64[np.ndarray, "mel bin"]:
    """Return triangular filters, equally spaced on the mel scale, each with the area 1 over the frequency in Hz.

    Every filter rises from the centre of the one before it, and falls to that of the next one.

    Parameters
    ----------
    sample_rate
        Of the audio, Hz.
    window_size
        Samples of a frame.
    n_mels
        Number of filters, at least 1.
    min_freq
        Where the first filter begins, Hz, at least 0.
    max_freq
        Where the last filter ends, Hz, above `min_freq`, at most half the sample rate, which None stands for.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or a filter is so narrow that no bin lies within it.
    """
    half = sample_rate / 2
    n_mels = arguments.integer("n_mels", n_mels, minimum=1)
    low = arguments.number("min_freq", min_freq, minimum=0, below=half, unit="Hz")
    highest = half if max_freq is None else max_freq
    high = arguments.number("max_freq", highest, above=low, maximum=half, unit="Hz")
    bin_width = sample_rate / window_size
    empty = _without_bin(_edges(n_mels, low, high) / bin_width)
    if empty.size:
        fitting = _most_with_bins(n_mels, low, high, bin_width)
        remedy = f"at most {fitting} filters" if fitting else "a wider range of frequencies"
        raise ArgumentError(
            f"n_mels={n_mels}: no bin of a window of {window_size} samples at {sample_rate} Hz lies within "
            f"{empty.size} of the filters from {low:g} to {high:g} Hz, number {empty[0]} for one; use {remedy}, or a "
            "larger window_size."
        )
    begin, centre, end = _each(_edges(n_mels, low, high)[:, np.newaxis])
    bins = np.arange(window_size // 2 + 1) * bin_width
    rising, falling = (bins - begin) / (centre - begin), (end - bins) / (end - centre)
    return np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (end - begin)


def _edges(n_mels: int, low: float, high: float) -> Float64[np.ndarray, " edge"]:
    """Return where filters begin and have their centres, and where the last one ends, Hz."""
    first, last = hz_to_mel(np.array([low, high]))
    return mel_to_hz(np.linspace(first, last, n_mels + 2))


def _each(edges: Float64[np.ndarray, "edge ..."]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the beginning, centre and end of every filter."""
    return edges[:-2], edges[1:-1], edges[2:]


def _without_bin(edges: Float64[np.ndarray, " edge"]) -> Int[np.ndarray, " filter"]:
    """Return the numbers of the filters in which no bin lies, of edges in bins."""
    begin, _, end = _each(edges)
    return np.flatnonzero(np.floor(begin) + 1 >= end)


def _most_with_bins(n_mels: int, low: float, high: float, bin_width: float) -> int:
    """Return the largest number of filters, less than `n_mels`, that all hold bins; 0 if there is none."""
    fitting, too_many = 0, n_mels
    while too_many - fitting > 1:
        number = (fitting + too_many) // 2
        if _without_bin(_edges(number, low, high) / bin_width).size:
            too_many = number
        else:
            fitting = number
    return fitting
