"""The optimiser and its learning rate over the steps, made of Optax's parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra
from acoupipe_grain.training.options import TrainingOptions

DEFAULT_FINAL_FRACTION = 0.01
DEFAULT_WEIGHT_DECAY = {"adamw": 1e-4, "lion": 1e-3}


def learning_rates(options: TrainingOptions, steps_per_epoch: int | None) -> Callable[[Any], Any]:
    """Return the learning rate as a function of the number of steps done.

    Parameters
    ----------
    options
        The schedule.
    steps_per_epoch
        Steps of an epoch; None: not known.

    Raises
    ------
    ArgumentError
        If the schedule has an end and the number of steps is not known, or they all belong to the warm-up.
    """
    optax = import_extra("optax", "train", "Optimisers")
    rate, warmup = options.learning_rate, options.warmup_steps
    if options.schedule == "constant":
        after = optax.constant_schedule(rate)
    else:
        after = _decay(optax, options, _steps_after_warmup(options, steps_per_epoch))
    if not warmup:
        return after
    rising = optax.linear_schedule(rate / (warmup + 1), rate, warmup)  # from 0, the first step would do nothing
    return optax.join_schedules([rising, after], [warmup])


def _decay(optax: Any, options: TrainingOptions, num_steps: int) -> Callable[[Any], Any]:
    rate = options.learning_rate
    fraction = DEFAULT_FINAL_FRACTION if options.final_fraction is None else options.final_fraction
    if options.schedule == "cosine":
        return optax.cosine_decay_schedule(rate, num_steps, alpha=fraction)
    if options.schedule == "linear":
        return optax.linear_schedule(rate, rate * fraction, num_steps)
    return optax.exponential_decay(rate, num_steps, fraction, end_value=rate * fraction)


def _steps_after_warmup(options: TrainingOptions, steps_per_epoch: int | None) -> int:
    if steps_per_epoch is None:
        raise ArgumentError(
            f"schedule={options.schedule!r}: ends with the last step, and how many there are is not known; give "
            "steps_per_epoch."
        )
    total = options.num_epochs * steps_per_epoch
    if total <= options.warmup_steps:
        raise ArgumentError(
            f"warmup_steps={options.warmup_steps}: there are only {total} steps, in {options.num_epochs} epochs of "
            f"{steps_per_epoch}; use fewer."
        )
    return total - options.warmup_steps


def optimiser(options: TrainingOptions, rates: Callable[[Any], Any]) -> Any:
    """Return the `optax.GradientTransformation` of the options, with the learning rates of `learning_rates`."""
    optax = import_extra("optax", "train", "Optimisers")
    if options.optimiser in DEFAULT_WEIGHT_DECAY:
        decay = options.weight_decay
        make = optax.adamw if options.optimiser == "adamw" else optax.lion
        step = make(
            rates, weight_decay=DEFAULT_WEIGHT_DECAY[options.optimiser] if decay is None else decay, mask=_are_weights
        )
    elif options.optimiser == "adam":
        step = optax.adam(rates)
    else:
        step = optax.sgd(rates, momentum=options.momentum)
    return step if options.clip_norm is None else optax.chain(optax.clip_by_global_norm(options.clip_norm), step)


def _are_weights(parameters: Any) -> Any:
    """Say which parameters decay: not the biases, nor the scales of normalisations."""
    return jax.tree.map(lambda parameter: parameter.ndim > 1, parameters)
