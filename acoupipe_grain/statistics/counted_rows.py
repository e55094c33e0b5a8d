"""The values of an array as rows, with one column for each entry that has statistics of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64

from acoupipe_grain.errors import ArgumentError, DataError, unknown_name
from acoupipe_grain.specs import ArraySpec, ElementSpec
from acoupipe_grain.statistics.counted import Counted
from acoupipe_grain.statistics.row_buffer import BLOCK_VALUES, RowBuffer


class CountedRows:
    """What counts of one array of a source's elements, checked against their specification.

    Parameters
    ----------
    name
        Of the array.
    counted
        What counts of it.
    spec
        Specification of the elements.

    Raises
    ------
    ArgumentError
        If the array or its mask is not there or of another kind, or axes, thresholds or flags do not fit.
    """

    def __init__(self, name: str, counted: Counted, spec: ElementSpec) -> None:
        self.name, self.counted, self._spec = name, counted, spec
        if name not in spec:
            raise ArgumentError(f"arrays: {unknown_name('array', name, spec)}")
        self.axes = spec[name].axes
        if np.dtype(spec[name].dtype).kind == "c":
            raise ArgumentError(
                f"arrays: {name!r} is complex; statistics are of real numbers, ask the source for magnitudes, or for "
                "real and imaginary parts."
            )
        self._separate = self._places("separate", counted.separate, self.axes)
        self._averaged = [place for place in range(len(self.axes)) if place not in self._separate]
        self.shape = self._entries_shape(spec[name])
        self.num_columns = math.prod(self.shape)
        self._mask_order, self._mask_places = self._checked_mask()
        self._has_masks = any(place in self._separate for place in self._mask_places)
        self._above = self._thresholds()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arrays that are read."""
        return (self.name,) if self.counted.mask is None else (self.name, self.counted.mask)

    def buffer(self) -> RowBuffer:
        """Return what reduces the rows to moments of their columns."""
        return RowBuffer(self.num_columns, self._above, self._has_masks)

    def add(self, arrays: Mapping[str, np.ndarray], buffer: RowBuffer) -> None:
        """Add what counts of a batch, arrays with a leading axis of records, to a buffer, block by block.

        Raises
        ------
        DataError
            If the mask has another size than the array.
        """
        array = arrays[self.name]
        # Records come first, then what is averaged, then the columns.
        order = [0, *(1 + place for place in (*self._averaged, *self._separate))]
        num_averaged = 1 + len(self._averaged)
        mask = None if self.counted.mask is None else self._broadcast_mask(arrays[self.counted.mask], array)
        if mask is not None:
            mask = mask.transpose(order)
            if not self._has_masks:
                columns: tuple[Any, ...] = (..., *[0] * len(self._separate))
                mask = mask[columns]
        max_rows = max(1, BLOCK_VALUES // self.num_columns)
        for values, counts in _blocks(array.transpose(order), mask, num_averaged, max_rows):
            rows = values.reshape(-1, self.num_columns)
            if counts is None:
                buffer.add(rows)
            elif self._has_masks:
                buffer.add(rows, counts.reshape(-1, self.num_columns))
            else:
                counts = counts.reshape(-1)
                buffer.add(rows if counts.all() else rows[counts])

    def _broadcast_mask(self, mask: np.ndarray, array: np.ndarray) -> np.ndarray:
        """Return a mask with the axes of the array, as a view."""
        mask = mask if mask.dtype == bool else mask != 0
        mask = mask.transpose([0, *(1 + place for place in self._mask_order)])
        sizes = [1] * (array.ndim - 1)
        for axis, place in enumerate(self._mask_places):
            sizes[place] = mask.shape[1 + axis]
            if sizes[place] != array.shape[1 + place]:
                raise DataError(
                    f"{self.counted.mask!r} has {sizes[place]} entries along {self.axes[place]!r}, and {self.name!r} "
                    f"{array.shape[1 + place]}."
                )
        return np.broadcast_to(mask.reshape(len(mask), *sizes), array.shape)

    def _places(self, argument: str, names: Any, axes: tuple[str, ...]) -> list[int]:
        """Return where axes are among those of the array."""
        for axis in names:
            if axis not in axes:
                raise ArgumentError(f"arrays: {self.name!r}: {argument}: {unknown_name('axis', axis, axes)}")
            if axes.count(axis) > 1 or list(names).count(axis) > 1:
                raise ArgumentError(
                    f"arrays: {self.name!r}: {argument}: {axis!r} is the name of several axes; only axes that are "
                    "called differently can be told apart."
                )
        places = [axes.index(axis) for axis in names]
        if argument == "separate" and places != sorted(places):
            ordered = tuple(axis for axis in axes if axis in names)
            raise ArgumentError(
                f"arrays: {self.name!r}: separate={tuple(names)}: expected the order in which the array has them, "
                f"{ordered}."
            )
        return places

    def _entries_shape(self, spec: ArraySpec) -> tuple[int, ...]:
        sizes = {axis: size for axis, size in zip(spec.axes, spec.shape, strict=True) if axis in self.counted.separate}
        for axis, size in sizes.items():
            if not size:
                problem = "differs in length between records" if size is None else "has no entry"
                raise ArgumentError(f"arrays: {self.name!r}: separate: the axis {axis!r} {problem}; average over it.")
        shape = tuple(size for size in sizes.values() if size is not None)
        for argument in ("above", "normalise"):
            given = getattr(self.counted, argument)
            if isinstance(given, tuple) and len(given) != shape[-1]:
                raise ArgumentError(
                    f"arrays: {self.name!r}: {argument} has {len(given)} values, expected {shape[-1]}, one for each "
                    f"entry of {self.counted.separate[-1]!r}."
                )
        return shape

    def _checked_mask(self) -> tuple[list[int], list[int]]:
        """Return the order of the mask's axes in which the array has them, and where it has them."""
        mask = self.counted.mask
        if mask is None:
            return [], []
        if mask not in self._spec:
            raise ArgumentError(f"arrays: {self.name!r}: mask: {unknown_name('array', mask, self._spec)}")
        axes = self._spec[mask].axes
        if np.dtype(self._spec[mask].dtype).kind == "c":
            raise ArgumentError(f"arrays: {self.name!r}: mask={mask!r}: is complex, expected true and false.")
        places = self._places(f"mask={mask!r}", axes, self.axes)
        order = sorted(range(len(axes)), key=places.__getitem__)
        return order, sorted(places)

    def _thresholds(self) -> Float64[np.ndarray, " column"] | None:
        above = self.counted.above
        given = above if isinstance(above, tuple) else (above,)
        if all(value is None for value in given):
            return None
        dtype = np.dtype(self._spec[self.name].dtype)
        numbers = np.array([-math.inf if value is None else value for value in given])
        if dtype.kind == "f":
            with np.errstate(over="ignore"):  # nothing is above; that is said when it turned out so
                numbers = numbers.astype(dtype).astype(np.float64)
        return np.broadcast_to(numbers if isinstance(above, tuple) else numbers[0], self.shape).reshape(-1)


def _blocks(
    values: np.ndarray, mask: np.ndarray | None, num_axes: int, max_rows: int
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yield parts of an array and its mask along the first axes, of about so many rows: what is copied stays small."""
    num_inner = math.prod(values.shape[1:num_axes])
    if num_inner > max_rows and num_axes > 1:
        for row, inside in enumerate(values):
            yield from _blocks(inside, None if mask is None else mask[row], num_axes - 1, max_rows)
        return
    step = max(1, max_rows // max(1, num_inner))
    for start in range(0, len(values), step):
        part = slice(start, start + step)
        yield values[part], None if mask is None else mask[part]
