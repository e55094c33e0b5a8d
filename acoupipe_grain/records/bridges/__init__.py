"""Bridges: HDF5 files of AcouPipe and TFRecords as sources; HDF5, TFRecord, NumPy and Croissant written."""

from acoupipe_grain.records.bridges.acoupipe_hdf5 import AcouPipeHDF5Source
from acoupipe_grain.records.bridges.columns import write_npy_columns
from acoupipe_grain.records.bridges.croissant import croissant_metadata, write_croissant
from acoupipe_grain.records.bridges.hdf5 import write_hdf5
from acoupipe_grain.records.bridges.tfrecord_source import TFRecordSource
from acoupipe_grain.records.bridges.tfrecord_writer import write_tfrecord

__all__ = [
    "AcouPipeHDF5Source",
    "TFRecordSource",
    "croissant_metadata",
    "write_croissant",
    "write_hdf5",
    "write_npy_columns",
    "write_tfrecord",
]
