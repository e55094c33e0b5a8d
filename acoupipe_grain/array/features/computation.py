"""A feature graph computed for single records on the CPU, or for whole batches wherever they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from acoupipe_grain.array.features.graph import FeatureGraph
from acoupipe_grain.one_at_a_time import after, in_turn
from acoupipe_grain.workers import cpu_device, platform


class FeatureComputation:
    """The features of one record from its quantities, as NumPy arrays; picklable, thread-safe.

    On the CPU always: a record must not change with the process that computes it.

    Parameters
    ----------
    graph
        The features and what they need.
    """

    def __init__(self, graph: FeatureGraph) -> None:
        self.graph = graph

    def __call__(self, quantities: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Compute all features; `quantities` may hold more than they need."""
        cpu = cpu_device()
        turn = in_turn if self.graph.waits_for_threads else nullcontext()
        with turn, jax.default_device(cpu), jax.set_mesh(jax.sharding.Mesh([cpu], ("cpu",))):
            computed = self._compute(self._constants, {name: quantities[name] for name in self.graph.inputs})
            return {name: np.array(array) for name, array in computed.items()}

    @cached_property
    def _compute(self) -> Any:
        return jax.jit(self.graph)

    @cached_property
    def _constants(self) -> dict[str, jax.Array]:
        return jax.device_put(self.graph.build_constants(), cpu_device())

    def __getstate__(self) -> dict[str, Any]:
        return {"graph": self.graph}


MAX_CHUNK_BYTES = 4 * 2**30
"""What may be needed at once on the way to the features of a batch; larger batches are computed in chunks."""

CACHE_BYTES = 8 * 2**20
"""About how much of a processor's cache one batch of matrices may take."""

SIGNAL_BYTES = 256 * 2**20
"""What simulated signals may take at once on the CPU, where memory that is used again is faster than fresh memory."""


class BatchComputation:
    """The features of a batch of scenes: a pure function of the graph's constants and the batch.

    Parameters
    ----------
    graph
        The features and what they need.
    chunk_size
        Records computed at once.
    """

    def __init__(self, graph: FeatureGraph, chunk_size: int) -> None:
        self.graph = graph
        self.chunk_size = chunk_size

    def __call__(self, constants: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, jax.Array]:
        """Compute all features; `batch` may hold more than they need."""
        inputs = {name: jnp.asarray(batch[name]) for name in self.graph.inputs}
        size = next(iter(inputs.values())).shape[0]
        if size <= self.chunk_size:
            return self.graph(constants, inputs)
        num_chunks, rest = divmod(size, self.chunk_size)
        chunks = {
            name: array[: size - rest].reshape(num_chunks, self.chunk_size, *array.shape[1:])
            for name, array in inputs.items()
        }
        computed = {
            name: array.reshape(size - rest, *array.shape[2:])
            for name, array in jax.lax.map(lambda chunk: self.graph(constants, chunk), chunks).items()
        }
        if not rest:
            return computed
        names, arrays = zip(*((name, array[size - rest :]) for name, array in inputs.items()), strict=True)
        last = self.graph(constants, dict(zip(names, after(computed, arrays), strict=True)))
        return {name: jnp.concatenate([array, last[name]]) for name, array in computed.items()}


def batch_computation(graph: FeatureGraph, num_sources: int) -> jax.tree_util.Partial:
    """Return the computation of whole batches, its constants on JAX's default device.

    Parameters
    ----------
    graph
        The features and what they need.
    num_sources
        Room for sources in a scene.
    """
    num_bytes = graph.num_working_bytes(num_sources)
    chunk_size = MAX_CHUNK_BYTES // num_bytes
    if platform() == "cpu":
        if graph.mode.is_time_domain:
            chunk_size = SIGNAL_BYTES // num_bytes
        elif not graph.has_maps:
            # Maps gain from many records at once; matrices alone are computed faster while they stay in the cache.
            chunk_size = min(chunk_size, CACHE_BYTES // graph.num_matrix_bytes)
    # A power of two: it divides the usual batch sizes.
    chunk_size = 2 ** int(math.log2(max(1, chunk_size)))
    return jax.tree_util.Partial(BatchComputation(graph, chunk_size), jax.device_put(graph.build_constants()))
