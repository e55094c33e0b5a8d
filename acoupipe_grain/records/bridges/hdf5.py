"""A source as one HDF5 file: one data set per feature, one chunk per record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from acoupipe_grain.extras import import_extra
from acoupipe_grain.records.bridges.elements import checked_elements, source_description
from acoupipe_grain.records.bridges.outputs import new_file, require_file_names
from acoupipe_grain.specs import ArraySpec, DataSource


def write_hdf5(source: DataSource, path: str | Path, *, progress: bool = True) -> None:
    """Write all elements of a source to an HDF5 file.

    Every feature is a data set of shape (num_records, *shape) and the feature's dtype (complex numbers as h5py's
    compound of ``r`` and ``i``, booleans as its enumeration), uncompressed and in chunks of one record. Its attributes
    are ``unit`` and ``axes``, the names of all axes beginning with "record". Attributes of the file: ``configuration``
    (of the source, JSON), ``tables`` (names that belong to numbers in the elements, JSON), ``num_records`` and
    ``written_by``.

    Memory does not grow with the number of records. The file appears when it is complete; until then it is called
    ``<path>.partial``, which an error or an interruption removes.

    Parameters
    ----------
    source
        Any data source whose elements have fixed shapes.
    path
        File to write; missing folders are made.
    progress
        Whether to show a progress bar.

    Raises
    ------
    ArgumentError
        If h5py is not installed, or the source has axes of varying length or a feature that cannot be named in a file.
    ExportError
        If `path` exists: nothing is overwritten.
    DataError
        If an element is not what the source's specification says.
    """
    h5py = import_extra("h5py", "hdf5", "HDF5 files")
    path = Path(path)
    elements = checked_elements(source, progress, f"write {path.name}")
    require_file_names(source.element_spec)
    description = source_description(source)
    with new_file(path) as partial, h5py.File(partial, "w") as file:
        for name, value in description.items():
            file.attrs[name] = value if isinstance(value, str | int) else json.dumps(value, allow_nan=False)
        columns = {name: _column(file, name, spec, len(source)) for name, spec in source.element_spec.items()}
        for index, element in elements:
            for name, array in element.items():
                columns[name][index, ...] = array


def _column(file: Any, name: str, spec: ArraySpec, num_records: int) -> Any:
    """Return a new data set for one feature."""
    # HDF5 has no empty chunks.
    chunks = None if 0 in spec.shape else (1, *spec.shape)
    column = file.create_dataset(name, (num_records, *spec.shape), spec.dtype, chunks=chunks)
    column.attrs["unit"] = spec.unit
    column.attrs["axes"] = ["record", *spec.axes]
    return column
