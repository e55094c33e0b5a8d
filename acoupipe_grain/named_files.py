"""Files with names that tell them apart, identified by names and content."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.file_patterns import FoundFile, find_files


@dataclass(frozen=True)
class NamedFiles:
    """Files, sorted by pattern and name.

    Attributes
    ----------
    paths
        Where they are.
    names
        Their paths relative to the folders that were given, with ``/`` between folders.
    """

    paths: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def digest(self) -> str:
        """What identifies names and whole content of the files, wherever they are; read when it is asked for."""
        rows = [(name, digest_of(path)) for name, path in zip(self.names, self.paths, strict=True)]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def digest_of(path: str) -> str:
    """Return the SHA-256 of a file's whole content.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error


def checked_patterns(argument: str, patterns: Any) -> list[str]:
    """Return folders, files and patterns as a list of paths.

    Raises
    ------
    ArgumentError
        If it is neither a path nor a list of paths, or holds nothing.
    """
    listed = [patterns] if isinstance(patterns, str | os.PathLike) else patterns
    is_list = isinstance(listed, list | tuple) and listed
    if not is_list or not all(isinstance(item, str | os.PathLike) and str(item) for item in listed):
        raise ArgumentError(f"{argument}={patterns!r}: expected a folder, file or pattern, or a list of them.")
    return [os.fspath(item) for item in listed]


def find_named_files(argument: str, patterns: Sequence[str], extensions: Sequence[str]) -> NamedFiles:
    """Find files, sorted by name within each pattern; one that several patterns mean is one file.

    Parameters
    ----------
    argument
        What the patterns are called in messages.
    patterns
        Folders, files and patterns, as `acoupipe_grain.file_patterns.find_files` takes them.
    extensions
        In lower case, with their dots: of the files that folders and patterns mean.

    Raises
    ------
    ArgumentError
        If a pattern means nothing, or two files have the same name.
    """
    chosen: list[FoundFile] = []
    known: set[str] = set()
    for pattern in patterns:
        try:
            found = find_files(pattern, extensions)
        except ArgumentError as error:
            raise ArgumentError(f"{argument}: {error}") from error
        chosen += [file for file in found if os.path.realpath(file.path) not in known]
        known |= {os.path.realpath(file.path) for file in found}
    paths: dict[str, str] = {}
    for file in chosen:
        if paths.setdefault(file.name, file.path) != file.path:
            raise ArgumentError(
                f"{argument}: {paths[file.name]!r} and {file.path!r} are both called {file.name!r} in their folders; "
                "give a folder that has both in it, they are told apart by the name."
            )
    return NamedFiles(tuple(paths.values()), tuple(paths))
