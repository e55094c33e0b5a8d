"""Computations of single records on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import cached_property
from typing import Any, Protocol

import jax
import numpy as np

from acoupipe_grain.one_at_a_time import in_turn
from acoupipe_grain.workers import cpu_device


class Computation(Protocol):
    """A pure, jittable function such as `FrameFeatureGraph`."""

    @property
    def waits_for_threads(self) -> bool:
        """Whether it holds operations as `acoupipe_grain.one_at_a_time` keeps apart."""
        ...

    def __call__(self, inputs: Any, /) -> Mapping[str, Any]:
        """Return arrays by name."""
        ...


class RecordComputation:
    """What is computed of one record, as NumPy arrays; picklable, thread-safe.

    On the CPU always: a record must not change with the process that computes it.

    Parameters
    ----------
    computation
        What to compute; picklable.
    """

    def __init__(self, computation: Computation) -> None:
        self.computation = computation

    def __call__(self, inputs: Any) -> dict[str, np.ndarray]:
        """Compute all arrays; of a `FrameFeatureGraph` from audio (..., `num_samples_read`)."""
        cpu = cpu_device()
        turn = in_turn if self.computation.waits_for_threads else nullcontext()
        with turn, jax.default_device(cpu), jax.set_mesh(jax.sharding.Mesh([cpu], ("cpu",))):
            return {name: np.array(array) for name, array in self._compute(inputs).items()}

    @cached_property
    def _compute(self) -> Any:
        return jax.jit(self.computation)

    def __getstate__(self) -> dict[str, Any]:
        return {"computation": self.computation}
