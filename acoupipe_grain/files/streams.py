"""Files of streams, opened: their matrices, and how long they are together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.files.alignment import MAX_DIFFERENCE_PERCENT, Alignment, align
from acoupipe_grain.files.mapped import MappedMatrix
from acoupipe_grain.files.raw import raw_matrix
from acoupipe_grain.files.sample_rates import common_sample_rate
from acoupipe_grain.files.stream_lists import Stream
from acoupipe_grain.files.stream_names import given_names, require_files, scanned_names
from acoupipe_grain.files.wav import wav_matrix


@dataclass(frozen=True, eq=False)
class AlignedFiles:
    """Files of streams by name.

    Attributes
    ----------
    names
        Their names.
    names_left_out
        What is wrong with names that were left out.
    matrices
        Of every stream, that of every name.
    lengths
        How long the streams of every name are together, samples of the fastest stream.
    sample_rate
        Of the waveforms, Hz; None if there is none.
    """

    names: tuple[str, ...]
    names_left_out: Mapping[str, str]
    matrices: tuple[tuple[MappedMatrix, ...], ...]
    lengths: Int64[np.ndarray, " name"]
    sample_rate: int | None


def align_files(streams: Sequence[Stream], names: Any, on_mismatch: str, *, big_endian: bool) -> AlignedFiles:
    """Return the files of streams.

    Parameters
    ----------
    streams
        The streams, at least one.
    names
        Names or a file of them, which must all be there; None: those that are in every folder.
    on_mismatch
        What to do with names whose files differ too much in length: "raise" an error or "skip" them.
    big_endian
        Byte order of raw files.

    Raises
    ------
    ArgumentError
        If files are missing, waveforms differ in sample rate, or no name is left.
    DataError
        If a file cannot be read or has another dimension, or the files of a name differ too much in length.
    """
    found, left_out = scanned_names(streams) if names is None else (given_names(names), {})
    if names is not None:
        require_files(found, streams)
    opened = [[_open(stream, name, big_endian) for name in found] for stream in streams]
    waveforms = [item for stream, row in zip(streams, opened, strict=True) if stream.is_waveform for item in row]
    sample_rate = None
    if waveforms:
        paths = [matrix.path for _, matrix in waveforms]
        sample_rate = common_sample_rate("waveforms", paths, [rate for rate, _ in waveforms])
    matrices = [[matrix for _, matrix in row] for row in opened]
    num_frames = np.array([[matrix.num_rows for matrix in row] for row in matrices])
    resolutions = np.array([stream.resolution for stream in streams])
    alignment = align(num_frames, resolutions, np.array([stream.is_waveform for stream in streams]))
    kept = _kept(alignment, found, streams, matrices, on_mismatch)
    for number in np.flatnonzero(~kept).tolist():
        left_out[found[number]] = _said(streams, [row[number] for row in matrices])
    numbers = np.flatnonzero(kept).tolist()
    return AlignedFiles(
        tuple(found[number] for number in numbers),
        left_out,
        tuple(tuple(row[number] for number in numbers) for row in matrices),
        alignment.lengths[kept],
        sample_rate,
    )


def _open(stream: Stream, name: str, big_endian: bool) -> tuple[int, MappedMatrix]:
    """Return the sample rate, 0 of a raw file, and the matrix of a name."""
    path = stream.path_of(name)
    if not stream.is_waveform:
        return 0, raw_matrix(path, stream.dimension, big_endian=big_endian)
    sample_rate, matrix = wav_matrix(path)
    if matrix.num_columns != stream.dimension:
        raise DataError(
            f"{path}: has {matrix.num_columns} channels, and its stream {stream.label} the dimension "
            f"{stream.dimension}; correct the dimension, or convert the file."
        )
    return sample_rate, matrix


def _kept(
    alignment: Alignment,
    names: Sequence[str],
    streams: Sequence[Stream],
    matrices: Sequence[Sequence[MappedMatrix]],
    on_mismatch: str,
) -> np.ndarray:
    mismatches = np.flatnonzero(alignment.is_mismatch).tolist()
    if mismatches and (on_mismatch == "raise" or len(mismatches) == len(names)):
        first = mismatches[0]
        more = f" So do {len(mismatches) - 1} more names." if len(mismatches) > 1 else ""
        is_refused = on_mismatch == "raise"
        remedy = ", or leave such names out with on_mismatch='skip'" if is_refused else ": no name is left"
        kind = DataError if is_refused else ArgumentError
        raise kind(
            f"{names[first]!r}: {_said(streams, [row[first] for row in matrices])}: lengths differ by more than "
            f"{MAX_DIFFERENCE_PERCENT} % of the longest; correct the files or the resolutions{remedy}.{more}"
        )
    return ~alignment.is_mismatch


def _said(streams: Sequence[Stream], matrices: Sequence[MappedMatrix]) -> str:
    return ", ".join(
        f"{matrix.path} has {matrix.num_rows} x {stream.resolution} = {matrix.num_rows * stream.resolution} samples"
        for stream, matrix in zip(streams, matrices, strict=True)
    )
