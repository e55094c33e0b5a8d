"""Fields of MATLAB files: where an array is, what it must look like, and what is taken of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, DataError, did_you_mean, unknown_name
from acoupipe_grain.specs import cast_exactly, narrowed

KEYS = ("path", "shape", "part", "sum_axis", "axes")
PARTS = ("real", "imag", "abs")
NUMBERS = {
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "double": "float64",
    "single": "float32",
    "logical": "bool",
}
"""Dtypes of MATLAB's classes of numbers."""
_OTHERS = {
    "char": "text",
    "cell": "a cell array",
    "sparse": "a sparse matrix (store full(...) of it)",
    "function": "a function",
    "function_handle": "a function",
    "object": "an object",
    "opaque": "an object",
}

ARRAY_OF_STRUCTS = "an array of structs, not one"


@dataclass(frozen=True)
class MatField:
    """An array of MATLAB files, and what is taken of it.

    Attributes
    ----------
    name
        What it is called in elements.
    parts
        Name of the variable, and of fields of structs in it.
    shape
        What it must have; None for an axis that may differ.
    part
        "real", "imag", "abs", or None for the numbers as they are.
    sum_axis
        Axis that is summed over, or None.
    axes
        Names of the axes that are left.
    """

    name: str
    parts: tuple[str, ...]
    shape: tuple[int | None, ...]
    part: str | None
    sum_axis: int | None
    axes: tuple[str, ...]

    @property
    def path(self) -> str:
        """Names of variable and fields, separated by dots."""
        return ".".join(self.parts)

    @property
    def may_differ(self) -> bool:
        """Whether there is an axis, of those that are left, whose length is not given."""
        return None in self.shape_left(self.shape)

    def to_json(self) -> dict[str, Any]:
        """Return the values that make it, by `KEYS`."""
        values = self.path, list(self.shape), self.part, self.sum_axis, list(self.axes)
        return dict(zip(KEYS, values, strict=True))

    def shape_left(self, shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return the sizes of the axes that are left of an array."""
        return tuple(size for axis, size in enumerate(shape) if axis != self.sum_axis)

    def shape_of(self, file: str, found: Sequence[int]) -> tuple[int, ...]:
        """Return the sizes of as many axes as are expected, of an array with MATLAB's sizes.

        MATLAB has at least two axes, and none of size 1 at the end: shape (n,) is n×1, 1×n or, if empty, 0×0 there,
        () is 1×1, and (n, m, 1) is n×m.

        Raises
        ------
        DataError
            If they are not the expected ones.
        """
        sizes = _without_last_ones(found)
        if len(self.shape) < 2 and len(sizes) == 2:
            sizes = (0,) if sizes == (0, 0) else tuple(size for size in sizes if size != 1)
        sizes += (1,) * (len(self.shape) - len(sizes))
        fits = len(sizes) == len(self.shape) and all(
            expected in (None, size) for size, expected in zip(sizes, self.shape, strict=True)
        )
        if not fits:
            raise DataError(
                f"{self.at(file)} has the shape {list(found)}, and shape={list(self.shape)} is expected; correct it, "
                "None is for an axis that may differ."
            )
        return sizes

    def taken(self, file: str, array: np.ndarray) -> np.ndarray:
        """Return what is taken of an array with MATLAB's axes, in a dtype at least as wide.

        Raises
        ------
        DataError
            If it has not the expected shape, or holds NaN, or infinities whose sum is NaN.
        """
        part = _part(array.reshape(self.shape_of(file, array.shape)), self.part)
        if part.dtype.kind in "fc" and (wrong := np.isnan(part)).any():
            raise DataError(f"{self.at(file)} is NaN at {np.argwhere(wrong)[0].tolist()}; expected numbers.")
        if self.sum_axis is None:
            return part
        wide = {"f": np.float64, "c": np.complex128}.get(part.dtype.kind)
        with np.errstate(invalid="ignore"):
            total = np.asarray(np.sum(part, axis=self.sum_axis, dtype=wide))
        if total.dtype.kind in "fc" and np.isnan(total).any():
            raise DataError(f"{self.at(file)} holds infinities that cancel along sum_axis={self.sum_axis}; mend them.")
        return total

    def dtype_of(self, dtype: np.dtype) -> str:
        """Return the dtype of at most 32 bits that elements have, for arrays of one of MATLAB's."""
        smallest = np.zeros((1,) * max(len(self.shape), 1), dtype=dtype)
        left = smallest if self.part is None else getattr(np, self.part)(smallest)
        return narrowed(self.name, left if self.sum_axis is None else np.sum(left)).dtype.name

    def element(self, file: str, array: np.ndarray, dtype: str) -> np.ndarray:
        """Return what elements have: what is taken of an array, in their dtype.

        Raises
        ------
        DataError
            As `taken` does, or if the numbers are of another kind, or do not fit.
        """
        taken = self.taken(file, array)
        kind = np.dtype(dtype).kind
        if taken.dtype.kind == "c" and kind != "c":
            raise DataError(
                f"{self.at(file)} is complex, and real in the first file; give a part, real, imag or abs: MATLAB drops "
                "imaginary parts that are 0 throughout."
            )
        if kind in "fc" and taken.dtype.kind in "biu":
            taken = taken.astype(np.float64)  # how MATLAB stores numbers that happen to be whole
        try:
            return cast_exactly(self.path, taken, dtype)
        except DataError as error:
            raise DataError(f"{file}: {error}") from error

    def at(self, file: str) -> str:
        """Return the beginning of a message about the array in a file."""
        return f"{file}: {self.path!r} (fields[{self.name!r}])"

    def missing(self, file: str, depth: int, names: Iterable[str]) -> DataError:
        """Return the error for a part of the path that is not there, among the names that are."""
        known, part = sorted(names), self.parts[depth]
        where = f"the struct {'.'.join(self.parts[:depth])!r}" if depth else "the file"
        hint = did_you_mean(part, {name: name for name in known})
        return DataError(f"{self.at(file)}: {where} has no {part!r}{hint} It has {', '.join(known) or 'nothing'}.")

    def no_struct(self, file: str, depth: int, what: str = "no struct") -> DataError:
        """Return the error for a part of the path that has no fields."""
        return DataError(f"{self.at(file)}: {'.'.join(self.parts[: depth + 1])!r} is {what}; correct the path.")

    def no_numbers(self, file: str, kind: str, fields: Iterable[str] = ()) -> DataError:
        """Return the error for an array of one of MATLAB's other classes."""
        if kind == "struct":
            return DataError(
                f"{self.at(file)} is a struct; add one of its fields to the path: {', '.join(sorted(fields))}."
            )
        return DataError(f"{self.at(file)} is {_OTHERS.get(kind, f'an object of the class {kind}')}; expected numbers.")


def _without_last_ones(found: Sequence[int]) -> tuple[int, ...]:
    """Return an array's sizes as MATLAB has them: at least two, no other 1 at the end."""
    sizes = tuple(found)
    while len(sizes) > 2 and sizes[-1] == 1:
        sizes = sizes[:-1]
    return sizes


def _part(array: np.ndarray, part: str | None) -> np.ndarray:
    if part == "abs":
        return np.abs(array.astype(np.int64) if array.dtype.kind == "i" else array)  # int8 has no 128
    return array if part is None else np.asarray(getattr(np, part)(array))


def checked_fields(fields: Any) -> tuple[MatField, ...]:
    """Return fields given as mappings by name.

    Raises
    ------
    ArgumentError
        If a value is missing, unknown, or has the wrong type or range.
    """
    if not isinstance(fields, Mapping) or not fields:
        raise ArgumentError(
            f"fields={fields!r}: expected a mapping from names to {{path, shape, part, sum_axis, axes}}, for example "
            "{'data': {'path': 'low_res.das', 'shape': [64, 64]}}."
        )
    return tuple(_checked_field(name, given) for name, given in fields.items())


def _checked_field(name: Any, given: Any) -> MatField:
    what = f"fields[{name!r}]"
    if not isinstance(name, str) or not name or name in ("file_index", "idx"):
        raise ArgumentError(f"fields: {name!r} is no name for an array; file_index and idx are taken.")
    if not isinstance(given, Mapping):
        raise ArgumentError(f"{what}={given!r}: expected a mapping with path and shape.")
    for key in given:
        if key not in KEYS:
            raise ArgumentError(f"{what}: {unknown_name('key', key, KEYS)}")
    path = given.get("path")
    if not isinstance(path, str) or not all(path.split(".")):
        raise ArgumentError(f"{what}: path={path!r}: expected a variable, and fields after dots: 'low_res.das'.")
    shape = _checked_shape(what, given.get("shape"))
    part, sum_axis, axes = given.get("part"), given.get("sum_axis"), given.get("axes")
    if part is not None:
        arguments.choice(f"{what}: part", part, PARTS)
    if sum_axis is not None:
        if not shape:
            raise ArgumentError(f"{what}: sum_axis={sum_axis!r}: shape=[] has no axis; leave it out.")
        sum_axis = arguments.integer(f"{what}: sum_axis", sum_axis, minimum=0, maximum=len(shape) - 1)
    num_left = len(shape) - (sum_axis is not None)
    if axes is None:
        axes = [f"{name}_axis_{number}" for number in range(num_left)]
    is_list = isinstance(axes, list | tuple) and all(isinstance(axis, str) and axis for axis in axes)
    if not is_list or len(axes) != num_left or len(set(axes)) < num_left:
        raise ArgumentError(f"{what}: axes={axes!r}: expected {num_left} different names, for the axes that are left.")
    return MatField(name, tuple(path.split(".")), shape, part, sum_axis, tuple(axes))


def _checked_shape(what: str, shape: Any) -> tuple[int | None, ...]:
    if not isinstance(shape, list | tuple):
        raise ArgumentError(f"{what}: shape={shape!r}: expected a list of sizes, None for an axis that may differ.")
    return tuple(
        None if size is None else arguments.integer(f"{what}: shape[{axis}]", size, minimum=0)
        for axis, size in enumerate(shape)
    )
