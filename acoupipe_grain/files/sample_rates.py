"""The sample rate that files have in common."""

from __future__ import annotations

from collections.abc import Sequence

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.files.wav import MAX_SAMPLE_RATE


def common_sample_rate(argument: str, paths: Sequence[str], sample_rates: Sequence[int]) -> int:
    """Return the sample rate of files, Hz.

    Parameters
    ----------
    argument
        What the files are called in messages.
    paths
        Where they are, at least one.
    sample_rates
        What their headers say, Hz.

    Raises
    ------
    ArgumentError
        If they have different ones.
    DataError
        If it is none that sound can have.
    """
    first = sample_rates[0]
    for path, sample_rate in zip(paths, sample_rates, strict=True):
        if not 1 <= sample_rate <= MAX_SAMPLE_RATE:
            raise DataError(f"{path}: its header says {sample_rate} Hz, expected 1 ... {MAX_SAMPLE_RATE}; repair it.")
        if sample_rate != first:
            raise ArgumentError(
                f"{argument}: {paths[0]} has {first} Hz, {path} {sample_rate} Hz; all must have the same sample rate: "
                "resample them, make a source for each, or use SegmentSource with sample_rate."
            )
    return first
