"""Several metrics from one pass over a batch, though each is asked for by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.task import Batch

Sums = Mapping[str, Accumulated]


class _Kept(NamedTuple):
    given: Any
    sums: Sums


class OnePass:
    """Metrics that are all computed as soon as one of them is asked for.

    What the last batch gave is kept, and is the answer for as long as outputs and batch hold the very same arrays, none
    of which can be written to: those that a training copies from a device. So a dict that gets other arrays meanwhile
    is another batch, and whoever fills writable arrays anew gets what is right, too, from a pass for each metric.

    Parameters
    ----------
    sums
        (outputs, batch) → what each metric adds up to over the batch, by name.
    """

    def __init__(self, sums: Callable[[Any, Batch], Sums]) -> None:
        self._sums = sums
        self._last: _Kept | None = None

    def function(self, name: str) -> Callable[[Any, Batch], Accumulated]:
        """Return the function (outputs, batch) → (sum, number) of one of them."""

        def metric(outputs: Any, batch: Batch) -> Accumulated:
            return self._of(outputs, batch)[name]

        return metric

    def _of(self, outputs: Any, batch: Batch) -> Sums:
        # Arrays are held, not their numbers, or others could be taken for them once they are gone.
        given = jax.tree.map(lambda array: array, (outputs, dict(batch)))  # copies of the containers
        if self._last is None or not _are_same(given, self._last.given):
            self._last = _Kept(given, self._sums(outputs, batch))
        return self._last.sums


def _are_same(given: Any, kept: Any) -> bool:
    """Return whether two trees hold the same arrays at the same places, which nobody can change."""
    structure: Any = jax.tree.structure(given)
    if structure != jax.tree.structure(kept):
        return False
    arrays, others = jax.tree.leaves(given), jax.tree.leaves(kept)
    return all(array is other and not _can_change(array) for array, other in zip(arrays, others, strict=True))


def _can_change(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.flags.writeable
