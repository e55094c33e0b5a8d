"""A module as pure, compiled functions: one step of training, and what it makes of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.training.averages import weights_of
from acoupipe_grain.training.placement import Placement
from acoupipe_grain.training.task import Batch, Task


class ModelState(NamedTuple):
    """The arrays of a module: parameters, the states of its random numbers, and others such as batch statistics."""

    parameters: Any
    random: Any
    statistics: Any


class TrainState(NamedTuple):
    """All that a step changes."""

    model: ModelState
    optimiser: Any


class StepReport(NamedTuple):
    """What a step says: sums of losses and of their weights, the gradient's norm, all (), and outputs if asked for."""

    loss_sum: Any
    weight: Any
    gradient_norm: Any
    outputs: Any


class Definitions(NamedTuple):
    """What a module does with its arrays, in training and otherwise."""

    training: Any
    evaluation: Any


def take_apart(module: Any) -> tuple[Definitions, ModelState]:
    """Return what a `flax.nnx.Module` does and its arrays; afterwards it is in evaluation mode."""
    nnx = import_extra("flax.nnx", "train", "Models")
    module.train()
    training, *_ = _split(nnx, module)
    module.eval()
    evaluation, *state = _split(nnx, module)
    return Definitions(training, evaluation), ModelState(*state)


def put_together(module: Any, state: ModelState) -> None:
    """Give a module its arrays."""
    import_extra("flax.nnx", "train", "Models").update(module, *state)


def training_step(
    definition: Any, task: Task, optimiser: Any, placement: Placement, with_outputs: bool
) -> Callable[[TrainState, Batch], tuple[TrainState, StepReport]]:
    """Return the compiled step: gradient of the mean loss of a batch, and the new state; the old one is used up.

    Parameters
    ----------
    definition
        What the module does in training.
    task
        Inputs, losses and, where it has some, the weights of their mean.
    optimiser
        The `optax.GradientTransformation`.
    placement
        The devices over which batches are shared out.
    with_outputs
        Whether the report has the outputs, computed before the parameters change.
    """
    nnx = import_extra("flax.nnx", "train", "Models")
    optax = import_extra("optax", "train", "Optimisers")

    def mean_loss(parameters: Any, state: ModelState, batch: Batch) -> Any:
        module = nnx.merge(definition, parameters, state.random, state.statistics, copy=True)
        outputs, losses = _outputs_and_losses(module, task, batch)
        _, _, random, statistics = _split(nnx, module)
        loss, *sums = _mean_and_sums(losses, weights_of(task, batch))
        return loss, (*sums, outputs, random, statistics)

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, StepReport]:
        old = state.model
        gradients, (loss_sum, weight, outputs, random, statistics) = jax.grad(mean_loss, has_aux=True)(
            old.parameters, old, batch
        )
        updates, new_optimiser = optimiser.update(gradients, state.optimiser, old.parameters)
        parameters = optax.apply_updates(old.parameters, updates)
        report = StepReport(loss_sum, weight, optax.tree.norm(gradients), outputs if with_outputs else None)
        return TrainState(ModelState(parameters, random, statistics), new_optimiser), report

    return jax.jit(step, donate_argnums=0, out_shardings=(placement.everywhere, None))


def forward(definition: Any, task: Task) -> Callable[[ModelState, Batch], tuple[Any, Any]]:
    """Return the compiled function (state, batch) → (outputs, losses) of a module in evaluation mode."""
    nnx = import_extra("flax.nnx", "train", "Models")
    return jax.jit(lambda state, batch: _outputs_and_losses(nnx.merge(definition, *state), task, batch))


def _mean_and_sums(losses: Any, weights: Any | None) -> tuple[Any, Any, Any]:
    """Return the mean of the losses, 0 if they weigh nothing, their sum, and that of the weights."""
    if weights is None:
        return losses.mean(), losses.sum(), losses.size
    total, weight = (weights * losses).sum(), weights.sum()
    return total / jnp.where(weight > 0, weight, 1), total, weight


def _split(nnx: Any, module: Any) -> Any:
    return nnx.split(module, nnx.Param, nnx.RngState, ...)


def _outputs_and_losses(module: Any, task: Task, batch: Batch) -> tuple[Any, Any]:
    outputs = module(task.inputs(batch))
    losses = task.loss(outputs, batch)
    num_items = next(iter(batch.values())).shape[0]
    if losses.shape != (num_items,):
        raise ArgumentError(
            f"task={type(task).__name__}: its loss has shape {losses.shape}; expected one value for each of the "
            f"{num_items} items."
        )
    return outputs, losses
