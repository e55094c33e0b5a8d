"""Folders of NumPy's files, one of each kind of array, as a random-access source."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.file_patterns import expanded, find_files
from acoupipe_grain.files.file_source import FileSource
from acoupipe_grain.files.npy_files import EXTENSIONS, read_header
from acoupipe_grain.memory import require_memory
from acoupipe_grain.named_files import NamedFiles
from acoupipe_grain.seeding import SPLITS
from acoupipe_grain.specs import ArraySpec, Element

FOLDERS_OF_SPLITS = {"training": ("training",), "validation": ("validation",), "test": ("test", "evaluation")}
"""What the folder of a split may be called."""
MAX_SHOWN = 5


class NpySource(FileSource):
    """Arrays in NumPy's files, one file of each kind per record: deterministic, thread-safe, picklable.

    Each kind of array has a folder: ``folder/data/sub/a.npy`` and ``folder/labels/sub/a.npy.gz`` are the record
    ``sub/a``. Files are plain or gzipped, whatever their extension says. Records are sorted by name. ``source[i]``
    depends on the arguments, i, and the content of the files. Elements:

    ============== ===== =================== ==============================================================
    each of        (...) as in the files, at the array in the file, its axes called ``<name>_axis_0``, ...
    `arrays`             most 32 bits
    file_index     ()    int32               number of the record in ``tables["files"]``, its name
    idx            ()    int32               record index, the same number
    ============== ===== =================== ==============================================================

    Files of a kind have the same dtype and number of axes. Axes that have one length in all files are that long; others
    are ragged, None in the specification, and ``lengths`` knows them. Numbers of 64 bits become such of 32, rounded;
    integers must fit. Shapes and dtypes are read from all files at construction, numbers when they are used; nothing is
    ever unpickled. ``repr`` identifies the files by names and whole content, not by where they are.

    Parameters
    ----------
    folder
        Where the folders of the arrays are, or of the splits. ``~``, ``$NAME`` and ``${NAME}`` are replaced.
    arrays
        Names of the folders, and of the arrays in elements. Folders are searched for ``.npy`` and ``.npy.gz`` with all
        folders in them; every record has a file in each.
    split
        "training", "validation" or "test": the arrays are in ``folder/<split>``, those of "test" in ``test`` or
        ``evaluation``. None: they are in the folder itself.

    Attributes
    ----------
    files
        All files, in the order of `arrays` and of the records.
    names
        Names of the records.
    lengths
        How long ragged axes are in each record, by name, (record,), int64.

    Raises
    ------
    ArgumentError
        If a value has the wrong type, a folder is not there or empty, or a record lacks a file.
    DataError
        If a file is damaged, holds objects, text or NaN, is not what it was, or files differ that must not.
    RecordIndexError
        For an index outside 0 ... number of records − 1, negative ones included.
    """

    elsewhere = ("folder", "split")

    def __init__(self, folder: str, arrays: Sequence[str] = ("data", "labels"), *, split: str | None = None) -> None:
        if not isinstance(folder, str | os.PathLike) or not str(folder):
            raise ArgumentError(f"folder={folder!r}: expected the path of a folder.")
        self.arrays = _checked_arrays(arrays)
        self._given: dict[str, Any] = {"folder": os.fspath(folder), "arrays": list(self.arrays), "split": split}
        place = _folder_of(self._given["folder"], split)
        paths = {name: _paths_in(place, name) for name in self.arrays}
        self.names = _names_in_all(paths)
        self._headers = {name: [read_header(paths[name][record]) for record in self.names] for name in self.arrays}
        self.lengths: dict[str, np.ndarray] = {}
        self.element_spec = {name: self._spec(name) for name in self.arrays}
        self.element_spec |= {name: ArraySpec((), "int32", ()) for name in ("file_index", "idx")}
        everything = {os.path.relpath(file.path, place): file.path for of in self._headers.values() for file in of}
        self.files = NamedFiles(tuple(everything.values()), tuple(name.replace(os.sep, "/") for name in everything))
        self._require_memory()

    def _spec(self, name: str) -> ArraySpec:
        """Return what the files of an array have in common, and note the lengths of axes that differ."""
        files = self._headers[name]
        first = files[0]
        for file in files:
            if (file.native, len(file.shape)) != (first.native, len(first.shape)):
                raise DataError(
                    f"{file.path}: has {len(file.shape)} axes of {file.native}, and {first.path} "
                    f"{len(first.shape)} of {first.native}; arrays of one name have the same dtype and number of axes: "
                    "convert one of them."
                )
        axes = tuple(f"{name}_axis_{number}" for number in range(len(first.shape)))
        sizes = np.array([file.shape for file in files], dtype=np.int64).reshape(len(files), len(axes)).T
        ragged = {axis: of_axis for axis, of_axis in zip(axes, sizes, strict=True) if np.any(of_axis != of_axis[0])}
        self.lengths |= {axis: np.ascontiguousarray(of_axis) for axis, of_axis in ragged.items()}
        shape = tuple(None if axis in ragged else size for axis, size in zip(axes, first.shape, strict=True))
        return ArraySpec(shape, first.dtype, axes)

    def _require_memory(self) -> None:
        sizes = [sum(file.num_bytes for file in of_record) for of_record in zip(*self._headers.values(), strict=True)]
        largest = int(np.argmax(sizes))
        require_memory(
            2 * sizes[largest],  # as it is in the files, and as it is in elements
            f"folder={self._given['folder']!r}: the record {self.names[largest]!r}",
            "make files of parts of it",
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values."""
        return self._given

    @property
    def tables(self) -> dict[str, list[str]]:
        """What belongs to ``file_index``: names of the records."""
        return {"files": self.names}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Element:
        index = arguments.record_index(index, len(self))
        element = {name: files[index].read() for name, files in self._headers.items()}
        return element | {name: np.array(index, dtype=np.int32) for name in ("file_index", "idx")}


