"""How AcouPipe lays out an HDF5 file: one group per sample, one data set per feature, perhaps a group of metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.errors import DataError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.specs import MAX_RECORDS

METADATA = "metadata"
_FAILURES = (KeyError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py raises for damaged or missing objects and for types that NumPy does not have."""


@dataclass(frozen=True)
class StoredFeature:
    """The data sets of one name, in every group.

    Attributes
    ----------
    dtype
        As stored.
    shape
        Largest size of each axis.
    varies
        Whether an axis other than that of the sources has different sizes.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    varies: bool


@dataclass(frozen=True)
class Layout:
    """What is in a file.

    Attributes
    ----------
    numbers
        The samples' numbers, after which their groups are named, ascending.
    features
        The data sets of every group.
    """

    numbers: tuple[int, ...]
    features: Mapping[str, StoredFeature]

    @property
    def source_features(self) -> list[str]:
        """Names of the features whose last axis is that of the sources."""
        return [name for name, feature in self.features.items() if has_source_axis(name, feature.shape)]


def has_source_axis(name: str, shape: tuple[int, ...]) -> bool:
    """Return whether a feature's last axis is that of the sources."""
    return len(shape) > 0 and (name == "loc" or name.startswith("source_strength"))


def read_layout(file: Any, path: Path) -> Layout:
    """Look at every data set of a file, without reading their values.

    Parameters
    ----------
    file
        The open `h5py.File`.
    path
        Where it is, for errors.

    Raises
    ------
    DataError
        If the file is not laid out as AcouPipe does, or its groups differ by more than the sizes of axes.
    """
    numbers = _sample_numbers(file, path)
    first = _data_sets(file, path, numbers[0])
    largest = {name: shape for name, (_, shape) in first.items()}
    smallest = dict(largest)
    for number in numbers:
        found = _data_sets(file, path, number)
        _require_same_kind(found, first, f"{path}, group {number}", numbers[0])
        _require_one_count(found, f"{path}, group {number}")
        for name, (_, shape) in found.items():
            if shape != largest[name] or shape != smallest[name]:
                largest[name] = tuple(map(max, largest[name], shape))
                smallest[name] = tuple(map(min, smallest[name], shape))
    features = {}
    for name, (dtype, _) in first.items():
        num_fixed = len(largest[name]) - has_source_axis(name, largest[name])
        varies = largest[name][:num_fixed] != smallest[name][:num_fixed]
        features[name] = StoredFeature(dtype, largest[name], varies)
    return Layout(numbers, features)


def _sample_numbers(file: Any, path: Path) -> tuple[int, ...]:
    names = [name for name in file if name != METADATA]
    # Names come in the order of the alphabet, "10" before "2".
    unknown = [name for name in names if not name.isdecimal() or str(int(name)) != name or int(name) > MAX_RECORDS]
    if unknown:
        shown = ", ".join(map(repr, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
        raise DataError(
            f"{path}: holds {shown} besides numbered groups; expected a file written by AcouPipe, with one group per "
            f"sample, named by its number, and {METADATA!r}."
        )
    if not names:
        raise DataError(f"{path}: holds no samples; expected one numbered group per sample. Write it again.")
    return tuple(sorted(map(int, names)))


def _data_sets(file: Any, path: Path, number: int) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    """Return dtype and shape of every data set of a group."""
    # The low-level interface needs half the time: groups are many.
    h5py = import_extra("h5py", "hdf5", "HDF5 files")
    where = f"{path}, group {number}"
    try:
        group = h5py.h5g.open(file.id, str(number).encode())
        names = list(group)
    except _FAILURES as error:
        raise DataError(f"{where}: is no group that can be read ({error}). Write the file again.") from error
    found = {}
    for name in names:
        place = f"{where}, {name.decode()!r}"
        try:
            data_set = h5py.h5d.open(group, name)
            dtype, shape = data_set.dtype, data_set.shape
        except _FAILURES as error:
            raise DataError(f"{place}: is no data set that can be read ({error}). Write the file again.") from error
        if dtype.kind not in "biufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8) or shape is None:
            raise DataError(
                f"{place}: holds no numbers of at most 64 bits, but {dtype}; elements are arrays of numbers. Write the "
                f"file without it, or put what holds for all samples into {METADATA!r}."
            )
        found[name.decode()] = (dtype, shape)
    return found


def _require_same_kind(found: Mapping[str, Any], first: Mapping[str, Any], where: str, first_number: int) -> None:
    if missing := sorted(first.keys() - found.keys()):
        raise DataError(
            f"{where}: lacks {', '.join(missing)}, which group {first_number} has. If AcouPipe was interrupted, delete "
            "the incomplete group."
        )
    if superfluous := sorted(found.keys() - first.keys()):
        raise DataError(
            f"{where}: has {', '.join(superfluous)}, which group {first_number} lacks. If AcouPipe was interrupted, "
            "delete the incomplete group."
        )
    for name, (dtype, shape) in found.items():
        expected_dtype, expected_shape = first[name]
        if dtype != expected_dtype or len(shape) != len(expected_shape):
            raise DataError(
                f"{where}, {name!r}: has dtype {dtype} and {len(shape)} axes, in group {first_number} it has "
                f"{expected_dtype} and {len(expected_shape)}. Write samples of different kinds to files of their own."
            )


def _require_one_count(found: Mapping[str, Any], where: str) -> None:
    counts = {name: shape[-1] for name, (_, shape) in found.items() if has_source_axis(name, shape)}
    if len(set(counts.values())) > 1:
        raise DataError(f"{where}: its features have different numbers of sources, {counts}. Write it again.")


def read_arrays(file: Any, layout: Layout, number: int) -> dict[str, np.ndarray]:
    """Return the arrays of one sample as they are stored.

    Raises
    ------
    DataError
        If one cannot be read.
    """
    h5py = import_extra("h5py", "hdf5", "HDF5 files")
    arrays = {}
    for name, feature in layout.features.items():
        try:
            data_set = h5py.h5d.open(file.id, f"{number}/{name}".encode())
            arrays[name] = np.empty(data_set.shape, feature.dtype)
            data_set.read(h5py.h5s.ALL, h5py.h5s.ALL, arrays[name])
        except _FAILURES as error:
            raise DataError(f"{name!r}: cannot be read ({error}). The file is damaged; write it again.") from error
    return arrays


def read_metadata(file: Any, path: Path) -> dict[str, Any]:
    """Return what AcouPipe stored besides the samples: numbers, text, and nested lists of them.

    Raises
    ------
    DataError
        If it is something else.
    """
    if METADATA not in file:
        return {}
    try:
        return {name: _plain(np.asarray(data_set[()]).tolist()) for name, data_set in file[METADATA].items()}
    except (*_FAILURES, AttributeError) as error:
        raise DataError(
            f"{path}, {METADATA!r}: is no group of numbers and text that can be read ({error}). Write it anew."
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if not isinstance(value, int | float | complex | str):
        raise TypeError(f"it holds {value!r:.80}")
    return value
