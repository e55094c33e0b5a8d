"""Groups of audio files: what users call a kind of sound, and where its recordings are."""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.audio.files import AudioFile, BrokenFileError, read_header
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.file_patterns import FoundFile, find_files

EXTENSIONS = (".wav", ".flac", ".ogg")
ON_FAILURE = ("raise", "skip")
MAX_BROKEN_SHOWN = 5


@dataclass(frozen=True)
class FileGroups:
    """Groups of audio files; the files are numbered through all groups.

    Attributes
    ----------
    files
        All files, group after group.
    num_files
        Number of files of each group, by name; groups are sorted by name.
    broken
        What is wrong with files that were left out, by path.
    """

    files: tuple[AudioFile, ...]
    num_files: Mapping[str, int]
    broken: Mapping[str, str]

    def group_of(self, number: int) -> int:
        """Return the number of a file's group."""
        return bisect_right(self._first_files, number) - 1

    def following(self, number: int) -> list[int]:
        """Return the numbers of the other files of a file's group: those that follow it, then those before it."""
        group = self.group_of(number)
        first, after = self._first_files[group : group + 2]
        return [*range(number + 1, after), *range(first, number)]

    @cached_property
    def _first_files(self) -> list[int]:
        return list(accumulate(self.num_files.values(), initial=0))

    @property
    def left_out(self) -> str:
        """How many files were left out, and what is wrong with the first of them."""
        num_broken, shown = len(self.broken), list(self.broken.values())[:MAX_BROKEN_SHOWN]
        more = f" And {num_broken - len(shown)} more." if num_broken > len(shown) else ""
        return f"{num_broken} of {num_broken + len(self.files)} files are left out: {' '.join(shown)}{more}"

    @property
    def digest(self) -> str:
        """What identifies names, groups and content of the files, wherever they are."""
        rows = [(item.name, item.num_frames, item.sample_rate, item.num_channels, item.digest) for item in self.files]
        return hashlib.sha256(json.dumps([self.num_files, rows]).encode()).hexdigest()


def checked_sources(sources: Any) -> dict[str, list[str]]:
    """Return folders, files and patterns by group, groups sorted by name.

    Raises
    ------
    ArgumentError
        If it is no mapping from names to paths or lists of paths, or holds nothing.
    """
    expected = "expected a mapping from group names to lists of folders, files or patterns, {speech: [/data/speech]}"
    if not isinstance(sources, Mapping) or not sources:
        raise ArgumentError(f"sources={sources!r}: {expected}.")
    checked = {}
    for name, given in sources.items():
        patterns = [given] if isinstance(given, str | os.PathLike) else given
        if not isinstance(name, str) or not name or not isinstance(patterns, list | tuple) or not patterns:
            raise ArgumentError(f"sources={{{name!r}: {given!r}}}: {expected}.")
        if not all(isinstance(item, str | os.PathLike) and str(item) for item in patterns):
            raise ArgumentError(f"sources={{{name!r}: {given!r}}}: {expected}.")
        checked[name] = [os.fspath(item) for item in patterns]
    return dict(sorted(checked.items()))


def find_groups(sources: Mapping[str, Sequence[str]], extensions: Sequence[str], on_failure: str) -> FileGroups:
    """Find the files of all groups and read their headers.

    A file that several patterns of a group mean is one file.

    Parameters
    ----------
    sources
        Folders, files and patterns by group.
    extensions
        In lower case: of the files that folders and patterns mean.
    on_failure
        "raise": a broken file is an error. "skip": it is left out.

    Raises
    ------
    ArgumentError
        If a pattern means nothing, or a file is in two groups.
    DataError
        If a file is broken, or with "skip" all files of a group are.
    """
    arguments.choice("on_failure", on_failure, ON_FAILURE)
    files: list[AudioFile] = []
    num_files: dict[str, int] = {}
    broken: dict[str, str] = {}
    owners: dict[str, str] = {}
    for group, patterns in sources.items():
        before = len(files)
        for found in _found_in(group, patterns, extensions, owners):
            try:
                files.append(read_header(found))
            except BrokenFileError as error:
                if on_failure == "raise":
                    raise BrokenFileError(
                        f"sources: group {group!r}: {error} Remove it, or leave such files out with on_failure='skip'."
                    ) from error
                broken[found.path] = str(error)
        num_files[group] = len(files) - before
        if not num_files[group]:
            raise DataError(f"sources: group {group!r}: all its files are broken: {next(reversed(broken.values()))}")
    return FileGroups(tuple(files), num_files, broken)


def _found_in(
    group: str, patterns: Sequence[str], extensions: Sequence[str], owners: dict[str, str]
) -> list[FoundFile]:
    """Return the files of a group, and note in `owners` that they are its."""
    chosen: dict[str, FoundFile] = {}
    for pattern in patterns:
        try:
            found = find_files(pattern, extensions)
        except ArgumentError as error:
            raise ArgumentError(f"sources: group {group!r}: {error}") from error
        for file in found:
            real = os.path.realpath(file.path)
            owner = owners.setdefault(real, group)
            if owner != group:
                raise ArgumentError(
                    f"sources: {file.path!r} is in the groups {owner!r} and {group!r}; narrow one of them, a record "
                    "has one group."
                )
            chosen.setdefault(real, file)
    return list(chosen.values())
