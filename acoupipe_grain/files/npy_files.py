"""NumPy's files, plain or gzipped: what their headers say, and the numbers in them."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from acoupipe_grain.errors import DataError
from acoupipe_grain.specs import narrowed

EXTENSIONS = (".npy", ".npy.gz")
GZIP_MAGIC = b"\x1f\x8b"
_HEADERS = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}
_DAMAGES = (OSError, EOFError, ValueError, zlib.error)


@dataclass(frozen=True)
class NpyFile:
    """A file of NumPy, and what its header says.

    Attributes
    ----------
    path
        Where it is.
    shape
        Of the array.
    stored
        Dtype of the array in the file, with byte order, for example ">f8".
    is_fortran
        Whether the first axis is the fastest.
    offset
        Where the numbers begin in the file, or in what was gzipped, bytes.
    """

    path: str
    shape: tuple[int, ...]
    stored: str
    is_fortran: bool
    offset: int

    @property
    def num_bytes(self) -> int:
        """Size of the numbers, bytes."""
        return math.prod(self.shape) * np.dtype(self.stored).itemsize

    @property
    def native(self) -> str:
        """Name of the dtype in the file, whatever the order of its bytes."""
        return np.dtype(self.stored).name

    @property
    def dtype(self) -> str:
        """Name of the dtype that `read` gives: of at most 32 bits."""
        return narrowed(self.path, np.empty(0, dtype=self.stored)).dtype.name

    def read(self) -> np.ndarray:
        """Return the numbers, C-contiguous.

        Raises
        ------
        DataError
            If the file is damaged or not what it was, or holds NaN, or numbers that 32 bits do not hold.
        """
        try:
            with _opened(self.path) as file:
                header = _header(self.path, file)
                # One byte more than there should be: the end is seen, and with it what gzip says to check it.
                content = file.read(self.num_bytes + 1) if header == self else b""
        except DataError:
            raise
        except _DAMAGES as error:
            raise _damaged(self.path, error) from error
        if header != self:
            raise DataError(
                f"{self.path}: has {_words(header)}, and had {_words(self)} when the source was made; make it anew."
            )
        if len(content) != self.num_bytes:
            found = f"only {len(content)}" if len(content) < self.num_bytes else "more"
            raise DataError(f"{self.path}: has {_words(self)}, {self.num_bytes} bytes, but {found} are there.")
        array = np.frombuffer(content, dtype=self.stored).reshape(self.shape, order="F" if self.is_fortran else "C")
        if array.dtype.kind in "fc" and (wrong := np.isnan(array)).any():
            raise DataError(f"{self.path}: is NaN at {np.argwhere(wrong)[0].tolist()}; expected numbers.")
        return narrowed(self.path, array)


def read_header(path: str) -> NpyFile:
    """Return what the header of a file says; of a gzipped one no more than that is unpacked.

    Raises
    ------
    DataError
        If it cannot be read, is no such file, is cut off, or holds something else than numbers.
    """
    try:
        with _opened(path) as file:
            header = _header(path, file)
            num_bytes = None if isinstance(file, gzip.GzipFile) else os.fstat(file.fileno()).st_size - header.offset
    except DataError:
        raise
    except _DAMAGES as error:
        raise _damaged(path, error) from error
    if num_bytes is not None and num_bytes != header.num_bytes:
        raise DataError(f"{path}: has {_words(header)}, {header.num_bytes} bytes, but {num_bytes} are there.")
    return header


def _opened(path: str) -> BinaryIO | gzip.GzipFile:
    """Open a file, and unpack it if it is gzipped, whatever it is called."""
    with open(path, "rb") as file:
        is_gzipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return gzip.open(path, "rb") if is_gzipped else open(path, "rb")


def _header(path: str, file: BinaryIO | gzip.GzipFile) -> NpyFile:
    version = npy_format.read_magic(file)
    if version not in _HEADERS:
        raise DataError(f"{path}: is of version {version} of NumPy's format, which is for tables; expected numbers.")
    shape, is_fortran, dtype = _HEADERS[version](file)
    if dtype.kind not in "biufc":
        raise DataError(f"{path}: holds an array of dtype {dtype}; expected numbers. Objects are never unpickled.")
    if dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise DataError(f"{path}: holds an array of dtype {dtype}; expected numbers of at most 64 bits.")
    if min(shape, default=0) < 0:
        raise DataError(f"{path}: holds an array of the shape {shape}; sizes are at least 0.")
    return NpyFile(path, tuple(shape), dtype.str, is_fortran, file.tell())


def _words(header: NpyFile) -> str:
    return f"the shape {header.shape} and dtype {header.native}"


def _damaged(path: str, error: Exception) -> DataError:
    reason = str(error.strerror if isinstance(error, OSError) and error.strerror else error).rstrip(".")
    return DataError(f"{path}: cannot be read as a .npy file ({reason}).")
