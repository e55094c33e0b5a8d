"""What all files must have in common for their excerpts to have one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.audio.files import AudioFile
from acoupipe_grain.audio.loudness import MIN_SAMPLE_RATE
from acoupipe_grain.errors import ArgumentError

MAX_SAMPLE_RATE = 10_000_000
"""Hz: ultrasound, with room; what a block of 0.4 s to measure takes grows with it."""


def common_sample_rate(files: Sequence[AudioFile], sample_rate: Any, minimum: int = MIN_SAMPLE_RATE) -> int:
    """Return the sample rate of excerpts, Hz.

    Parameters
    ----------
    files
        The files.
    sample_rate
        What is wanted; None: that of the files.
    minimum
        The lowest that can be used, Hz; measurements of loudness need 4000.

    Raises
    ------
    ArgumentError
        If it is too low, or None and two files differ.
    """
    if sample_rate is not None:
        return arguments.integer("sample_rate", sample_rate, minimum=minimum, maximum=MAX_SAMPLE_RATE)
    if other := _other(files, "sample_rate"):
        raise ArgumentError(
            f"sample_rate=None: {files[0].path} has {files[0].sample_rate} Hz, {other.path} {other.sample_rate} Hz; "
            "give the sample_rate to which all are to be resampled."
        )
    if files[0].sample_rate < minimum:
        raise ArgumentError(
            f"sample_rate=None: the files have {files[0].sample_rate} Hz; give a sample_rate of at least {minimum} Hz, "
            "which measurements of loudness need."
        )
    return files[0].sample_rate


def common_num_channels(files: Sequence[AudioFile], mono: bool) -> int:
    """Return the number of channels of excerpts: 1 if they are averaged.

    Raises
    ------
    ArgumentError
        If they are not, and two files differ.
    """
    if mono:
        return 1
    if other := _other(files, "num_channels"):
        raise ArgumentError(
            f"mono=False: channels of {files[0].path}: {files[0].num_channels}, of {other.path}: {other.num_channels}; "
            "average them with mono=True, or choose files with the same number."
        )
    return files[0].num_channels


def _other(files: Sequence[AudioFile], attribute: str) -> AudioFile | None:
    """Return the first file that differs from the very first one, if one does."""
    common = getattr(files[0], attribute)
    return next((file for file in files if getattr(file, attribute) != common), None)
