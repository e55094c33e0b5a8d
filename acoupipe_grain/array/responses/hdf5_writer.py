"""Impulse responses written in MIRACLE's layout."""

from __future__ import annotations

import os
from pathlib import Path

from acoupipe_grain.arguments import flag
from acoupipe_grain.array.responses.hdf5_layout import MICROPHONES, RESPONSES, SAMPLE_RATE, SOURCES, SPEED_OF_SOUND
from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses
from acoupipe_grain.errors import ArgumentError, ExportError
from acoupipe_grain.extras import import_extra


def write_hdf5(path: str | os.PathLike[str], responses: ImpulseResponses, *, compress: bool = False) -> None:
    """Write impulse responses to an HDF5 file as MIRACLE has it, which `ImpulseResponses.load` reads again.

    Memory does not grow with their number. The file appears when it is complete; until then it is called
    ``<path>.partial``, which an error or an interruption removes.

    Parameters
    ----------
    path
        File to write; missing folders are made.
    responses
        The responses.
    compress
        Whether to compress each source's responses (gzip). Such files are smaller, and slower to read: those that are
        not compressed are mapped into memory.

    Raises
    ------
    ArgumentError
        If h5py is not installed, or `responses` are none.
    ExportError
        If `path` exists: nothing is overwritten.
    DataError
        If a response cannot be read or is not finite.
    """
    if not isinstance(responses, ImpulseResponses):
        raise ArgumentError(f"responses={type(responses).__name__}: expected ImpulseResponses.")
    compress = flag("compress", compress)
    h5py = import_extra("h5py", "hdf5", "HDF5 files")
    if not isinstance(path, str | os.PathLike) or Path(path).suffix.lower() == ".sofa":
        raise ArgumentError(f"path={path!r}: expected that of an HDF5 file in MIRACLE's layout, such as room.h5.")
    path = Path(path)
    if path.exists():
        raise ExportError(f"{path}: exists, and nothing is overwritten; delete it or give another path.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    layout = {"chunks": (1, *responses.stored.shape[1:]), "compression": "gzip", "shuffle": True} if compress else {}
    try:
        with h5py.File(partial, "x") as file:
            file[SOURCES] = responses.source_positions.T
            file[MICROPHONES] = responses.mic_positions.T
            file[SPEED_OF_SOUND] = responses.speed_of_sound
            file[SAMPLE_RATE] = responses.sample_rate
            written = file.create_dataset(RESPONSES, responses.stored.shape, "<f4", **layout)
            for start, block in responses.blocks():
                written[start : start + len(block)] = block
        partial.rename(path)
    except FileExistsError as error:
        raise ExportError(
            f"{partial}: being written by another process, or left by one that was killed; delete it in that case."
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
