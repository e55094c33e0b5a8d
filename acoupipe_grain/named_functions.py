"""Functions that are registered under names, and whose parameters name what they need."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import NARROWER


def parameter_names(function: Callable[..., Any], *, keyword_only: bool) -> tuple[str, ...]:
    """Return the names of a function's keyword-only or of its other parameters."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(item.name for item in parameters if (item.kind is item.KEYWORD_ONLY) == keyword_only)


def require_registrable(
    name: Any,
    function: Callable[..., Any],
    axes: Any,
    *,
    quantities: Collection[str],
    known: Callable[..., Any] | None,
    example: tuple[str, Sequence[str]],
) -> None:
    """Raise `ArgumentError` unless a function can be registered as a feature.

    Parameters
    ----------
    name
        What it is to be called.
    function
        The function.
    axes
        Names of the axes of its result.
    quantities
        Names that features cannot have.
    known
        The function that has the name already; None if there is none.
    example
        A name and axes for messages.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ArgumentError(f"name={name!r}: expected an identifier such as {example[0]!r}.")
    if not isinstance(axes, tuple | list) or not all(isinstance(axis, str) for axis in axes):
        raise ArgumentError(f"feature {name!r}: axes={axes!r}: expected a tuple of names such as {example[1]!r}.")
    parameters = inspect.signature(function).parameters.values()
    kinds = {item.kind for item in parameters}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        raise ArgumentError(f"feature {name!r}: the function must name what it needs, without *args and **kwargs.")
    for item in parameters:
        if item.default is not item.empty and item.kind is not item.KEYWORD_ONLY:
            raise ArgumentError(
                f"feature {name!r}: parameter {item.name!r} has a default, but only what stands after a * is an "
                f"option; write def {name}(..., *, {item.name}={item.default!r})."
            )
    if name in quantities:
        raise ArgumentError(f"name={name!r}: the name of a quantity that features compute from; choose another one.")
    if known is not None and known is not function and not _is_same_definition(known, function):
        raise ArgumentError(f"name={name!r}: this feature exists already ({known!r}); choose another name.")


def narrowed_result(key: str, value: Any) -> jax.Array:
    """Return what the function of a feature gave as an array of at most 32 bits per real number.

    Raises
    ------
    ArgumentError
        If it is no array.
    """
    if not hasattr(value, "dtype"):
        raise ArgumentError(f"feature {key!r} returned a {type(value).__name__}; it must return one array.")
    array = jnp.asarray(value)
    return array.astype(NARROWER.get(array.dtype.name, array.dtype.name))


def _is_same_definition(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Say whether two functions are one definition run twice (a notebook cell, a module loaded again)."""
    origins = [(function.__module__, function.__qualname__) for function in (one, other)]
    return origins[0] == origins[1] and "<lambda>" not in origins[0][1]
