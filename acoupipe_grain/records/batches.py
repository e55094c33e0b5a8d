"""A source's elements in order, computed in whole batches of one size where the source offers it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from acoupipe_grain import workers
from acoupipe_grain.errors import ArgumentError
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
"""Records per call of a source's `compute_batch`, at most."""
MAX_BATCH_BYTES = 32 * 2**20
"""What the elements of one such call may take. Larger arrays go back to the system after each call, and the last of
them keeps the writer busy when a shard is computed."""


def batch_size_for(source: DataSource, num_records: int) -> int | None:
    """Return the number of records to compute in one call, None for a source whose elements come one by one.

    It must be fixed for a data set: results depend on it in their last bits.
    """
    if compute_batch_of(source) is None:
        return None
    largest = max(1, min(MAX_BATCH_SIZE, MAX_BATCH_BYTES // max(1, element_num_bytes(source.element_spec))))
    num_batches = math.ceil(num_records / largest)
    return math.ceil(num_records / num_batches)  # the last one is hardly filled up


def element_batches(
    source: DataSource, start: int, stop: int, batch_size: int | None, platform: str | None = None
) -> Iterator[list[tuple[int, Element]]]:
    """Yield lists of indices and elements, in order; while one is used, the next is computed.

    Parameters
    ----------
    source
        Any data source.
    start, stop
        The range of indices.
    batch_size
        From `batch_size_for`. The last batch is filled up: all have the same size, compiled once.
    platform
        The JAX platform that computes batches; None: the default one.
    """
    if batch_size is None:
        for index in range(start, stop):
            yield [(index, source[index])]
        return
    compute = _BatchComputation(source, platform)
    waiting: tuple[Sequence[int], Mapping[str, Any]] | None = None
    for first in range(start, stop, batch_size):
        indices = range(first, min(first + batch_size, stop))
        computing = (indices, compute(indices, batch_size))
        if waiting is not None:
            yield _rows(*waiting)
        waiting = computing
    if waiting is not None:
        yield _rows(*waiting)


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS and LAPACK to one thread: the last bits of decompositions depend on how many there are."""
    import scipy.linalg  # noqa: F401  # JAX decomposes with its LAPACK, which must be there to be limited
    import threadpoolctl

    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        yield


class _BatchComputation:
    """A source's batch computation on a platform, its constants placed there once."""

    def __init__(self, source: DataSource, platform: str | None) -> None:
        self._device = None if platform in (None, workers.platform()) else device_of(platform)
        self._computation = self._placed(compute_batch_of(source))
        self._inputs = inputs_of(source)

    def __call__(self, indices: Sequence[int], size: int) -> Mapping[str, Any]:
        padded = [*indices, *[indices[-1]] * (size - len(indices))]
        batched = batch_of(self._inputs)
        stacked = batched(padded) if batched else stack_elements(self._inputs[index] for index in padded)
        return apply_batch_computation(self._computation, self._placed(stacked))

    def _placed(self, tree: Any) -> Any:
        return tree if self._device is None else jax.device_put(tree, self._device)


def device_of(platform: str) -> jax.Device:
    """Return the device of a platform that computes here.

    Raises
    ------
    ArgumentError
        If this process has none.
    """
    try:
        return jax.local_devices(backend=platform)[0]
    except RuntimeError as error:
        raise ArgumentError(
            f"platform={platform!r}: JAX has no such device here ({error}); compute where there is one, or choose "
            f"another platform ({workers.platform()!r} is the default here)."
        ) from error


def _rows(indices: Sequence[int], computed: Mapping[str, Any]) -> list[tuple[int, Element]]:
    batch = {name: np.asarray(array) for name, array in computed.items()}
    return [(index, {name: array[row, ...] for name, array in batch.items()}) for row, index in enumerate(indices)]
