"""Recordings that are cut into segments: files with names that tell them apart."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from acoupipe_grain.audio.files import AudioFile, BrokenFileError, read_header
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import FoundFile, find_files

READ_BYTES = 2**20


@dataclass(frozen=True, eq=False)
class Recordings:
    """Audio files with names that tell them apart.

    Attributes
    ----------
    files
        The files.
    """

    files: tuple[AudioFile, ...]

    @property
    def names(self) -> list[str]:
        """The files' names within their folders."""
        return [file.name for file in self.files]

    @cached_property
    def digest(self) -> str:
        """What identifies names and whole content of the files, wherever they are; read when it is asked for."""
        rows = [(file.name, digest_of_file(file.path)) for file in self.files]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def checked_patterns(files: Any) -> list[str]:
    """Return folders, files and patterns as a list of paths.

    Raises
    ------
    ArgumentError
        If it is neither a path nor a list of paths, or holds nothing.
    """
    patterns = [files] if isinstance(files, str | os.PathLike) else files
    is_list = isinstance(patterns, list | tuple) and patterns
    if not is_list or not all(isinstance(item, str | os.PathLike) and str(item) for item in patterns):
        raise ArgumentError(f"files={files!r}: expected a folder, file or pattern, or a list of them.")
    return [os.fspath(item) for item in patterns]


def find_recordings(patterns: Sequence[str], extensions: Sequence[str]) -> Recordings:
    """Find audio files and read their headers, sorted by name within each pattern.

    Raises
    ------
    ArgumentError
        If a pattern means nothing, or two files have the same name: labels and splits would not tell them apart.
    BrokenFileError
        If a file cannot be read as audio, or holds no sample.
    """
    by_real_path: dict[str, FoundFile] = {}
    for pattern in patterns:
        try:
            found = find_files(pattern, extensions)
        except ArgumentError as error:
            raise ArgumentError(f"files: {error}") from error
        for file in found:
            by_real_path.setdefault(os.path.realpath(file.path), file)
    names: dict[str, str] = {}
    for file in by_real_path.values():
        if names.setdefault(file.name, file.path) != file.path:
            raise ArgumentError(
                f"files: {names[file.name]!r} and {file.path!r} are both called {file.name!r} in their folders; give a "
                "folder that has both in it, labels and splits go by the name."
            )
    try:
        return Recordings(tuple(read_header(file) for file in by_real_path.values()))
    except BrokenFileError as error:
        raise BrokenFileError(f"files: {error} Restore or remove it.") from error


def digest_of_file(path: str) -> str:
    """Return the SHA-256 of a file's whole content."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(READ_BYTES):
                digest.update(block)
    except OSError as error:
        raise BrokenFileError(f"{path}: cannot be read ({error.strerror}).") from error
    return digest.hexdigest()


def require_own_files(files: Sequence[AudioFile], what: str, extension: str) -> None:
    """Raise `ArgumentError` if two recordings would share one further file, which is called like them.

    Parameters
    ----------
    files
        The recordings.
    what
        What has such files, for the message.
    extension
        Of the further files.
    """
    names: dict[str, str] = {}
    for file in files:
        stem = os.path.splitext(file.name)[0]
        if (other := names.setdefault(stem, file.name)) != file.name:
            raise ArgumentError(
                f"{what}: {other!r} and {file.name!r} would have the same file, {stem + extension!r}; rename one of "
                "them, or leave it out."
            )
