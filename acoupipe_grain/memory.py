"""Refusal of work that cannot fit into memory, before it is begun."""

from __future__ import annotations

import psutil

from acoupipe_grain.errors import ArgumentError


def require_memory(num_bytes: int, what: str, remedy: str) -> None:
    """Raise `ArgumentError` if `num_bytes` are more than the memory that is available now."""
    available = psutil.virtual_memory().available
    if num_bytes > available:
        raise ArgumentError(
            f"{what} needs about {num_bytes / 2**30:.1f} GiB of memory, {available / 2**30:.1f} GiB are available; "
            f"{remedy}."
        )


def available_memory() -> int:
    """Return the memory available now, bytes."""
    return int(psutil.virtual_memory().available)
