"""MATLAB files of version 7.3: HDF5, with MATLAB's classes as attributes and its axes in the opposite order.

Source: how MATLAB writes them, as matio's ``mat73.c`` reads them; there is no specification.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.files.mat_fields import ARRAY_OF_STRUCTS, NUMBERS, MatField

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NUM_HEADER_BYTES = 512
"""What MATLAB puts before HDF5's own beginning."""


def is_hdf5(file: Any) -> bool:
    """Say whether an open file is HDF5, with MATLAB's header or without."""
    for offset in (0, NUM_HEADER_BYTES):
        file.seek(offset)
        if file.read(len(SIGNATURE)) == SIGNATURE:
            return True
    return False


def hdf5_shapes(path: str, fields: Sequence[MatField]) -> list[tuple[int, ...]]:
    """Return the sizes of arrays as MATLAB has them, without reading the numbers.

    Raises
    ------
    ArgumentError
        If h5py is not installed.
    DataError
        If the file cannot be read, or an array is not there or no array of numbers.
    """
    with _opened(path) as file:
        return [_shape(_numbers(path, file, field)) for field in fields]


def hdf5_arrays(path: str, fields: Sequence[MatField]) -> list[np.ndarray]:
    """Return arrays with the axes and in the dtypes that they have in MATLAB.

    Raises
    ------
    ArgumentError
        If h5py is not installed.
    DataError
        If the file cannot be read, or an array is not there or no array of numbers.
    """
    with _opened(path) as file:
        return [_array(_numbers(path, file, field)) for field in fields]


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    h5py = import_extra("h5py", "hdf5", f"MATLAB files of version 7.3 such as {path!r}")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except DataError:
        raise
    except Exception as error:  # HDF5 lets whatever a damaged file leads to pass
        raise DataError(f"{path}: cannot be read as a MATLAB file of version 7.3 ({error}).") from error


def _numbers(path: str, file: Any, field: MatField) -> Any:
    """Return the data set that a field means."""
    item = file
    for depth, part in enumerate(field.parts):
        names = [name for name in item if not name.startswith("#")]  # what MATLAB keeps for itself
        if part not in names:
            raise field.missing(path, depth, names)
        item = item[part]
        if "MATLAB_sparse" in item.attrs:
            raise field.no_numbers(path, "sparse")
        if depth + 1 < len(field.parts) and not _has_items(item):
            raise field.no_struct(path, depth)
    if _has_items(item):
        raise field.no_numbers(path, "struct", item)
    kind = item.attrs.get("MATLAB_class")
    if kind is None:
        if item.dtype.kind == "O":
            raise field.no_struct(path, max(len(field.parts) - 2, 0), ARRAY_OF_STRUCTS)
        raise DataError(f"{field.at(path)} has no MATLAB_class: the file is HDF5, but was not written by MATLAB.")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if kind not in NUMBERS:
        raise field.no_numbers(path, kind)
    return item


def _has_items(item: Any) -> bool:
    return hasattr(item, "keys")


def _shape(dataset: Any) -> tuple[int, ...]:
    if dataset.attrs.get("MATLAB_empty", 0):
        return tuple(int(size) for size in dataset[()])
    return tuple(reversed(dataset.shape))


def _array(dataset: Any) -> np.ndarray:
    kind = dataset.attrs["MATLAB_class"]
    dtype = np.dtype(NUMBERS[kind.decode() if isinstance(kind, bytes) else str(kind)])
    if dataset.attrs.get("MATLAB_empty", 0):
        return np.zeros(_shape(dataset), dtype=dtype)
    stored = dataset[()]
    if stored.dtype.names is None:
        return stored.astype(dtype, copy=False).T
    array = np.empty(stored.shape, dtype=np.complex64 if dtype == np.float32 else np.complex128)
    array.real, array.imag = stored["real"], stored["imag"]
    return array.T
