"""Averages over the items that were really seen, whatever the size of their batches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.training.options import LOSS
from acoupipe_grain.training.task import Batch, Task


class Averages:
    """Sums and counts by name; their quotients are averages."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, float]] = {}

    def add(self, name: str, total: float, count: float) -> None:
        """Add the sum over some items, and their number."""
        old_total, old_count = self._sums.get(name, (0.0, 0.0))
        self._sums[name] = (old_total + float(total), old_count + float(count))

    def add_metrics(self, task: Task, outputs: Any, batch: Batch) -> None:
        """Add every metric of a task over a batch, computed on the host."""
        outputs, batch = jax.tree.map(_read_only, jax.device_get((outputs, dict(batch))))
        for name, metric in task.metrics.items():
            self.add(name, *metric(outputs, batch))

    def means(self) -> dict[str, float]:
        """Return the averages by name; NaN where nothing was counted."""
        return {name: total / count if count else math.nan for name, (total, count) in self._sums.items()}

    def to_json(self) -> dict[str, list[float]]:
        """Return the sums and counts as a JSON mapping."""
        return {name: list(pair) for name, pair in self._sums.items()}

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> Averages:
        """Rebuild the sums and counts from `to_json`."""
        averages = cls()
        averages._sums = {name: (total, count) for name, (total, count) in mapping.items()}
        return averages


def _read_only(array: Any) -> np.ndarray:
    """Return an array that nobody changes between one metric and the next."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def add_loss(averages: Averages, total: Any, weight: Any) -> float:
    """Add the sum of a batch's losses and what their items weigh, and return the mean; NaN if they weigh nothing."""
    averages.add(LOSS, float(total), float(weight))
    return float(total) / float(weight) if weight else math.nan


def weights_of(task: Task, batch: Batch) -> Any | None:
    """Return how much each item counts in the loss, (batch,); None: all alike.

    Raises
    ------
    ArgumentError
        If the task does not give one weight for each item.
    """
    if not hasattr(task, "weights"):
        return None
    weights, num_items = task.weights(batch), num_items_of(batch)
    if np.shape(weights) != (num_items,):
        raise ArgumentError(
            f"task={type(task).__name__}: its weights have shape {np.shape(weights)}; expected one for each of the "
            f"{num_items} items."
        )
    return weights


def num_items_of(batch: Batch) -> int:
    """Return the number of items in a batch, which is the size of every array's first axis.

    Raises
    ------
    DataError
        If the arrays have different ones.
    """
    sizes = {name: np.shape(array)[:1] for name, array in batch.items()}
    if len(set(sizes.values())) != 1 or not next(iter(sizes.values())):
        raise DataError(f"batch: expected arrays with the items along the first axis, sizes of it are {sizes}.")
    return int(next(iter(sizes.values()))[0])
