"""Checks that models share: shapes of what they take and give, and names of functions that they use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal, TypeAlias, get_args

import jax

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra

Activation: TypeAlias = Literal["lrelu", "relu"]
ACTIVATIONS = get_args(Activation)
Initializer: TypeAlias = Literal[
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"
]
INITIALIZERS = get_args(Initializer)
SOURCES = ("positions", "strengths", "presence")
"""Keys of outputs that describe sources one by one."""


def require_flax() -> None:
    """Raise `ArgumentError` if flax is not installed."""
    import_extra("flax", "train", "models")


def dropout_rate(value: Any) -> float:
    """Return the rate of dropout, 0 ... 1, 1 excluded."""
    return arguments.number("dropout_rate", value, minimum=0, below=1)


def require_no_activation(model: Any, task: Any) -> None:
    """Raise `ArgumentError` if a model has an activation of its output, and the task takes logits.

    Parameters
    ----------
    model
        Options of a model.
    task
        What it is for, see `acoupipe_grain.training.task.Task`.
    """
    activation = getattr(model, "output_activation", None)
    if activation is not None and getattr(task, "takes_logits", False):
        raise ArgumentError(
            f"output_activation={activation!r}: {type(task).__name__} takes logits, any real numbers, and applies "
            "functions of its own to them; leave it out."
        )


def require_default(options: Any, name: str, reason: str) -> None:
    """Raise `ArgumentError` if an option has another value than the default, which would have no effect.

    Parameters
    ----------
    options
        A dataclass.
    name
        Of the option.
    reason
        Why it has none, and what to do instead of leaving it out, for the message.
    """
    (field,) = (item for item in fields(options) if item.name == name)
    if (value := getattr(options, name)) != field.default:
        raise ArgumentError(f"{name}={value!r}: would have no effect, {reason}, or leave it out.")


def shape_of(argument: str, spec: Any, *axes: Sequence[str]) -> tuple[int, ...]:
    """Return the shape of an item.

    Parameters
    ----------
    argument
        Name for the message.
    spec
        What should be a `jax.ShapeDtypeStruct`.
    *axes
        Names of the axes, for each number of axes that will do.

    Raises
    ------
    ArgumentError
        If it has another number of axes, or an empty one.
    """
    expected = " or ".join(f"({', '.join(names)})" for names in axes) + ", without the axis of the batch"
    if not isinstance(spec, jax.ShapeDtypeStruct):
        raise ArgumentError(f"{argument}={spec!r}: expected a jax.ShapeDtypeStruct of shape {expected}.")
    if len(spec.shape) not in [len(names) for names in axes] or 0 in spec.shape:
        raise ArgumentError(f"{argument}={spec.shape}: unsuitable shape; expected {expected}.")
    return tuple(int(size) for size in spec.shape)


def require_keys(outputs: Any, keys: Sequence[str], what: str) -> None:
    """Raise `ArgumentError` unless `outputs` has these keys and no others."""
    given = sorted(outputs) if isinstance(outputs, Mapping) else outputs
    if given != sorted(keys):
        raise ArgumentError(f"outputs={given!r}: {what} gives {', '.join(keys)}; ask for these, by name.")


def source_sizes(outputs: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return how many sources, coordinates and frequencies outputs have that describe sources one by one.

    Raises
    ------
    ArgumentError
        If the shapes are not (source, coordinate), (source, frequency) and (source,), or there are not 2 or 3
        coordinates.
    """
    count, num_coordinates = shape_of("outputs['positions']", outputs["positions"], ("source", "coordinate"))
    strengths = shape_of("outputs['strengths']", outputs["strengths"], ("source", "frequency"))
    presence = shape_of("outputs['presence']", outputs["presence"], ("source",))
    if num_coordinates not in (2, 3):
        raise ArgumentError(f"outputs['positions']={(count, num_coordinates)}: expected 2 or 3 coordinates.")
    for key, shape in (("strengths", strengths), ("presence", presence)):
        if shape[0] != count:
            raise ArgumentError(f"outputs[{key!r}]={shape}: positions are of {count} sources; expected as many.")
    return count, num_coordinates, strengths[1]
