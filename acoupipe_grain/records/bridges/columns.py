"""A source as a folder of NumPy files: one array per feature, for programs that read nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from acoupipe_grain.records.bridges.elements import checked_elements, source_description
from acoupipe_grain.records.bridges.outputs import new_folder, require_file_names
from acoupipe_grain.specs import ArraySpec, DataSource, spec_to_json

COLUMNS_NAME = "columns.json"


def write_npy_columns(source: DataSource, folder: str | Path, *, progress: bool = True) -> None:
    """Write all elements of a source to NumPy files, ``<feature>.npy`` of shape (num_records, *shape).

    ``columns.json`` holds ``element_spec`` (shape, dtype, axes and unit of one record of each feature),
    ``configuration`` of the source, ``tables`` (names that belong to numbers in the elements), ``num_records`` and
    ``written_by``. ``numpy.load(..., mmap_mode="r")`` reads columns that are larger than the memory.

    Memory does not grow with the number of records. The folder appears when it is complete; until then it is called
    ``<folder>.partial``, which an error or an interruption removes.

    Parameters
    ----------
    source
        Any data source whose elements have fixed shapes.
    folder
        Folder to write, new or empty; missing folders above it are made.
    progress
        Whether to show a progress bar.

    Raises
    ------
    ArgumentError
        If the source has axes of varying length or a feature that no file can be named after.
    ExportError
        If `folder` is not new or empty: nothing is overwritten.
    DataError
        If an element is not what the source's specification says.
    """
    folder = Path(folder)
    elements = checked_elements(source, progress, f"write {folder.name}")
    spec = source.element_spec
    require_file_names(spec)
    text = json.dumps({"element_spec": spec_to_json(spec)} | source_description(source), indent=1, allow_nan=False)
    with new_folder(folder) as partial:
        (partial / COLUMNS_NAME).write_text(text + "\n", encoding="utf-8")
        with contextlib.ExitStack() as stack:
            columns = {
                name: stack.enter_context(_column(partial / f"{name}.npy", item, len(source)))
                for name, item in spec.items()
            }
            for _, element in elements:
                for name, array in element.items():
                    columns[name].write(array.tobytes())


@contextlib.contextmanager
def _column(path: Path, spec: ArraySpec, num_records: int) -> Iterator[BinaryIO]:
    """Give a file that begins with the header of the whole array; the records are appended in C order."""
    with path.open("xb") as file:
        np.lib.format.write_array_header_1_0(
            file,
            {
                "descr": np.lib.format.dtype_to_descr(np.dtype(spec.dtype)),
                "fortran_order": False,
                "shape": (num_records, *spec.shape),
            },
        )
        yield file
