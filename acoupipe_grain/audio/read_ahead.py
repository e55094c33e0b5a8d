"""How far, and in how many threads, excerpts are read ahead."""

from __future__ import annotations

import os

USUAL_BATCH_SIZE = 32
MAX_BATCHES = 16
MAX_BYTES = 256 * 2**20


def read_ahead(num_bytes: int) -> dict[str, int]:
    """Return options of `grain.ReadOptions` for elements of so many bytes.

    A thread for every core: decoding and resampling leave Python's lock, the rest does not, and more threads only get
    into each other's way. Two batches ahead, or as many as fit into 256 MiB, at most 16.
    """
    num_batches = min(max(MAX_BYTES // (USUAL_BATCH_SIZE * num_bytes), 2), MAX_BATCHES)
    return {"num_threads": min(_num_cores(), num_batches), "prefetch_buffer_size": num_batches}


def _num_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
