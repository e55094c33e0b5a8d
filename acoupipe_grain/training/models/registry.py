"""Models by name: what their options must offer, and how users add their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import jax

from acoupipe_grain.errors import ArgumentError

if TYPE_CHECKING:
    from flax import nnx

Arrays = jax.ShapeDtypeStruct | Mapping[str, jax.ShapeDtypeStruct]
"""Shape and dtype of one array, or of several by name, of one item: without the axis of the batch."""


class Model(Protocol):
    """Options of a model: a frozen dataclass with keyword arguments only, defaults and values that JSON has.

    Its values are checked when it is made; `build` makes the network.
    """

    def build(self, inputs: Any, outputs: Any, *, rngs: nnx.Rngs) -> nnx.Module:
        """Return a network for items of the given shapes.

        Parameters
        ----------
        inputs
            What the network takes for one item: a `jax.ShapeDtypeStruct`, or several by name.
        outputs
            What it is to return for one item, likewise.
        rngs
            Where initial values and dropout get their random numbers; nothing else is random.

        Returns
        -------
        A module in training mode: ``module(inputs)`` with the axis of the batch first is pure, given the module's
        state; ``module.train()`` and ``module.eval()`` switch dropout and batch norm

        Raises
        ------
        ArgumentError
            If the shapes do not suit the options.
        """


_MODELS: dict[str, type] = {}
MODELS: Mapping[str, type] = MappingProxyType(_MODELS)
"""Options of every model by the name of their class, those of users included."""

_Options = TypeVar("_Options", bound=type)


def register_model(options: _Options) -> _Options:
    """Offer a model under the name of its options' class, as a decorator or by passing the class.

    Parameters
    ----------
    options
        A frozen dataclass as `Model` says. The file that defines it is one that flax is imported in, or `build`
        imports it.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @register_model
    ... @dataclass(frozen=True, kw_only=True)
    ... class Pointwise:
    ...     use_bias: bool = True
    ...
    ...     def build(self, inputs, outputs, *, rngs):
    ...         from flax import nnx
    ...
    ...         return nnx.Linear(inputs.shape[-1], outputs.shape[-1], use_bias=self.use_bias, rngs=rngs)

    Raises
    ------
    ArgumentError
        If it is no such class, or another model has the name.
    """
    name = getattr(options, "__name__", repr(options))
    remedy = "expected a dataclass(frozen=True, kw_only=True) with a method build(inputs, outputs, *, rngs)"
    if not isinstance(options, type) or not dataclasses.is_dataclass(options):
        raise ArgumentError(f"model {name}: not a dataclass; {remedy}.")
    if not options.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise ArgumentError(f"model {name}: its values can be changed; {remedy}.")
    if not callable(getattr(options, "build", None)):
        raise ArgumentError(f"model {name}: has no method build; {remedy}.")
    for item in dataclasses.fields(options):
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise ArgumentError(f"model {name}: option {item.name!r} has no default; give it one.")
    known = _MODELS.get(name)
    # A notebook's cell may run twice, and a module be loaded again.
    if known is not None and (known.__module__, known.__qualname__) != (options.__module__, options.__qualname__):
        raise ArgumentError(f"model {name}: {known.__module__} has a model of this name; choose another name.")
    _MODELS[name] = options
    return options
