"""Recordings that are cut into segments: files with names that tell them apart."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from acoupipe_grain.audio.files import AudioFile, BrokenFileError, read_header
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import FoundFile
from acoupipe_grain.named_files import NamedFiles, find_named_files


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
        return NamedFiles(tuple(file.path for file in self.files), tuple(self.names)).digest


def find_recordings(patterns: Sequence[str], extensions: Sequence[str]) -> Recordings:
    """Find audio files and read their headers, sorted by name within each pattern.

    Raises
    ------
    ArgumentError
        If a pattern means nothing, or two files have the same name: labels and splits would not tell them apart.
    BrokenFileError
        If a file cannot be read as audio, or holds no sample.
    """
    found = find_named_files("files", patterns, extensions)
    try:
        headers = [read_header(FoundFile(*file)) for file in zip(found.paths, found.names, strict=True)]
    except BrokenFileError as error:
        raise BrokenFileError(f"files: {error} Restore or remove it.") from error
    return Recordings(tuple(headers))


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
