"""Excerpts of audio files at a wanted sample rate, reading no more of a file than they need."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float32

from acoupipe_grain.audio.files import AudioFile, BrokenFileError
from acoupipe_grain.errors import DataError
from acoupipe_grain.extras import import_extra

QUALITY = "HQ"
"""soxr's quality: 20 bits, 0.91 of the lower Nyquist frequency passed."""

MARGIN = 256
"""Samples, at the lower of both rates, read besides an excerpt: soxr's filter reaches less than 128 to either side."""


def num_samples_at(file: AudioFile, sample_rate: int) -> int:
    """Return how many samples of `sample_rate` lie within the duration of a file."""
    return -(-file.num_frames * sample_rate // file.sample_rate)


def read_excerpt(
    file: AudioFile, start: int, num_samples: int, sample_rate: int, *, mono: bool
) -> Float32[np.ndarray, "channel sample"]:
    """Read an excerpt of a file.

    Sample k of a resampled file is its sound at the time k / `sample_rate`. An excerpt holds the samples that it would
    have if the whole file were resampled, to 1e-5 of full scale: its first frame is one that both rates have in common,
    and as many frames are read besides as the resampler's filter reaches. Beyond both ends a file is silent.

    Parameters
    ----------
    file
        The file.
    start
        First sample, at `sample_rate`.
    num_samples
        Length of the excerpt at `sample_rate`; what lies beyond the file's end is zero.
    sample_rate
        Wanted rate, Hz; if it is not the file's, soxr resamples, always alike.
    mono
        Whether channels are averaged; else all are kept.

    Returns
    -------
    Array of shape (channel, sample)
        Full scale is 1.

    Raises
    ------
    BrokenFileError
        If the file cannot be opened or decoded, ends too early, or holds numbers that are not finite.
    DataError
        If its header is no longer what it was.
    """
    stop = min(start + num_samples, num_samples_at(file, sample_rate))
    if file.sample_rate == sample_rate and stop == start + num_samples:
        return np.ascontiguousarray(_read_frames(file, start, stop, mono))
    excerpt = np.zeros((1 if mono else file.num_channels, num_samples), dtype=np.float32)
    if stop <= start:
        return excerpt
    if file.sample_rate == sample_rate:
        excerpt[:, : stop - start] = _read_frames(file, start, stop, mono)
        return excerpt
    common = math.gcd(file.sample_rate, sample_rate)
    frames, samples = file.sample_rate // common, sample_rate // common  # so many of each take the same time
    margin = math.ceil(MARGIN * max(1.0, frames / samples))
    first = max(0, (start * frames // samples - margin) // frames * frames)
    last = -(-stop * frames // samples) + margin
    heard = np.zeros((excerpt.shape[0], last - first), dtype=np.float32)
    there = min(last, file.num_frames)
    heard[:, : there - first] = _read_frames(file, first, there, mono)
    soxr = import_extra("soxr", "audio", "resampling")
    resampled = soxr.resample(np.ascontiguousarray(heard.T), file.sample_rate, sample_rate, quality=QUALITY)
    begin = start - first // frames * samples
    excerpt[:, : stop - start] = resampled[begin : begin + stop - start].T
    return excerpt


def _read_frames(file: AudioFile, start: int, stop: int, mono: bool) -> Float32[np.ndarray, "channel frame"]:
    """Return frames of a file as it is, or the mean over its channels."""
    soundfile = import_extra("soundfile", "audio", "audio files")
    try:
        with soundfile.SoundFile(file.path) as opened:
            now = opened.frames, opened.samplerate, opened.channels
            _require_unchanged(file, now)
            opened.seek(start)
            opened.seekable = lambda: False  # soundfile seeks after reading, too, and decoders then begin anew
            frames = opened.read(stop - start, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise BrokenFileError(f"{file.path}: cannot be decoded at frame {start} ({error}).") from error
    if len(frames) < stop - start:
        raise BrokenFileError(
            f"{file.path}: ends after {start + len(frames)} of the {file.num_frames} frames that its header tells."
        )
    if not np.isfinite(frames).all():
        raise BrokenFileError(f"{file.path}: holds numbers that are not finite.")
    return _mean(frames) if mono and file.num_channels > 1 else frames.T


def _mean(frames: Float32[np.ndarray, "frame channel"]) -> Float32[np.ndarray, "1 frame"]:
    total = np.zeros(len(frames))
    for channel in frames.T:  # NumPy's mean over so short an axis takes ten times as long
        total += channel
    return (total / frames.shape[1]).astype(np.float32)[np.newaxis]


def _require_unchanged(file: AudioFile, now: tuple[int, int, int]) -> None:
    before = file.num_frames, file.sample_rate, file.num_channels
    if now != before:
        raise DataError(
            f"{file.path}: has {now[0]} frames at {now[1]} Hz in {now[2]} channels, and had {before[0]} at "
            f"{before[1]} Hz in {before[2]} when the source was made; make the source anew."
        )
