"""``acoupipe-grain convert``: a stored data set in another format."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.exporting import export
from acoupipe_grain.records import ArrayRecordSource
from acoupipe_grain.records.bridges import (
    AcouPipeHDF5Source,
    TFRecordSource,
    write_hdf5,
    write_npy_columns,
    write_tfrecord,
)
from acoupipe_grain.records.bridges.tfrecord_folder import FEATURES_NAME
from acoupipe_grain.specs import DataSource


def _write_array_record(source: DataSource, folder: Path) -> None:
    export(source, folder, num_workers=0, metadata=source.metadata if isinstance(source, ArrayRecordSource) else None)


_WRITERS: dict[str, Callable[[DataSource, Path], None]] = {
    "array-record": _write_array_record,
    "hdf5": write_hdf5,
    "tfrecord": write_tfrecord,
    "npy": write_npy_columns,
}


def add_command(commands: Any) -> None:
    """Add the command's parser."""
    command = commands.add_parser("convert", help="write a stored data set in another format", allow_abbrev=False)
    command.add_argument(
        "stored", help="folder written by export, HDF5 file of AcouPipe, or folder of TFRecords of ours"
    )
    command.add_argument("path", help="file (hdf5) or folder to write, new or empty")
    command.add_argument("--to", required=True, choices=tuple(_WRITERS), help="the format to write")
    command.set_defaults(run=run, takes_flags=False)


def run(known: argparse.Namespace, flags: Sequence[str]) -> None:
    """Convert and say what was written."""
    del flags
    source = _stored_source(Path(known.stored))
    _WRITERS[known.to](source, Path(known.path))
    print(f"{known.path}: {len(source)} records as {known.to}")


def _stored_source(path: Path) -> DataSource:
    if not path.exists():
        raise ArgumentError(f"stored={str(path)!r}: there is no such file or folder.")
    if path.is_file():
        return AcouPipeHDF5Source(path)
    return TFRecordSource(path) if (path / FEATURES_NAME).is_file() else ArrayRecordSource(path)
