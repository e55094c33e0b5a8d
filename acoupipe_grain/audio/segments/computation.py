"""From what is read of segments to their elements: whole batches in JAX, in chunks that fit into the cache."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp

from acoupipe_grain.audio.features import FrameFeatureGraph
from acoupipe_grain.audio.segments.precomputed_arrays import PrecomputedArrays

CHUNK_BYTES = 4 * 2**20
"""Of frames in double precision that are computed at once; memory that is fresh each time would cost more."""


class SegmentComputation:
    """The elements of segments from their inputs: a pure function, jittable where it computes.

    Those that compute the same are equal: the sets of a split share one compiled program.

    Parameters
    ----------
    graph
        The features of audio; None if there are none.
    precomputed
        The features that were read.
    names
        Names of the arrays of an element, in order.
    num_channels
        Channels of the audio.
    """

    def __init__(
        self,
        graph: FrameFeatureGraph | None,
        precomputed: Sequence[PrecomputedArrays],
        names: Sequence[str],
        num_channels: int,
    ) -> None:
        self._graph = graph
        self._precomputed = precomputed
        self._names = names
        self._num_channels = num_channels

    @property
    def needs_computation(self) -> bool:
        """Whether anything is computed; else elements are what was read, under other names."""
        of_audio = self._graph is not None and self._graph.needs_computation
        return of_audio or any(item.is_transformed for item in self._precomputed)

    @property
    def waits_for_threads(self) -> bool:
        """Whether it holds operations as `acoupipe_grain.one_at_a_time` keeps apart."""
        return self._graph is not None and self._graph.waits_for_threads

    @property
    def has_frames(self) -> bool:
        """Whether there are frames."""
        return self._graph is not None and self._graph.num_frames > 0

    @property
    def code(self) -> dict[str, str]:
        """Hashes of the code of users' features."""
        return {} if self._graph is None else self._graph.code

    @property
    def num_frame_bytes(self) -> int:
        """Size of the frames of one segment, in double precision."""
        if self._graph is None:
            return 0
        return 8 * self._graph.framing.window_size * self._graph.num_frames * self._num_channels

    @cached_property  # asked for with every batch
    def _signature(self) -> Hashable:
        graph = None if self._graph is None else self._graph.signature
        rows = tuple(
            (item.feature.key, item.feature.scaler, item.feature.pca, item.shape) for item in self._precomputed
        )
        return graph, rows, tuple(self._names), self._num_channels

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SegmentComputation) and self._signature == other._signature

    def __hash__(self) -> int:
        return hash(self._signature)

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Compute the elements of segments; `inputs` may have a leading batch axis."""
        found = dict(inputs)
        if self._graph is not None:
            found |= self._of_audio(self._graph, inputs["audio"])
        for item in self._precomputed:
            found[item.feature.key] = item.transformed(inputs[f"precomputed/{item.feature.key}"])
        return {name: found[name] for name in self._names}

    def _of_audio(self, graph: FrameFeatureGraph, audio: Any) -> dict[str, Any]:
        if not graph.needs_computation:
            return {item.key: audio for item in graph.features}
        chunk_size = 2 ** int(math.log2(max(1, CHUNK_BYTES // max(1, self.num_frame_bytes))))
        size = len(audio)
        if audio.ndim < 3 or size <= chunk_size:
            return graph(audio)
        num_chunks = math.ceil(size / chunk_size)
        # Filled up: a rest by itself would be a second program with Fourier transforms, see `one_at_a_time`.
        padded = jnp.pad(audio, ((0, num_chunks * chunk_size - size), (0, 0), (0, 0)))
        computed = jax.lax.map(graph, padded.reshape(num_chunks, chunk_size, *audio.shape[1:]))
        return {name: array.reshape(-1, *array.shape[2:])[:size] for name, array in computed.items()}
