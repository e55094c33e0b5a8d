"""Files found by folder, name or pattern: in the same order everywhere, whatever the file system's is."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from acoupipe_grain.errors import ArgumentError, did_you_mean

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class FoundFile(NamedTuple):
    """A file and what it is called.

    Attributes
    ----------
    path
        Where it is, from the root.
    name
        Its path relative to the folder that was given, or to the part of a pattern before its first wildcard, with
        ``/`` between folders; of a file that was given itself, its last part. It is the same wherever the folder is.
    """

    path: str
    name: str


def find_files(pattern: str, extensions: Sequence[str]) -> list[FoundFile]:
    """Return the files that a folder, a file or a pattern means, sorted by name.

    Folders are searched with all folders in them, links followed; whatever begins with a dot is passed over. A file
    that is given itself is taken whatever its extension is.

    Parameters
    ----------
    pattern
        Path, or pattern with ``*``, ``?``, ``[...]`` and ``**``. A ``~`` stands for the home folder, ``$NAME`` and
        ``${NAME}`` for environment variables. Relative paths begin in the working directory.
    extensions
        In lower case, with their dots: of the files that folders and patterns mean.

    Raises
    ------
    ArgumentError
        If a variable is not set, nothing is there, or no file has one of the extensions.
    """
    path = expanded(pattern)
    if os.path.isfile(path):
        return [FoundFile(path, os.path.basename(path))]
    if os.path.isdir(path):
        base, there = path, list(_files_in(path))
    elif glob.has_magic(path):
        base = _before_wildcards(path)
        there = [file for match in glob.glob(path, recursive=True) for file in _files_in(match)]
    else:
        raise ArgumentError(f"{_shown(pattern, path)}: there is no such file or folder{_nearest(path)}")
    if not there:
        raise ArgumentError(f"{_shown(pattern, path)}: there is no file{_nearest(base)}")
    wanted = {file for file in there if os.path.splitext(file)[1].lower() in extensions}
    if not wanted:
        raise ArgumentError(f"{_shown(pattern, path)}: {_without_wanted(there, extensions)}")
    return sorted(
        (FoundFile(file, Path(os.path.relpath(file, base)).as_posix()) for file in wanted), key=lambda item: item.name
    )


def checked_extensions(extensions: Any) -> tuple[str, ...]:
    """Return extensions in lower case.

    Raises
    ------
    ArgumentError
        If it is no list of extensions with their dots, or empty.
    """
    is_list = isinstance(extensions, list | tuple) and extensions
    if not is_list or not all(isinstance(item, str) and item.startswith(".") for item in extensions):
        raise ArgumentError(f"extensions={extensions!r}: expected a list of extensions with their dots, ['.wav'].")
    return tuple(item.lower() for item in extensions)


def expanded(pattern: str) -> str:
    """Return a path from the root, with variables and ``~`` replaced.

    Raises
    ------
    ArgumentError
        If a variable is not set.
    """
    for braced, plain in _VARIABLE.findall(pattern):
        name = braced or plain
        if name not in os.environ:
            raise ArgumentError(f"{pattern!r}: the environment variable {name} is not set; set it, or write the path.")
    path = os.path.expanduser(os.path.expandvars(pattern))
    if path.startswith("~"):
        raise ArgumentError(f"{pattern!r}: {path.split('/')[0]} has no home folder; write the path.")
    return os.path.abspath(path)


def _files_in(path: str) -> Iterator[str]:
    """Yield a file, or all files in a folder and the folders in it, each real folder once."""
    if not os.path.isdir(path):
        yield path
        return
    seen: set[str] = set()
    for parent, folders, names in os.walk(path, followlinks=True, onerror=_refuse):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(parent, name) for name in names if not name.startswith("."))


def _refuse(error: OSError) -> None:
    raise ArgumentError(f"{error.filename!r}: cannot be listed ({error.strerror}); make it readable.") from error


def _before_wildcards(path: str) -> str:
    folder = path
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    return folder


def _shown(pattern: str, path: str) -> str:
    return repr(pattern) if pattern == path else f"{pattern!r} ({path})"


def _nearest(path: str) -> str:
    """Return the hint at what is there and is called almost like the first part of a path that is not."""
    missing, parent = path, os.path.dirname(path)
    while not os.path.isdir(parent):
        missing, parent = parent, os.path.dirname(parent)
    if os.path.exists(missing):
        return "; give a folder with such files, or leave it out."
    try:
        names = os.listdir(parent)
    except OSError:
        names = []
    return did_you_mean(os.path.basename(missing), {name: os.path.join(parent, name) for name in names})


def _without_wanted(there: Sequence[str], extensions: Sequence[str]) -> str:
    found = Counter(os.path.splitext(file)[1].lower() for file in there)
    shown = ", ".join(f"{number} {extension or 'without extension'}" for extension, number in found.most_common(5))
    return (
        f"there is no file with the extension {' or '.join(extensions)}, but {shown}; add to extensions what is meant, "
        "or leave it out."
    )
