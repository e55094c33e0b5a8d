"""Which layout a file of impulse responses has, and which of its numbers and of the arguments count."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

from acoupipe_grain.arguments import choice, number
from acoupipe_grain.array.responses.file_content import FileContent
from acoupipe_grain.array.responses.hdf5_layout import read_hdf5
from acoupipe_grain.array.responses.npz_layout import read_npz
from acoupipe_grain.array.responses.sofa_layout import read_sofa
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.file_patterns import find_files

LAYOUTS: Mapping[str, Callable[[str], FileContent]] = {"hdf5": read_hdf5, "sofa": read_sofa, "npz": read_npz}
"""What reads the layouts, by their names."""

EXTENSIONS = (".h5", ".hdf5", ".sofa", ".npz")
"""Of files that are found in folders."""

SAME_SPEED = 0.1
"""How far an argument may be from the speed of sound that a file states, m/s."""

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK"


def existing_file(path: Any) -> str:
    """Return where a file is, from the root.

    Raises
    ------
    ArgumentError
        If it is no path, or not that of one file.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ArgumentError(f"path={path!r}: expected the path of a file of impulse responses.")
    given = os.fspath(path)
    try:
        found = find_files(given, EXTENSIONS)
    except ArgumentError as error:
        raise ArgumentError(f"path: {error}") from error
    if len(found) != 1:
        raise ArgumentError(f"path={given!r}: means {len(found)} files; expected one, such as {found[0].path!r}.")
    return found[0].path


def layout_of(path: str) -> str:
    """Return the name of a file's layout: by the extension if it is .sofa, else by what it begins with.

    Raises
    ------
    DataError
        If it is none of those known, or cannot be read.
    """
    if os.path.splitext(path)[1].lower() == ".sofa":
        return "sofa"
    try:
        with open(path, "rb") as file:
            if file.read(len(_ZIP)) == _ZIP:
                return "npz"
            size = file.seek(0, os.SEEK_END)
            # HDF5 begins at byte 0, 512, 1024, 2048, ...; what is before that is the user's.
            for begin in (0, *(512 << doublings for doublings in range(max(size // 512, 1).bit_length()))):
                file.seek(begin)
                if file.read(len(_HDF5)) == _HDF5:
                    return "hdf5"
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    raise DataError(f"{path}: is neither an HDF5 nor a SOFA nor an .npz file; expected one of these.")


def read_content(path: str, layout: str | None) -> FileContent:
    """Return what a file says.

    Raises
    ------
    ArgumentError
        If there is no such layout, or what reads it is not installed.
    DataError
        If the file cannot be read, or is not what its layout asks for.
    """
    chosen = layout_of(path) if layout is None else choice("layout", layout, LAYOUTS)
    return LAYOUTS[chosen](path)


def chosen_sample_rate(path: str, content: FileContent, given: Any) -> float:
    """Return the sampling rate, Hz: the file's, or if it states none, that of the argument.

    Raises
    ------
    ArgumentError
        If there is none, or they are different.
    """
    asked = None if given is None else number("sample_rate", given, above=0, unit="Hz")
    stated = content.sample_rate
    if stated is None:
        rate = asked or content.usual_sample_rate
        if rate is None:
            raise ArgumentError(f"{path}: states no sampling rate; give sample_rate in Hz.")
        return rate
    if asked is not None and not math.isclose(asked, stated, rel_tol=1e-9):
        raise ArgumentError(
            f"sample_rate={asked!r}: {path} has a sampling rate of {stated!r} Hz; leave sample_rate out, or resample "
            "the responses."
        )
    return stated


def chosen_speed_of_sound(path: str, content: FileContent, given: Any) -> float:
    """Return the speed of sound, m/s: that of the argument, or if there is none, the file's.

    Raises
    ------
    ArgumentError
        If there is none, or they differ by more than 0.1 m/s.
    """
    asked = None if given is None else number("speed_of_sound", given, above=0, unit="m/s")
    stated = content.speed_of_sound
    if asked is None:
        if stated is None:
            raise ArgumentError(f"{path}: states no speed of sound; give speed_of_sound in m/s, such as 343.0.")
        return stated
    if stated is not None and abs(asked - stated) > SAME_SPEED:
        raise ArgumentError(
            f"speed_of_sound={asked!r}: {path} has a speed of sound of {stated!r} m/s; leave speed_of_sound out."
        )
    return asked
