"""MATLAB files of all versions: 4 to 7.2 as SciPy reads them, 7.3 through h5py."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.files.mat_fields import ARRAY_OF_STRUCTS, NUMBERS, MatField
from acoupipe_grain.files.mat_hdf5 import hdf5_arrays, hdf5_shapes, is_hdf5


def mat_arrays(path: str, fields: Sequence[MatField]) -> list[np.ndarray]:
    """Return arrays of a file with the axes that they have in MATLAB, in the dtypes that they are stored in.

    MATLAB stores numbers that happen to be small integers as such, and logical ones as uint8.

    Raises
    ------
    ArgumentError
        If the file is of version 7.3 and h5py is not installed.
    DataError
        If it cannot be read, or an array is not there or no array of numbers.
    """
    with _opened(path) as file:
        if not is_hdf5(file):
            return _loaded(path, file, fields, mat_dtype=False)
    return hdf5_arrays(path, fields)


def mat_dtypes(path: str, fields: Sequence[MatField]) -> list[np.dtype]:
    """Return the dtypes that arrays of a file have in MATLAB; they are read for it.

    Raises
    ------
    ArgumentError
        If the file is of version 7.3 and h5py is not installed.
    DataError
        If it cannot be read, or an array is not there or no array of numbers.
    """
    with _opened(path) as file:
        if not is_hdf5(file):
            stored = _loaded(path, file, fields, mat_dtype=False)
            return [_dtype(path, file, field, array) for field, array in zip(fields, stored, strict=True)]
    return [array.dtype for array in hdf5_arrays(path, fields)]


def mat_shapes(path: str, fields: Sequence[MatField]) -> list[tuple[int, ...] | None]:
    """Return the sizes of arrays as MATLAB has them, without reading the numbers; None where that is not possible.

    It is not for fields of structs, unless the file is of version 7.3.

    Raises
    ------
    ArgumentError
        If the file is of version 7.3 and h5py is not installed.
    DataError
        If it cannot be read, or an array is known not to be there or to be no array of numbers.
    """
    from scipy.io import whosmat

    with _opened(path) as file:
        if not is_hdf5(file):
            known = {name: (tuple(shape), kind) for name, shape, kind in whosmat(file)}
            return [_shape(path, field, known) for field in fields]
    return list(hdf5_shapes(path, fields))


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    try:
        with open(path, "rb") as file:
            yield file
    except DataError:
        raise
    except Exception as error:  # SciPy lets whatever a damaged file leads to pass
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read as a MATLAB file ({reason}).") from error


def _shape(path: str, field: MatField, known: dict[str, tuple[tuple[int, ...], str]]) -> tuple[int, ...] | None:
    variable = field.parts[0]
    if variable not in known:
        raise field.missing(path, 0, known)
    shape, kind = known[variable]
    if kind == "struct" and shape == (1, 1):
        return None
    if kind == "struct":
        raise field.no_struct(path, 0, ARRAY_OF_STRUCTS)
    if len(field.parts) > 1:
        raise field.no_struct(path, 0)
    if kind not in NUMBERS:
        raise field.no_numbers(path, kind)
    return shape


def _loaded(path: str, file: Any, fields: Sequence[MatField], *, mat_dtype: bool) -> list[np.ndarray]:
    from scipy.io import loadmat, whosmat

    variables = list({field.parts[0]: None for field in fields})
    loaded = loadmat(file, variable_names=variables, mat_dtype=mat_dtype)
    for field in fields:
        if field.parts[0] not in loaded:
            raise field.missing(path, 0, [name for name, _, _ in whosmat(file)])
    return [_numbers(path, field, loaded[field.parts[0]]) for field in fields]


def _numbers(path: str, field: MatField, variable: Any) -> np.ndarray:
    """Return the array that a field means, of a variable as SciPy loads it: structs are arrays of records."""
    value = variable
    for depth, part in enumerate(field.parts[1:], start=1):
        if _kind(value) != "struct":
            raise field.no_struct(path, depth - 1)
        if value.shape != (1, 1):
            raise field.no_struct(path, depth - 1, ARRAY_OF_STRUCTS)
        if part not in value.dtype.names:
            raise field.missing(path, depth, value.dtype.names)
        value = value[0, 0][part]
    kind = _kind(value)
    if kind is not None:
        raise field.no_numbers(path, kind, value.dtype.names or () if kind == "struct" else ())
    return value


def _kind(value: Any) -> str | None:
    """Return MATLAB's name for what holds no numbers; None if it does."""
    from scipy.io.matlab import MatlabFunction, MatlabObject, MatlabOpaque
    from scipy.sparse import issparse

    if issparse(value):
        return "sparse"
    if not isinstance(value, np.ndarray):
        raise ValueError(value)  # SciPy gives the reason in place of an array that it cannot read
    if isinstance(value, MatlabFunction):
        return "function"
    if isinstance(value, MatlabObject | MatlabOpaque):
        return "object"
    if value.dtype.names is not None:
        return "struct"
    return {"O": "cell", "U": "char", "S": "char"}.get(value.dtype.kind)


def _dtype(path: str, file: Any, field: MatField, stored: np.ndarray) -> np.dtype:
    """Return the dtype in MATLAB of an array that is stored in another, perhaps."""
    from scipy.io import whosmat

    if stored.dtype.kind in "fc":
        return stored.dtype
    if len(field.parts) == 1:
        return np.dtype(next(NUMBERS[kind] for name, _, kind in whosmat(file) if name == field.parts[0]))
    with warnings.catch_warnings():
        # Asked for MATLAB's dtypes, SciPy drops the imaginary parts of other fields (its issue 17641).
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        return _loaded(path, file, [field], mat_dtype=True)[0].dtype
