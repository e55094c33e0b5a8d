"""Raw matrices: numbers row by row, float32, and nothing else in the file."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from jaxtyping import Float32

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.files.mapped import MappedMatrix
from acoupipe_grain.files.replacing import replaced

NUM_BYTES = 4


def write_raw(array: Any, path: str | os.PathLike[str], *, big_endian: bool = False) -> None:
    """Write numbers to a file, replacing what is there as a whole; the folder must exist.

    Parameters
    ----------
    array
        (row,) or (row, column), finite real numbers that fit into float32.
    path
        Of the file; the extension is the user's.
    big_endian
        Whether the most significant byte comes first; little-endian is usual.

    Raises
    ------
    ArgumentError
        If it is no such array, or is empty.
    """
    written = raw_bytes(array, big_endian)
    with replaced(path) as partial:
        partial.write_bytes(written)


def append_raw(array: Any, path: str | os.PathLike[str], *, big_endian: bool = False) -> None:
    """Append rows to a file of `write_raw`, which is made if it is not there.

    The file does not say how many columns or which byte order it has: give what it was written with.

    Raises
    ------
    ArgumentError
        If it is no such array, or is empty.
    DataError
        If the file does not hold whole rows of as many columns; it is left as it is.
    """
    written = raw_bytes(array, big_endian)
    if os.path.exists(path):
        raw_matrix(path, 1 if np.ndim(array) == 1 else np.shape(array)[1], big_endian=big_endian, may_be_empty=True)
    with open(path, "ab") as file:
        file.write(written)


def read_raw(
    path: str | os.PathLike[str], num_columns: int = 1, *, big_endian: bool = False
) -> Float32[np.ndarray, "row column"] | Float32[np.ndarray, " row"]:
    """Return the numbers of a raw file.

    Parameters
    ----------
    path
        The file.
    num_columns
        Columns of the matrix, at least 1.
    big_endian
        Whether the most significant byte comes first.

    Returns
    -------
    Array of shape (row, column), for one column (row,)

    Raises
    ------
    ArgumentError
        If `num_columns` is no positive integer.
    DataError
        If the file cannot be read, is empty, is not made of whole rows, or holds numbers that are not finite.
    """
    matrix = raw_matrix(path, num_columns, big_endian=big_endian)
    numbers = matrix.numbers(matrix.opened(), 0)
    return numbers[:, 0] if matrix.num_columns == 1 else numbers


def raw_matrix(
    path: str | os.PathLike[str], num_columns: int, *, big_endian: bool = False, may_be_empty: bool = False
) -> MappedMatrix:
    """Return how a raw file is mapped.

    Raises
    ------
    ArgumentError
        If `num_columns` is no positive integer.
    DataError
        If the file cannot be read, is empty, or is not made of whole rows.
    """
    num_columns = arguments.integer("num_columns", num_columns, minimum=1)
    big_endian = arguments.flag("big_endian", big_endian)
    path = os.fspath(path)
    try:
        num_bytes = os.stat(path).st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    num_rows, rest = divmod(num_bytes, NUM_BYTES * num_columns)
    if rest:
        raise DataError(
            f"{path}: its {num_bytes} bytes are not whole rows of {num_columns} columns of {NUM_BYTES} bytes "
            f"({rest} are left over); give the number of columns that it was written with, or write it anew if it "
            "was cut off."
        )
    if not num_rows and not may_be_empty:
        raise DataError(f"{path}: is empty; remove it, or write it anew.")
    return MappedMatrix(path, num_rows, num_columns, ">f4" if big_endian else "<f4", 0, 1.0, num_bytes)


def raw_bytes(array: Any, big_endian: bool) -> bytes:
    """Return the content of a raw file.

    Raises
    ------
    ArgumentError
        If the array is none of real numbers, finite in float32, of the shape (row,) or (row, column), or is empty.
    """
    numbers = np.asarray(array)
    is_real = numbers.dtype.kind in "biuf"
    if numbers.ndim not in (1, 2) or not numbers.size or not is_real:
        raise ArgumentError(
            f"array: has the shape {numbers.shape} and dtype {numbers.dtype}; expected real numbers of the shape "
            "(row,) or (row, column), at least one."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        converted = numbers.astype(">f4" if arguments.flag("big_endian", big_endian) else "<f4", order="C")
    if not np.isfinite(converted).all():
        place = tuple(np.argwhere(~np.isfinite(converted))[0].tolist())
        raise ArgumentError(f"array[{place}]={numbers[place]!r}: expected finite numbers that fit into float32.")
    return converted.tobytes()
