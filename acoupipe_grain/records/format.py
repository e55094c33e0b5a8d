"""The files that describe a data set: canonical JSON with a digest of its own, versioned, replaced as a whole."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from acoupipe_grain.errors import DataError

FORMAT_VERSION = 2
"""Version of the files this code writes, and the latest it reads."""
MIN_READER_VERSION = 2
"""The oldest version of this code's reader that understands them."""
OLDEST_READABLE = 2
"""The oldest format this code reads."""
PARTIAL_SUFFIX = ".partial"


def versions_of_format() -> dict[str, Any]:
    """Return the entries that say who can read a file."""
    return {"format_version": FORMAT_VERSION, "min_reader_version": MIN_READER_VERSION}


def require_readable(mapping: Mapping[str, Any], path: Path) -> None:
    """Raise `DataError` unless this code understands the format of what was read at `path`."""
    version, reader = mapping.get("format_version"), mapping.get("min_reader_version")
    if not isinstance(version, int) or version < OLDEST_READABLE:
        raise DataError(
            f"{path}: format_version={version!r}; this version of acoupipe_grain reads {OLDEST_READABLE} to "
            f"{FORMAT_VERSION}. Export the data set again."
        )
    if not isinstance(reader, int) or reader > FORMAT_VERSION:
        raise DataError(
            f"{path}: format_version={version!r} needs a reader of version {reader!r}; this version of acoupipe_grain "
            f"reads {OLDEST_READABLE} to {FORMAT_VERSION}. Install a later one."
        )


def with_digest(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping with the hash of its other entries as "digest"."""
    rest = {key: value for key, value in mapping.items() if key != "digest"}
    return rest | {"digest": hashlib.sha256(to_text(rest).encode()).hexdigest()}


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that `write_json` wrote.

    Raises
    ------
    DataError
        If it cannot be read, or was changed since.
    """
    try:
        mapping = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error}).") from error
    if not isinstance(mapping, dict):
        raise DataError(f"{path}: expected a JSON mapping.")
    return mapping


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def require_unchanged(mapping: Mapping[str, Any], path: Path) -> None:
    """Raise `DataError` unless the digest in what was read at `path` is that of the rest."""
    if mapping.get("digest") != with_digest(mapping)["digest"]:
        raise DataError(
            f"{path}: was changed after it was written, its digest does not fit. Restore it, or let "
            "`acoupipe-grain repair` do so."
        )


def write_json(path: Path, mapping: Mapping[str, Any]) -> None:
    """Write a mapping so that the file is never seen half-written."""
    partial = partial_path(path)
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(to_text(mapping))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def partial_path(path: Path) -> Path:
    """Return the name of a file of this thread that will become `path`; it says who writes it."""
    owner = f"{socket.gethostname()}.{threading.get_native_id()}.{os.getpid()}"
    return path.with_name(f"{path.name}.{owner}{PARTIAL_SUFFIX}")


def is_abandoned(partial: Path) -> bool:
    """Say whether the process that wrote such a file ran on this machine and is gone."""
    owner = _owner_here(partial)
    return owner is not None and not psutil.pid_exists(owner)


def is_alive(partial: Path) -> bool:
    """Say whether the process that writes such a file runs on this machine; of others nothing is known."""
    owner = _owner_here(partial)
    return owner is not None and psutil.pid_exists(owner)


def _owner_here(partial: Path) -> int | None:
    host_and_thread, _, owner = partial.name.removesuffix(PARTIAL_SUFFIX).rpartition(".")
    is_here = host_and_thread.rpartition(".")[0].endswith(f".{socket.gethostname()}")
    return int(owner) if is_here and owner.isdigit() else None


def to_text(mapping: Mapping[str, Any]) -> str:
    """Return a mapping as canonical JSON text."""
    return json.dumps(mapping, indent=1, allow_nan=False) + "\n"
