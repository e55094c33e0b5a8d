"""Batches of elements whose axes differ in length: padded with zeros, with lengths and masks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, DataError, unknown_name
from acoupipe_grain.specs import (
    ArraySpec,
    DataSource,
    Element,
    ElementSpec,
    length_key,
    lengths_of,
    mask_key,
    ragged_axes,
    stack_elements,
)

PadTo: TypeAlias = Sequence[int] | Mapping[str, Sequence[int]] | None
"""Lengths to which ragged axes are padded, of all of them or by name."""


class Padding:
    """Stacks elements, with their ragged axes padded with zeros to one length.

    A batch has, besides the arrays, for every ragged axis how long it is in each element, ``<axis>_length`` (batch,),
    int32, and where there is something, ``<axis>_mask`` (batch, <axis>), bool.

    Parameters
    ----------
    spec
        Specification of the elements.
    pad_to
        Lengths by axis, ascending: the smallest that is long enough is taken. Other axes are as long as the longest
        in the batch.
    """

    def __init__(self, spec: ElementSpec, pad_to: Mapping[str, Sequence[int]]) -> None:
        self._spec = dict(spec)
        self._axes = ragged_axes(spec)
        self.pad_to = {axis: tuple(lengths) for axis, lengths in pad_to.items()}
        for name in (name for axis in self._axes for name in (length_key(axis), mask_key(axis))):
            if name in spec:
                raise ArgumentError(
                    f"source: its elements have {name!r}, which batches use for an axis that differs in length; give "
                    "it another name."
                )

    def __call__(self, elements: Sequence[Element]) -> Element:
        """Return a batch.

        Raises
        ------
        DataError
            If arrays of an element differ along an axis of one name, or elements are longer than `pad_to` allows.
        """
        elements = list(elements)
        lengths = {axis: self._lengths(axis, elements) for axis in self._axes}
        sizes = {axis: self._size(axis, int(of_axis.max())) for axis, of_axis in lengths.items()}
        fixed = [name for name, item in self._spec.items() if None not in item.shape]
        stacked = stack_elements([{name: element[name] for name in fixed} for element in elements]) if fixed else {}
        batch = {
            name: stacked[name] if name in stacked else _padded(name, item, sizes, elements)
            for name, item in self._spec.items()
        }
        for axis, of_axis in lengths.items():
            batch[length_key(axis)] = of_axis
            batch[mask_key(axis)] = np.arange(sizes[axis]) < of_axis[:, np.newaxis]
        return batch

    def _lengths(self, axis: str, elements: Sequence[Element]) -> np.ndarray:
        """Return how long an axis is in each element."""
        places = [(name, item.axes.index(axis)) for name, item in self._spec.items() if axis in item.axes]
        lengths = np.array([[element[name].shape[place] for name, place in places] for element in elements], np.int32)
        if np.any(lengths != lengths[:, :1]):
            wrong = int(np.flatnonzero(np.any(lengths != lengths[:, :1], axis=1))[0])
            found = ", ".join(f"{name!r} {size}" for (name, _), size in zip(places, lengths[wrong], strict=True))
            raise DataError(f"cannot batch: the axis {axis!r} has different lengths in one element: {found}.")
        return np.ascontiguousarray(lengths[:, 0])

    def _size(self, axis: str, longest: int) -> int:
        sizes = self.pad_to.get(axis)
        if sizes is None:
            return longest
        place = bisect_left(sizes, longest)
        if place == len(sizes):
            raise DataError(f"cannot batch: an element has the length {longest} along {axis!r}, more than {sizes[-1]}.")
        return sizes[place]


def _padded(name: str, item: ArraySpec, sizes: Mapping[str, int], elements: Sequence[Element]) -> np.ndarray:
    shape = [sizes[axis] if size is None else size for axis, size in zip(item.axes, item.shape, strict=True)]
    batch = np.zeros((len(elements), *shape), dtype=item.dtype)
    for row, element in enumerate(elements):
        array = element[name]
        places: tuple[Any, ...] = (row, *(slice(size) for size in array.shape))
        batch[places] = array
    return batch


def checked_pad_to(pad_to: Any, source: DataSource) -> dict[str, tuple[int, ...]]:
    """Return lengths by axis, ascending.

    Raises
    ------
    ArgumentError
        If it is no such list or mapping, an axis has one length anyway, or the source has a longer one.
    """
    axes = ragged_axes(source.element_spec)
    if pad_to is None:
        return {}
    if not axes:
        raise ArgumentError(f"pad_to={pad_to!r}: no axis of this source differs in length; leave it out.")
    by_axis = dict(pad_to) if isinstance(pad_to, Mapping) else dict.fromkeys(axes, pad_to)
    checked = {}
    for axis, given in by_axis.items():
        if axis not in axes:
            raise ArgumentError(f"pad_to: {unknown_name('axis', axis, axes)}")
        if not isinstance(given, list | tuple | np.ndarray) or not len(given):
            raise ArgumentError(f"pad_to={pad_to!r}: expected a list of lengths, [64, 128, 256], or lists by axis.")
        sizes = tuple(sorted({arguments.integer("pad_to", size, minimum=1) for size in given}))
        lengths = lengths_of(source).get(axis)
        if lengths is not None and (longest := int(np.max(lengths))) > sizes[-1]:
            raise ArgumentError(
                f"pad_to={pad_to!r}: record {int(np.argmax(lengths))} has the length {longest} along {axis!r}; add a "
                "length that is long enough."
            )
        checked[axis] = sizes
    return checked
