"""Files and folders that are either complete or not there: written under another name, renamed at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from acoupipe_grain.errors import ArgumentError, ExportError
from acoupipe_grain.records.format import PARTIAL_SUFFIX


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give the path of an empty file to write; it becomes `path` when the block ends, and is removed if that fails.

    Raises
    ------
    ExportError
        If `path` exists, is being written, or cannot be: nothing is overwritten.
    """
    _require_new_file(path)
    partial = _partial(path)
    with _claiming(partial):
        partial.touch(exist_ok=False)
    try:
        yield partial
        _require_new_file(path)  # it may have appeared meanwhile
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give the path of an empty folder to fill; it becomes `path` when the block ends, and is removed if that fails.

    Raises
    ------
    ExportError
        If `path` is not new or empty, is being written, or cannot be: nothing is overwritten.
    """
    _require_free_folder(path)
    partial = _partial(path)
    with _claiming(partial):
        partial.mkdir()
    try:
        yield partial
        _require_free_folder(path)  # it may have been filled meanwhile
        if path.exists():
            path.rmdir()
        partial.rename(path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def require_file_names(names: Iterable[str]) -> None:
    """Raise `ArgumentError` for a feature that no file or HDF5 data set can be named after."""
    for name in names:
        if not name or name.startswith(".") or any(character in name for character in "/\\\0"):
            raise ArgumentError(
                f"source: its feature {name!r} cannot be the name of a file or data set; give it a label without "
                "slashes and without a dot in front."
            )


def _require_new_file(path: Path) -> None:
    if os.path.lexists(path):
        raise ExportError(f"path={str(path)!r}: exists and is not overwritten; choose another name or delete it.")


def _require_free_folder(path: Path) -> None:
    is_empty_folder = path.is_dir() and not path.is_symlink() and not any(path.iterdir())
    if os.path.lexists(path) and not is_empty_folder:
        raise ExportError(f"path={str(path)!r}: exists and is no empty folder; choose another one.")


def _partial(path: Path) -> Path:
    if path.name in ("", ".."):
        raise ExportError(f"path={str(path)!r}: names no file or folder; give one within it.")
    return path.with_name(path.name + PARTIAL_SUFFIX)


@contextlib.contextmanager
def _claiming(partial: Path) -> Iterator[None]:
    """Turn what goes wrong at the first access to the disk into an `ExportError`."""
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        yield
    except FileExistsError as error:
        raise ExportError(
            f"{partial}: being written by another process, or left by one that was killed; delete it in that case."
        ) from error
    except OSError as error:
        raise ExportError(f"{partial}: cannot be written ({error.strerror}).") from error
