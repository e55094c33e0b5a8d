"""Losses and metrics over a whole loader, of a module in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Float64

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.averages import Averages, add_loss, weights_of
from acoupipe_grain.training.placement import Placement
from acoupipe_grain.training.step import ModelState, forward, take_apart
from acoupipe_grain.training.task import Batch, Task
from acoupipe_grain.training.training_data import close


def evaluate(
    module: Any, task: Task, batches: Iterable[Batch], *, devices: Sequence[jax.Device] | None = None
) -> dict[str, float]:
    """Return the loss and the metrics of a module, averaged over all items of a loader.

    Parameters
    ----------
    module
        A `flax.nnx.Module`; afterwards it is in evaluation mode.
    task
        What it is for.
    batches
        A loader that ends.
    devices
        Devices over which batches are shared out; None: all of this process.

    Raises
    ------
    ArgumentError
        If the loader gives no batch.
    """
    definitions, state = take_apart(module)
    placement = Placement(devices)
    return averages_over(
        forward(definitions.evaluation, task), placement.replicate(state), task, batches, placement
    ).means()


def averages_over(
    outputs_and_losses: Callable[[ModelState, Batch], tuple[Any, Any]],
    state: ModelState,
    task: Task,
    batches: Iterable[Batch],
    placement: Placement,
    check: Callable[[], None] = lambda: None,
) -> Averages:
    """Return the sums of losses and metrics over all batches; `check` is called before each and may stop it.

    Raises
    ------
    ArgumentError
        If there is no batch.
    """
    averages, num_batches = Averages(), 0
    for batch in each(batches):
        check()
        outputs, losses = outputs_and_losses(state, placement.place(batch))
        add_loss(averages, *_sum_and_weight(np.asarray(losses, np.float64), weights_of(task, batch)))
        averages.add_metrics(task, outputs, batch)
        num_batches += 1
    if not num_batches:
        raise ArgumentError("validation: the loader gives no batch; give it records.")
    return averages


def _sum_and_weight(losses: Float64[np.ndarray, " batch"], weights: Any | None) -> tuple[float, float]:
    if weights is None:
        return losses.sum(), losses.size
    of_items = np.asarray(weights, np.float64)
    return (of_items * losses).sum(), of_items.sum()


def each(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Give the batches of a loader, and stop what it reads ahead even if not all are taken."""
    iterator = iter(batches)
    try:
        yield from iterator
    finally:
        close(iterator)
