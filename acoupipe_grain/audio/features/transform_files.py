"""Standardisations and principal components as they are given: objects, mappings of arrays, or .npz files."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from acoupipe_grain.audio.features.transforms import PrincipalComponents, Standardization
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import expanded

PICKLES = (".pkl", ".pickle", ".jl", ".joblib", ".p")
"""Extensions of files that hold Python objects."""

_PICKLE = "a pickle can execute code when it is loaded; convert it once where you trust it"

T = TypeVar("T", Standardization, PrincipalComponents)


def as_standardization(value: Any, name: str = "scaler") -> Standardization | None:
    """Return a standardisation that is given as such, as arrays ``mean`` and ``scale``, or not at all.

    Parameters
    ----------
    value
        A `Standardization`, a mapping of its arrays, the path of a .npz file that has them, or None.
    name
        What messages call it.

    Raises
    ------
    ArgumentError
        If an array is missing, unknown or wrong, the file cannot be read, or is no .npz file: a pickle above all, which
        can execute code when it is loaded.
    """
    return _as(Standardization, value, name)


def as_components(value: Any, name: str = "pca") -> PrincipalComponents | None:
    """Return principal components that are given as such, as arrays ``mean`` and ``components``, or not at all.

    Otherwise as `as_standardization`.
    """
    return _as(PrincipalComponents, value, name)


def _as(cls: type[T], value: Any, name: str) -> T | None:
    if value is None or isinstance(value, cls):
        return value
    if isinstance(value, str | os.PathLike):
        path = os.fspath(value)
        return _made(cls, _read(cls, path, name), f"{name}={path!r}")
    if isinstance(value, Mapping):
        return _made(cls, value, name)
    of_object = ", ".join(f"{item!r}: {name}.{item}_" for item in _array_names(cls))
    raise ArgumentError(
        f"{name}={value!r:.80}: expected {cls.__name__}, the path of a .npz file, or a mapping of arrays, such as "
        f"{{{of_object}}} of scikit-learn's objects."
    )


def _made(cls: type[T], arrays: Mapping[str, Any], what: str) -> T:
    names = _array_names(cls)
    if set(arrays) != set(names):
        found = ", ".join(map(str, arrays)) or "nothing"
        raise ArgumentError(f"{what}: holds {found}; expected the arrays {' and '.join(names)}.")
    try:
        return cls(**arrays)
    except ArgumentError as error:
        raise ArgumentError(f"{what}: {error}") from None


def _read(cls: type[T], path: str, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file, which may not hold Python objects."""
    what, file_name = f"{name}={path!r}", Path(path)
    arrays = ", ".join(f"{item}={name}.{item}_" for item in _array_names(cls))
    conversion = f"numpy.savez({str(file_name.with_suffix('.npz'))!r}, {arrays})"
    if file_name.suffix.lower() != ".npz":
        if any(extension.lower() in PICKLES for extension in file_name.suffixes):
            raise ArgumentError(f"{what}: {_PICKLE}: {conversion}")
        raise ArgumentError(f"{what}: expected a .npz file; of scikit-learn's objects, write one with {conversion}")
    try:
        with open(expanded(path), "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {item: archive[item] for item in archive.files}
    except (ValueError, AttributeError, TypeError) as error:  # Python objects, or a single array
        raise ArgumentError(f"{what}: is no .npz file of plain arrays ({error}). {_PICKLE}: {conversion}") from error
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise ArgumentError(f"{what}: cannot be read ({error}).") from error


def _array_names(cls: type[T]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(cls))
