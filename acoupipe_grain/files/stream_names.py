"""Names that have a file in the folder of every stream."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.file_patterns import expanded, find_files
from acoupipe_grain.files.stream_lists import Stream


def given_names(names: Any) -> tuple[str, ...]:
    """Return names from a list, or from a text file with one in every line, blank lines passed over.

    Raises
    ------
    ArgumentError
        If it is neither, or holds no name, one twice, or one that leads out of its folder.
    """
    shown = f"names={names!r:.200}"
    listed = _lines(names) if isinstance(names, str | os.PathLike) else names
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(name, str) for name in listed):
        raise ArgumentError(f"{shown}: expected a list of names, or a text file with one in every line.")
    seen: set[str] = set()
    for name in listed:
        if {"", ".", ".."} & set(name.split("/")):
            raise ArgumentError(
                f"{shown}: {name!r} is no path of a file in its folder; write it without the extension, with / between "
                "folders, such as 'speaker/utterance'."
            )
        if name in seen:
            raise ArgumentError(f"{shown}: has {name!r} twice; a name is one file of every stream.")
        seen.add(name)
    return tuple(listed)


def require_files(names: Sequence[str], streams: Sequence[Stream]) -> None:
    """Raise `ArgumentError` unless there is a file for every name in the folder of every stream."""
    for stream in streams:
        _require_folder(stream)
        missing = [name for name in names if not os.path.isfile(stream.path_of(name))]
        if missing:
            more = f" (and {len(missing) - 1} more names)" if len(missing) > 1 else ""
            raise ArgumentError(
                f"names: {missing[0]!r} has no file with the extension {stream.extension!r} in {stream.label}="
                f"{stream.folder!r}{more}; take it out of the names, or names=None for those that have all files."
            )


def scanned_names(streams: Sequence[Stream]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the names that have a file in every folder, sorted, and what those lack that have it in some.

    Raises
    ------
    ArgumentError
        If a folder is not there or has no file with the extension, or no name is in all of them.
    """
    by_place: dict[tuple[str, str], set[str]] = {}
    for stream in streams:
        if (stream.folder, stream.extension) not in by_place:
            by_place[stream.folder, stream.extension] = _names_in(stream)
    everywhere = set.intersection(*by_place.values())
    if not everywhere:
        counts = ", ".join(
            f"{folder} has {len(found)} with {extension!r} (such as {min(found)!r})"
            for (folder, extension), found in by_place.items()
        )
        raise ArgumentError(f"names=None: no name has a file in every folder: {counts}; give folders of the same data.")
    left_out: dict[str, str] = {}
    for name in sorted(set.union(*by_place.values()) - everywhere):
        lacks = [f"{extension} in {folder}" for (folder, extension), found in by_place.items() if name not in found]
        left_out[name] = f"has no {', no '.join(lacks)}"
    return tuple(sorted(everywhere)), left_out


def _names_in(stream: Stream) -> set[str]:
    _require_folder(stream)
    # What stands before the extension may have dots, too; the part after the last one says where to look.
    last_part = os.path.splitext("name" + stream.extension)[1]
    try:
        found = find_files(stream.folder, [last_part.lower()])
    except ArgumentError as error:
        raise ArgumentError(f"{stream.label}: {error}") from error
    names = {item.name.removesuffix(stream.extension) for item in found if item.name.endswith(stream.extension)}
    if not names:
        raise ArgumentError(
            f"{stream.label}={stream.folder!r}: no file ends in {stream.extension!r}, but {found[0].name!r} is there; "
            "upper and lower case are different."
        )
    return names


def _require_folder(stream: Stream) -> None:
    if not os.path.isdir(stream.folder):
        raise ArgumentError(f"{stream.label}={stream.folder!r}: there is no such folder; correct the path.")


def _lines(path: str | os.PathLike[str]) -> list[str]:
    try:
        with open(expanded(os.fspath(path)), encoding="utf-8-sig") as file:
            return [line.strip() for line in file if line.strip()]
    except OSError as error:
        raise ArgumentError(f"names={os.fspath(path)!r}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(f"names={os.fspath(path)!r}: is no text in UTF-8 ({error}).") from error
