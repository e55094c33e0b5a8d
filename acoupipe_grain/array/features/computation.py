"""A feature graph compiled once per process and computed on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jax
import numpy as np

from acoupipe_grain.array.features.graph import FeatureGraph
from acoupipe_grain.workers import cpu_device


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
        with jax.default_device(cpu), jax.set_mesh(jax.sharding.Mesh([cpu], ("cpu",))):
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
