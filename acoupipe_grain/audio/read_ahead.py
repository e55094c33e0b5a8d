"""How far, and in how many threads, excerpts are read ahead."""

from __future__ import annotations

from acoupipe_grain.workers import num_cores

USUAL_BATCH_SIZE = 32
MAX_BATCHES = 16
MAX_BYTES = 256 * 2**20


def read_ahead(num_bytes: int) -> dict[str, int]:
    """Return options of `grain.ReadOptions` for elements of so many bytes.

    A thread for every core: decoding and resampling leave Python's lock, the rest does not, and more threads only get
    into each other's way. Two batches ahead, or as many as fit into 256 MiB, at most 16.
    """
    num_batches = min(max(MAX_BYTES // (USUAL_BATCH_SIZE * num_bytes), 2), MAX_BATCHES)
    return {"num_threads": min(num_cores(), num_batches), "prefetch_buffer_size": num_batches}
