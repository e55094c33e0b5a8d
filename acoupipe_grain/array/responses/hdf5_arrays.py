"""Arrays of numbers in HDF5 files, of which only what is asked for is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.extras import import_extra


@dataclass(frozen=True, eq=False)
class Hdf5Array:
    """An array in an HDF5 file: picklable, thread-safe, opened anew in each process.

    One whose numbers lie in the file as they are in memory, in one piece, is mapped. All others (in chunks, compressed,
    in other files) are read through h5py, which lets one thread in at a time.

    A file that is made shorter in place while it is mapped ends the process when what is gone is read (SIGBUS), as with
    `numpy.memmap`.

    Attributes
    ----------
    path
        Where the file is.
    name
        Of the data set.
    shape
        Of the array.
    dtype
        Of the numbers in the file, with byte order.
    offset
        Where they begin, bytes; None if they cannot be mapped.
    num_bytes, modified
        Size of the whole file, and when it was written, ns; one that has others is no longer the same.
    """

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    offset: int | None
    num_bytes: int
    modified: int

    def __getitem__(self, index: Any) -> np.ndarray:
        """Return a part of the array, a copy, as NumPy's basic indexing has it.

        Raises
        ------
        ArgumentError
            If h5py is needed and not installed.
        DataError
            If the file is gone, has another size than it had, or cannot be read.
        """
        try:
            return np.array(self._opened()[index])
        except DataError:
            raise
        except Exception as error:  # HDF5 lets whatever a damaged file leads to pass
            raise DataError(f"{self.path}: {self.name} cannot be read ({error}).") from error

    def mapped_anew(self) -> Hdf5Array:
        """Return the same array, not opened: with it what has been mapped is given back, and counts no longer."""
        return type(self)(self.path, self.name, self.shape, self.dtype, self.offset, self.num_bytes, self.modified)

    def _opened(self) -> Any:
        """Return the array in the file, mapped or as h5py has it, the same one until the process is another."""
        process, array = self.__dict__.get("_kept", (None, None))
        if process != os.getpid():
            self._require_same_file()
            array = self._dataset() if self.offset is None else self._mapped(self.offset)
            self.__dict__["_kept"] = os.getpid(), array
        return array

    def _require_same_file(self) -> None:
        try:
            now = os.stat(self.path)
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read ({error.strerror}).") from error
        if now.st_size != self.num_bytes:
            raise DataError(
                f"{self.path}: has {now.st_size} bytes, and had {self.num_bytes} when it was loaded; load it anew."
            )
        if now.st_mtime_ns != self.modified:
            raise DataError(f"{self.path}: was written anew since it was loaded; load it anew.")

    def _mapped(self, offset: int) -> np.ndarray:
        mapped = np.memmap(self.path, dtype=self.dtype, mode="r", offset=offset, shape=self.shape)
        return mapped.view(np.ndarray)  # slices of a plain array take a tenth of the time

    def _dataset(self) -> Any:
        h5py = import_extra("h5py", "hdf5", f"HDF5 files such as {self.path!r}")
        return h5py.File(self.path, "r")[self.name]

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_kept"}


@contextmanager
def opened_hdf5(path: str, what: str, extra: str = "hdf5") -> Iterator[Any]:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    path
        Where it is.
    what
        Such files, for messages: "HDF5 files".
    extra
        That brings h5py.

    Raises
    ------
    ArgumentError
        If h5py is not installed.
    DataError
        If it is not there, no such file, truncated, or cannot be read for another reason.
    """
    h5py = import_extra("h5py", extra, f"{what} such as {path!r}")
    try:
        file = h5py.File(path, "r")
    except Exception as error:  # HDF5 lets whatever a damaged file leads to pass
        raise DataError(f"{path}: cannot be read, it is damaged or no HDF5 file ({error}).") from error
    with file:
        yield file


def hdf5_array(path: str, dataset: Any) -> Hdf5Array:
    """Return an array for a data set of an open file."""
    return Hdf5Array(
        path=path,
        name=dataset.name,
        shape=tuple(dataset.shape),
        dtype=dataset.dtype.str,
        offset=_offset(path, dataset),
        num_bytes=os.stat(path).st_size,
        modified=os.stat(path).st_mtime_ns,
    )


def _offset(path: str, dataset: Any) -> int | None:
    """Return where a data set's numbers begin in its file, None if they are not there as they are in memory."""
    h5py = import_extra("h5py", "hdf5", "HDF5 files")
    properties = dataset.id.get_create_plist()
    is_plain = (
        dataset.size
        and properties.get_layout() == h5py.h5d.CONTIGUOUS
        and properties.get_external_count() == 0
        and dataset.id.get_type().equal(h5py.h5t.py_create(dataset.dtype))
    )
    offset = dataset.id.get_offset() if is_plain else None
    if offset is None or offset + dataset.nbytes > os.stat(path).st_size:
        return None
    return int(offset)
