"""Arrays in MATLAB files as a random-access source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.file_patterns import checked_extensions
from acoupipe_grain.files.file_source import FileSource
from acoupipe_grain.files.mat_fields import MatField, checked_fields
from acoupipe_grain.files.mat_files import mat_arrays, mat_dtypes, mat_shapes
from acoupipe_grain.named_files import NamedFiles, checked_patterns, find_named_files
from acoupipe_grain.specs import ArraySpec, Element


class MatSource(FileSource):
    """Arrays in MATLAB files, one file per record: deterministic, thread-safe, picklable.

    Files of versions 4 to 7.2 are read by SciPy, those of 7.3 by h5py; a folder may have both. ``source[i]`` depends on
    the arguments, i, and the content of the files. Elements:

    ============== ===== ================== ===============================================================
    each of        (...) float32, complex64 the array, its axes in MATLAB's order, or a part of it, summed
    `fields`             or of integers,    over an axis or not. Numbers of 64 bits become such of 32,
                         bool               rounded; integers must fit
    file_index     ()    int32              number of the file in ``tables["files"]``, its name in its
                                            folder
    idx            ()    int32              record index, the same number
    ============== ===== ================== ===============================================================

    At construction the first file is read, which decides about dtypes: numbers in other files become such of its kind
    where nothing is lost. What variables of the other files are like is checked in their headers. Fields of structs are
    checked when they are read, except in files of version 7.3. Axes of a size that is not given are None in the
    specification if they differ, and then ``lengths`` knows them; for them, fields of structs are read from all files
    at construction. Text, cell arrays, arrays of structs, sparse matrices and objects are refused. ``repr`` identifies
    the files by names and whole content, not by where they are.

    Parameters
    ----------
    files
        Folders, files or patterns such as ``$DATA/*/simulated``, or one of them. Folders are searched with all folders
        in them; files are sorted by their path within the folder.
    fields
        What elements have, by name, each a mapping with

        - ``path``: name of the variable, and of fields of structs in it, separated by dots: ``low_res.das``;
        - ``shape``: sizes of its axes, all files are checked for them; None for an axis that may differ. As
          MATLAB has at least two axes, [n] means n×1 or 1×n, too, [] means 1×1, and [n, m, 1] is n×m;
        - ``part``: "real", "imag" or "abs" of the numbers; None leaves complex ones complex, and real ones real;
        - ``sum_axis``: axis of that part to sum over, 0 ... number of axes − 1, or None;
        - ``axes``: names of the axes of the result; ``<name>_axis_0``, ... if they are not given. Axes of one name have
          one length within a record.
    extensions
        Extensions of MATLAB files in folders and patterns, in upper or lower case.

    Attributes
    ----------
    files
        All files.
    lengths
        How long ragged axes are in each record, by name, (record,), int64.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, a pattern means no file, axes of one name differ, or h5py is not
        installed and needed.
    DataError
        If a file is no MATLAB file or damaged, lacks an array, or has one of another shape or class, or with NaN.
    RecordIndexError
        For an index outside 0 ... number of files − 1, negative ones included.
    """

    def __init__(
        self, files: str | Sequence[str], fields: Mapping[str, Any], *, extensions: Sequence[str] = (".mat",)
    ) -> None:
        self._patterns, self._extensions = checked_patterns("files", files), checked_extensions(extensions)
        self._fields = checked_fields(fields)
        self.files = find_named_files("files", self._patterns, self._extensions)
        dtypes = mat_dtypes(self.files.paths[0], self._fields)
        self._sizes = _sizes_of_axes(self.files, self._fields)
        self.lengths = {axis: of_axis for axis, of_axis in self._sizes.items() if np.any(of_axis != of_axis[0])}
        self.element_spec = {
            field.name: ArraySpec(
                tuple(None if axis in self.lengths else int(self._sizes[axis][0]) for axis in field.axes),
                field.dtype_of(dtype),
                field.axes,
            )
            for field, dtype in zip(self._fields, dtypes, strict=True)
        } | {name: ArraySpec((), "int32", ()) for name in ("file_index", "idx")}
        self[0]

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values."""
        fields = {field.name: field.to_json() for field in self._fields}
        return {"files": self._patterns, "fields": fields, "extensions": list(self._extensions)}

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Element:
        index = arguments.record_index(index, len(self))
        path = self.files.paths[index]
        element = {}
        for field, array in zip(self._fields, mat_arrays(path, self._fields), strict=True):
            element[field.name] = field.element(path, array, self.element_spec[field.name].dtype)
            expected = tuple(int(self._sizes[axis][index]) for axis in field.axes)
            if element[field.name].shape != expected:
                raise DataError(
                    f"{field.at(path)} gives the shape {element[field.name].shape}, and gave {expected} when the "
                    "source was made; make it anew."
                )
        return element | {name: np.array(index, dtype=np.int32) for name in ("file_index", "idx")}


def _sizes_of_axes(files: NamedFiles, fields: Sequence[MatField]) -> dict[str, Int64[np.ndarray, " record"]]:
    """Return the sizes of all axes that are left, in each file.

    Raises
    ------
    ArgumentError
        If axes of one name have different sizes in a record.
    DataError
        If a file cannot be read, or has no such arrays.
    """
    sizes: dict[str, Int64[np.ndarray, " record"]] = {}
    by_file = [_shapes_left(path, fields) for path in files.paths]
    for field, shapes in zip(fields, zip(*by_file, strict=True), strict=True):
        columns = np.array(shapes, dtype=np.int64).reshape(len(files), len(field.axes)).T
        for axis, column in zip(field.axes, columns, strict=True):
            other = sizes.setdefault(axis, np.ascontiguousarray(column))
            if np.any(wrong := other != column):
                number = int(np.argmax(wrong))
                raise ArgumentError(
                    f"fields[{field.name!r}]: the axis {axis!r} has the length {column[number]} in "
                    f"{files.paths[number]}, and that of another field {other[number]}; give axes that differ in "
                    "length different names."
                )
    return sizes


def _shapes_left(path: str, fields: Sequence[MatField]) -> list[tuple[int | None, ...]]:
    """Return the shapes of what is taken of a file's arrays; they are read only if it must be."""
    found = mat_shapes(path, fields)
    unknown = [field for field, shape in zip(fields, found, strict=True) if shape is None and field.may_differ]
    read = dict(zip(unknown, mat_arrays(path, unknown), strict=True)) if unknown else {}
    shapes: list[tuple[int | None, ...]] = []
    for field, shape in zip(fields, found, strict=True):
        known = read[field].shape if field in read else shape
        shapes.append(field.shape_left(field.shape if known is None else field.shape_of(path, known)))
    return shapes
