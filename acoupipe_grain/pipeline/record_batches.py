"""The batches of an epoch, of records in the order in which they come, read together where a source offers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import grain

from acoupipe_grain import workers
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.pipeline.batch_merged import BatchMerged, MergedBatches
from acoupipe_grain.pipeline.length_order import BATCHES_PER_BLOCK, LengthOrder, lengths_along
from acoupipe_grain.pipeline.padding import Padding
from acoupipe_grain.specs import (
    DataSource,
    Element,
    batch_of,
    check_element,
    largest_num_bytes,
    ragged_axes,
    stack_elements,
)

MAX_READ_THREADS = 16
MAX_READ_AHEAD_BATCHES = 64
READ_AHEAD_BYTES = 256 * 2**20


class Order(NamedTuple):
    """In which order the records come, and which of them: the seed of the permutation, what it goes by, the shard."""

    seed: int | None
    group_by_length: str | None
    shard: tuple[int, int] | None


def batches_of(
    source: Any, batch_size: int, order: Order, padding: Padding, *, drop_remainder: bool
) -> grain.MapDataset:
    """Return the batches of one epoch; batching before the split into workers keeps them the same for any number."""
    if not isinstance(source, BatchMerged):
        stack = padding if ragged_axes(source.element_spec) else None
        return _record_batches(source, batch_size, order, stack, drop_remainder)
    parts = [_record_batches(part, batch_size, order, list, drop_remainder) for part in source.sources]
    return MergedBatches(parts, source.until, padding)


def _record_batches(
    inputs: Any,
    batch_size: int,
    order: Order,
    stack: Callable[[Sequence[Element]], Any] | None,
    drop_remainder: bool,
) -> grain.MapDataset:
    """Return what `stack` makes of the elements of each batch; None: stacked arrays, read together where possible."""
    vectorised = stack is None and batch_of(inputs) is not None
    dataset = grain.MapDataset.range(len(inputs)) if vectorised else grain.MapDataset.source(CheckedElements(inputs))
    shard = order.shard
    if order.group_by_length is not None:
        assert order.seed is not None
        lengths = lengths_along(inputs, order.group_by_length)
        num_shards = 1 if shard is None else shard[1]
        dataset = LengthOrder(dataset, lengths, BATCHES_PER_BLOCK * batch_size * num_shards, order.seed)
    elif order.seed is not None:
        dataset = dataset.shuffle(seed=order.seed)
    if shard is not None:
        dataset = dataset[shard[0] :: shard[1]]
    if drop_remainder and batch_size > len(dataset):
        raise ArgumentError(
            f"batch_size={batch_size}: there are only {len(dataset)} records"
            + (f" in shard {shard}" if shard else "")
            + ", so no batch would be full; use a smaller batch_size or drop_remainder=False."
        )
    if len(dataset) == 0:
        raise ArgumentError(f"shard={shard}: no record falls into this shard of {len(inputs)} records.")
    if vectorised:
        return dataset.batch(batch_size, drop_remainder=drop_remainder).map(_VectorisedReading(inputs))
    return dataset.batch(batch_size, drop_remainder=drop_remainder, batch_fn=stack or stack_elements)


def read_options(inputs: DataSource | BatchMerged, batch_size: int) -> grain.ReadOptions:
    """Return the source's own options, or threads that read ahead a bounded number of bytes.

    Grain's default is 500 elements ahead, which here would be 500 batches.
    """
    if isinstance(inputs, BatchMerged):
        each = [read_options(part, batch_size * len(inputs.sources)) for part in inputs.sources]
        return min(each, key=lambda options: options.prefetch_buffer_size)
    if options := getattr(inputs, "read_options", None):
        return grain.ReadOptions(**options)
    num_batches = READ_AHEAD_BYTES // max(1, batch_size * largest_num_bytes(inputs))
    num_batches = min(max(num_batches, 2), MAX_READ_AHEAD_BATCHES)
    # A batch in one call keeps a core busy; what reads single elements may wait.
    num_threads = MAX_READ_THREADS if batch_of(inputs) is None else workers.num_cores()
    return grain.ReadOptions(num_threads=min(num_threads, num_batches), prefetch_buffer_size=num_batches)


class CheckedElements:
    """A source whose elements are what it says, and cannot vanish: Grain takes None and StopIteration for an end."""

    def __init__(self, source: DataSource) -> None:
        self._source = source
        # Once, not for every record: a source may hash its whole content for it.
        self._name = repr(source)

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Element:
        name = f"record {index} of {self._name}"
        try:
            element = self._source[index]
        except StopIteration as error:
            raise DataError(f"{name} raised StopIteration.") from error
        except Exception as error:
            raise workers.transportable(error, name) from error
        check_element(element, self._source.element_spec, name)
        return element

    def __repr__(self) -> str:
        return self._name


class _VectorisedReading:
    """A source's own batches, with errors that leave a worker process."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __call__(self, indices: Sequence[int]) -> Element:
        try:
            return self._source.batch(indices)
        except Exception as error:
            raise workers.transportable(error, f"records {list(indices)} of {self._source!r}") from error
