"""A source's elements in the order of a shard, computed in whole batches where the source offers it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acoupipe_grain.specs import (
    DataSource,
    Element,
    apply_batch_computation,
    batch_of,
    compute_batch_of,
    element_num_bytes,
    inputs_of,
    stack_elements,
)

MAX_BATCH_SIZE = 64
"""Records per call of a source's `compute_batch`, at most; fixed, because results depend on it in their last bits."""
MAX_BATCH_BYTES = 512 * 2**20
"""What the elements of one such call may take."""


def batch_starts(source: DataSource, start: int, stop: int) -> range:
    """Return the first record of each batch in a shard."""
    return range(start, stop, _batch_size(source, start, stop))


def elements_of_shard(source: DataSource, start: int, stop: int) -> Iterator[tuple[int, Element]]:
    """Yield index and element of every record of a shard."""
    if compute_batch_of(source) is None:
        for index in range(start, stop):
            yield index, source[index]
        return
    for first in batch_starts(source, start, stop):
        yield from elements_of_batch(source, first, start, stop)


def elements_of_batch(source: DataSource, first: int, start: int, stop: int) -> Iterator[tuple[int, Element]]:
    """Yield index and element of the records of one batch of a shard; the source has a batch computation."""
    computation, inputs = compute_batch_of(source), inputs_of(source)
    if computation is None:
        raise TypeError(f"{source!r} computes no batches")
    size = _batch_size(source, start, stop)
    indices = list(range(first, min(first + size, stop)))
    # The last batch is filled up: every batch has the same size and compiles once.
    padded = indices + [indices[-1]] * (size - len(indices))
    batched = batch_of(inputs)
    stacked = batched(padded) if batched else stack_elements(inputs[index] for index in padded)
    batch = {name: np.asarray(array) for name, array in apply_batch_computation(computation, stacked).items()}
    for row, index in enumerate(indices):
        yield index, {name: array[row, ...] for name, array in batch.items()}


def _batch_size(source: DataSource, start: int, stop: int) -> int:
    within_memory = MAX_BATCH_BYTES // max(1, element_num_bytes(source.element_spec))
    return max(1, min(MAX_BATCH_SIZE, within_memory, stop - start))