def _checked_arrays(arrays: Any) -> tuple[str, ...]:
    expected = "expected a list of names of folders, ['data', 'labels']"
    if not isinstance(arrays, list | tuple) or not arrays:
        raise ArgumentError(f"arrays={arrays!r}: {expected}.")
    for name in arrays:
        if not isinstance(name, str) or not name or name in (".", "..") or "/" in name or os.sep in name:
            raise ArgumentError(f"arrays={list(arrays)!r}: {name!r} is no name of a folder; {expected}.")
        if name in ("file_index", "idx"):
            raise ArgumentError(f"arrays={list(arrays)!r}: {name!r} is what elements say of the record; rename it.")
    if len(set(arrays)) < len(arrays):
        raise ArgumentError(f"arrays={list(arrays)!r}: a name occurs twice; leave one out.")
    return tuple(arrays)


def _folder_of(folder: str, split: Any) -> str:
    """Return the folder of a split."""
    place = expanded(folder)
    if not os.path.isdir(place):
        raise ArgumentError(f"folder={folder!r}: {place} is no folder; correct it.")
    if split is None:
        return place
    names = FOLDERS_OF_SPLITS[arguments.choice("split", split, SPLITS)]
    found = [name for name in names if os.path.isdir(os.path.join(place, name))]
    if len(found) > 1:
        raise ArgumentError(f"split={split!r}: {place} has both {' and '.join(found)}; remove one of them.")
    if not found:
        raise ArgumentError(
            f"split={split!r}: {place} has no folder {' or '.join(names)}; leave the split out if the arrays are in "
            "the folder itself."
        )
    return os.path.join(place, found[0])


def _paths_in(place: str, name: str) -> dict[str, str]:
    """Return the files of an array by the names of their records."""
    folder = os.path.join(place, name)
    if not os.path.isdir(folder):
        splits = [split for split, folders in FOLDERS_OF_SPLITS.items() if set(folders) & set(os.listdir(place))]
        remedy = f"give a split, one of {', '.join(splits)}" if splits else "name those that are there"
        raise ArgumentError(f"arrays: {folder} is no folder; {remedy}.")
    paths: dict[str, str] = {}
    try:
        found = find_files(folder, (".npy", ".gz"))
    except ArgumentError as error:
        raise ArgumentError(f"arrays: {error}") from error
    for file in found:
        extension = next((item for item in EXTENSIONS if file.name.lower().endswith(item)), None)
        if extension is None:
            continue
        record = file.name[: -len(extension)]
        if record in paths:
            raise ArgumentError(f"arrays: {paths[record]} and {file.path} are both {record!r}; remove one of them.")
        paths[record] = file.path
    if not paths:
        raise ArgumentError(f"arrays: {folder} has no file {' or '.join(EXTENSIONS)}; leave {name!r} out.")
    return paths


def _names_in_all(paths: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the names of the records, sorted."""
    names = sorted(set().union(*paths.values()))
    for array, of_array in paths.items():
        if missing := [name for name in names if name not in of_array]:
            has_it = next(other for other, of_other in paths.items() if missing[0] in of_other)
            more = f" and {len(missing) - MAX_SHOWN} more" if len(missing) > MAX_SHOWN else ""
            raise ArgumentError(
                f"arrays: there is no file in {array!r} for {', '.join(map(repr, missing[:MAX_SHOWN]))}{more} "
                f"({has_it!r} has {missing[0]!r}); add what is missing, or remove what has no partner."
            )
    return names
