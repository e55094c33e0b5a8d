"""The loader: a Grain pipeline over any data source, with Grain's pitfalls taken care of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cloudpickle
import grain
import numpy as np

from acoupipe_grain import arguments, workers
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.memory import available_memory, require_memory
from acoupipe_grain.pipeline.checkpoint import CheckpointGuard
from acoupipe_grain.pipeline.delivery import deliver
from acoupipe_grain.specs import (
    DataSource,
    Element,
    batch_of,
    check_element,
    compute_batch_of,
    element_num_bytes,
    inputs_of,
    require_source,
    stack_elements,
)

MAX_SHUFFLE_SEED = 2**32 - 1
MAX_READ_THREADS = 16
MAX_READ_AHEAD_BATCHES = 64
READ_AHEAD_BYTES = 256 * 2**20


def make_loader(
    source: DataSource,
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
) -> grain.IterDataset:
    """Return a Grain data set of batches of `source`.

    ``iter(loader)`` gives a Grain iterator with ``get_state`` and ``set_state``; restored, it continues with exactly
    the next batch. The batches are the same for any number of workers. Close an iterator that is not run to its end
    (``iterator.close()``) to stop its workers at once.

    Parameters
    ----------
    source
        Any data source, see `acoupipe_grain.specs.DataSource`.
    batch_size
        Records per batch.
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

    Raises
    ------
    ArgumentError
        If an argument has the wrong type or range, a batch is larger than the data or than the available memory, or
        the source cannot be sent to workers.
    """
    require_source(source)
    batch_size = arguments.integer("batch_size", batch_size, minimum=1)
    seed = arguments.integer("seed", seed, minimum=0, maximum=MAX_SHUFFLE_SEED)
    num_workers = arguments.integer("num_workers", num_workers, minimum=0)
    if num_epochs is not None:
        num_epochs = arguments.integer("num_epochs", num_epochs, minimum=1)
    shuffle = arguments.flag("shuffle", shuffle)
    drop_remainder = arguments.flag("drop_remainder", drop_remainder)
    if shard is not None:
        shard = _checked_shard(shard)
    _require_memory(source, batch_size, num_workers, device is not None)
    if not isinstance(transforms, list | tuple):
        raise ArgumentError(f"transforms={transforms!r}: expected a list of functions or Grain transforms.")
    if num_workers:
        workers.require_spawnable(num_workers)
        _require_transferable(source)

    inputs = inputs_of(source)
    # Hashed: with sums of seeds, neighbouring seeds would repeat each other's epochs.
    shuffle_seed, *transform_seeds = map(int, np.random.SeedSequence(seed).generate_state(1 + len(transforms)))
    dataset = _batches(inputs, batch_size, shuffle_seed if shuffle else None, shard, drop_remainder)
    dataset = dataset.repeat(num_epochs)
    iterable = dataset.to_iter_dataset(_read_options(inputs, batch_size))
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
        "num_workers": num_workers,
    }
    return CheckpointGuard(iterable, pipeline)


def _batches(
    inputs: Any,
    batch_size: int,
    shuffle_seed: int | None,
    shard: tuple[int, int] | None,
    drop_remainder: bool,
) -> grain.MapDataset:
    """Return the batches of one epoch; batching before the split into workers keeps them the same for any number."""
    vectorised = batch_of(inputs) is not None
    dataset = grain.MapDataset.range(len(inputs)) if vectorised else grain.MapDataset.source(_CheckedElements(inputs))
    if shuffle_seed is not None:
        dataset = dataset.shuffle(seed=shuffle_seed)
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
    return dataset.batch(batch_size, drop_remainder=drop_remainder, batch_fn=stack_elements)


def _read_options(inputs: DataSource, batch_size: int) -> grain.ReadOptions:
    """Return the source's own options, or threads that read ahead a bounded number of bytes.

    Grain's default is 500 elements ahead, which here would be 500 batches.
    """
    if options := getattr(inputs, "read_options", None):
        return grain.ReadOptions(**options)
    num_batches = READ_AHEAD_BYTES // max(1, batch_size * element_num_bytes(inputs.element_spec))
    num_batches = min(max(num_batches, 2), MAX_READ_AHEAD_BATCHES)
    # A batch in one call keeps a core busy; what reads single elements may wait.
    num_threads = MAX_READ_THREADS if batch_of(inputs) is None else workers.num_cores()
    return grain.ReadOptions(num_threads=min(num_threads, num_batches), prefetch_buffer_size=num_batches)


def _checked_shard(shard: Any) -> tuple[int, int]:
    if not isinstance(shard, tuple | list) or len(shard) != 2:
        raise ArgumentError(f"shard={shard!r}: expected a pair (index, count), for example (0, 4).")
    count = arguments.integer("shard count", shard[1], minimum=1)
    return arguments.integer("shard index", shard[0], minimum=0, maximum=count - 1), count


def _owned(batch: Element) -> Element:
    """Copy a batch out of the shared memory it came in, which would otherwise outlive the pipeline."""
    return {name: np.array(array) for name, array in batch.items()}


class _CheckedElements:
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


class _WorkerInit:
    """Carries this process's JAX settings into Grain's workers."""

    def __init__(self) -> None:
        self._enable_x64 = workers.settings_for_workers()

    def __call__(self, worker_index: int, worker_count: int) -> None:
        del worker_index, worker_count
        workers.start_worker(self._enable_x64)


def _require_memory(source: DataSource, batch_size: int, num_workers: int, on_device: bool) -> None:
    # The elements and their stack, the same waiting in each worker, and the buffers ahead of a device.
    copies = 2 + 2 * num_workers + 2 * on_device
    per_record = copies * element_num_bytes(source.element_spec)
    largest = max(1, available_memory() // max(1, per_record))
    require_memory(
        min(batch_size, len(source)) * per_record,
        f"batch_size={batch_size}: a loader with {num_workers} workers",
        f"use batch_size up to {largest}, fewer workers, or ask for smaller features",
    )


def _require_transferable(source: DataSource) -> None:
    """Grain's workers drop what cannot be pickled and end the stream without an error: find out here."""
    try:
        cloudpickle.dumps(source)
    except Exception as error:
        raise ArgumentError(f"source: cannot be sent to worker processes ({error}); use num_workers=0.") from error
    _CheckedElements(inputs_of(source))[0]
