"""The loader: a Grain pipeline over any data source, with Grain's pitfalls taken care of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cloudpickle
import grain
import numpy as np

from acoupipe_grain import arguments, workers
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.memory import available_memory, require_memory
from acoupipe_grain.pipeline.batch_merged import BatchMerged
from acoupipe_grain.pipeline.checkpoint import CheckpointGuard
from acoupipe_grain.pipeline.delivery import deliver
from acoupipe_grain.pipeline.padding import Padding, PadTo, checked_pad_to
from acoupipe_grain.pipeline.record_batches import CheckedElements, Order, batches_of, read_options
from acoupipe_grain.specs import (
    DataSource,
    Element,
    compute_batch_of,
    inputs_of,
    largest_num_bytes,
    require_source,
)

MAX_SHUFFLE_SEED = 2**32 - 1


def make_loader(
    source: DataSource | BatchMerged,
    batch_size: int = 32,
    *,
    shuffle: bool = True,
    seed: int = 0,
    num_epochs: int | None = 1,
    num_workers: int = 0,
    drop_remainder: bool = True,
    device: Any = None,
    transforms: Sequence[Any] = (),
    shard: tuple[int, int] | None = None,
    pad_to: PadTo = None,
    group_by_length: str | None = None,
) -> grain.IterDataset:
    """Return a Grain data set of batches of `source`.

    ``iter(loader)`` gives a Grain iterator with ``get_state`` and ``set_state``; restored, it continues with exactly
    the next batch. The batches are the same for any number of workers. Close an iterator that is not run to its end
    (``iterator.close()``) to stop its workers at once.

    Arrays with an axis that differs in length between records (None in ``source.element_spec``) are padded with zeros;
    batches then have ``<axis>_length`` (batch,), int32, and ``<axis>_mask`` (batch, <axis>), true where there are data.

    Parameters
    ----------
    source
        Any data source, see `acoupipe_grain.specs.DataSource`; or several whose batches are merged, see `batch_merged`.
    batch_size
        Records per batch; of merged batches, of each source.
    shuffle
        Whether to permute the records, differently in each epoch.
    seed
        Seed of the permutation, 0 ... 2**32 − 1, and of random transforms.
    num_epochs
        Passes over the source; None: endless. Batches never straddle epochs. The source gives the same records in
        each epoch.
    num_workers
        Worker processes that compute records; 0: this process does. Workers use the CPU. They are spawned: a script
        that uses them needs the usual ``if __name__ == "__main__":``.
    drop_remainder
        Whether to leave out the smaller last batch of an epoch.
    device
        A `jax.Device` or `jax.sharding.Sharding` to which batches are sent ahead of time; None: batches stay NumPy
        arrays, or, for a source with `compute_batch`, are on JAX's default device. The mesh of a sharding has automatic
        axes where the source computes batches.
    transforms
        Functions batch → batch or `grain.transforms.Map` and ``RandomMap`` objects, applied in order to the batches as
        they are delivered, in this process. Checkpoints do not compare them.
    shard
        (index, count): every count-th record after shuffling, beginning with index; for several hosts. Where count does
        not divide the records, the first shards have one more.
    pad_to
        Lengths to which axes of differing length are padded, the smallest that is long enough: a list, or lists by
        axis. Computations are compiled for each length once, so few are better. None: to the longest of each batch.
    group_by_length
        Name of an axis: batches are of records of similar length along it, which need little padding. Instead of all
        records, those of four batches that are neighbours in length change places, and such blocks with each other;
        each record comes once. None: any records come together.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type or range, a batch is larger than the data or than the available memory, or
        the source cannot be sent to workers.
    """
    parts: tuple[DataSource, ...] = source.sources if isinstance(source, BatchMerged) else (require_source(source),)
    batch_size = arguments.integer("batch_size", batch_size, minimum=1)
    seed = arguments.integer("seed", seed, minimum=0, maximum=MAX_SHUFFLE_SEED)
    num_workers = arguments.integer("num_workers", num_workers, minimum=0)
    if num_epochs is not None:
        num_epochs = arguments.integer("num_epochs", num_epochs, minimum=1)
    shuffle = arguments.flag("shuffle", shuffle)
    drop_remainder = arguments.flag("drop_remainder", drop_remainder)
    if shard is not None:
        shard = _checked_shard(shard)
    inputs = inputs_of(source)
    padding = Padding(inputs.element_spec, checked_pad_to(pad_to, inputs))
    if group_by_length is not None and not shuffle:
        raise ArgumentError(
            f"group_by_length={group_by_length!r}, shuffle=False: it says how records are shuffled; leave one of them "
            "out."
        )
    num_records = sum(min(batch_size, len(part)) for part in parts)
    largest = largest_num_bytes(source, {axis: lengths[-1] for axis, lengths in padding.pad_to.items()})
    _require_memory(largest, batch_size, num_records, num_workers, device is not None)
    if not isinstance(transforms, list | tuple):
        raise ArgumentError(f"transforms={transforms!r}: expected a list of functions or Grain transforms.")
    if num_workers:
        workers.require_spawnable(num_workers)
        for part in parts:
            _require_transferable(part)

    # Hashed: with sums of seeds, neighbouring seeds would repeat each other's epochs.
    shuffle_seed, *transform_seeds = map(int, np.random.SeedSequence(seed).generate_state(1 + len(transforms)))
    order = Order(shuffle_seed if shuffle else None, group_by_length, shard)
    dataset = batches_of(inputs, batch_size, order, padding, drop_remainder=drop_remainder)
    dataset = dataset.repeat(num_epochs)
    iterable = dataset.to_iter_dataset(read_options(inputs, batch_size))
    if num_workers:
        iterable = iterable.mp_prefetch(
            grain.MultiprocessingOptions(num_workers=num_workers), worker_init_fn=_WorkerInit()
        ).map(_owned)
    iterable = deliver(iterable, compute_batch_of(source), device, transforms, transform_seeds)
    pipeline = {
        "source": repr(source),
        "batch_size": batch_size,
        "shuffle": shuffle,
        "seed": seed,
        "drop_remainder": drop_remainder,
        "shard": None if shard is None else list(shard),
        "pad_to": {axis: list(lengths) for axis, lengths in padding.pad_to.items()},
        "group_by_length": group_by_length,
        "num_workers": num_workers,
    }
    return CheckpointGuard(iterable, pipeline)


def _checked_shard(shard: Any) -> tuple[int, int]:
    if not isinstance(shard, tuple | list) or len(shard) != 2:
        raise ArgumentError(f"shard={shard!r}: expected a pair (index, count), for example (0, 4).")
    count = arguments.integer("shard count", shard[1], minimum=1)
    return arguments.integer("shard index", shard[0], minimum=0, maximum=count - 1), count


def _owned(batch: Element) -> Element:
    """Copy a batch out of the shared memory it came in, which would otherwise outlive the pipeline."""
    return {name: np.array(array) for name, array in batch.items()}


class _WorkerInit:
    """Carries this process's JAX settings into Grain's workers."""

    def __init__(self) -> None:
        self._enable_x64 = workers.settings_for_workers()

    def __call__(self, worker_index: int, worker_count: int) -> None:
        del worker_index, worker_count
        workers.start_worker(self._enable_x64)


def _require_memory(num_bytes: int, batch_size: int, num_records: int, num_workers: int, on_device: bool) -> None:
    # The elements and their stack, the same waiting in each worker, and the buffers ahead of a device.
    copies = 2 + 2 * num_workers + 2 * on_device
    per_record = copies * num_bytes
    largest = max(1, available_memory() * batch_size // max(1, num_records * per_record))
    require_memory(
        num_records * per_record,
        f"batch_size={batch_size}: a loader with {num_workers} workers",
        f"use batch_size up to {largest}, fewer workers, or ask for smaller features",
    )


def _require_transferable(source: DataSource) -> None:
    """Grain's workers drop what cannot be pickled and end the stream without an error: find out here."""
    try:
        cloudpickle.dumps(source)
    except Exception as error:
        raise ArgumentError(f"source: cannot be sent to worker processes ({error}); use num_workers=0.") from error
    CheckedElements(inputs_of(source))[0]
