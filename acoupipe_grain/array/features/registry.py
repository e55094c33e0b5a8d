"""Features by name: what they compute from, and what they give.

A feature is a pure function on arrays with any leading batch axes. The names of its positional parameters say what
it needs: another feature, a quantity of the simulation, a constant, or the static objects ``setup`` and ``bands``.
Its keyword-only parameters are options.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from acoupipe_grain.array.features.constants import CONSTANTS
from acoupipe_grain.array.features.modes import MODES, SPECIAL_QUANTITIES
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.named_functions import parameter_names, require_registrable

STATIC = ("setup", "bands")
"""Names under which features take the static objects."""


@dataclass(frozen=True)
class Feature:
    """A named computation; use `feature` to get one and `register_feature` to add one.

    Attributes
    ----------
    name
        The registered name.
    compute
        The pure function.
    axes
        Name of every axis of the result, without batch axes.
    unit
        Unit of the result.
    label
        Key of the result in an element; the name unless given.
    options
        Values of keyword-only parameters, of the function or of the constants it uses, as sorted pairs.
    """

    name: str
    compute: Callable[..., Any]
    axes: tuple[str, ...]
    unit: str = "1"
    label: str = ""
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def key(self) -> str:
        """Key of the result in an element."""
        return self.label or self.name

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the quantities the function takes."""
        return parameter_names(self.compute, keyword_only=False)

    @property
    def identity(self) -> str | dict[str, Any]:
        """The feature in JSON: its name, or a mapping of name, label and options."""
        if not self.label and not self.options:
            return self.name
        return {"name": self.name, "label": self.key, "options": dict(self.options)}


_REGISTERED: dict[str, Feature] = {}


def register_feature(
    name: str, compute: Callable[..., Any] | None = None, *, axes: Sequence[str], unit: str = "1"
) -> Any:
    """Register a feature, as a decorator or by passing the function.

    Parameters
    ----------
    name
        Key under which sources offer the feature.
    compute
        A pure, jittable function on arrays with any leading batch axes. Its positional parameters name what it needs
        (``csm``, ``time_data``, ``positions``, ...; ``setup`` and ``bands`` are the static `MeasurementSetup` and
        `Bands`); its keyword-only parameters are options, where None means the value of the setup's attribute of
        the same name.
    axes
        Name of every axis of the result, without batch axes.
    unit
        Unit of the result.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> @register_feature("total_power", axes=("frequency",), unit="Pa^2")
    ... def total_power(csm):
    ...     return jnp.trace(csm.real, axis1=-2, axis2=-1)

    Raises
    ------
    ArgumentError
        If the name is taken or is not an identifier, `axes` is no tuple of names, or the function takes ``*args`` or
        ``**kwargs``.
    """
    if compute is None:
        return lambda function: register_feature(name, function, axes=axes, unit=unit)
    known = _REGISTERED.get(name) if isinstance(name, str) else None
    require_registrable(
        name,
        compute,
        axes,
        quantities=quantity_names(),
        known=None if known is None else known.compute,
        example=("total_power", ("frequency", "mic")),
    )
    add_feature(Feature(name, compute, tuple(axes), unit))
    return compute


def add_feature(item: Feature) -> None:
    """Offer a feature under its name."""
    _REGISTERED[item.name] = item


def quantity_names() -> set[str]:
    """Return the names of everything that features compute from and that is no feature itself."""
    of_modes = {name for mode in MODES.values() for name in (*mode.inputs, *mode.steps)}
    return {*STATIC, *CONSTANTS, *of_modes, *SPECIAL_QUANTITIES}


def feature(name: str, *, label: str = "", **options: Any) -> Feature:
    """Return a registered feature, under a label and with options of its own.

    Parameters
    ----------
    name
        A registered name.
    label
        Key of the result in an element; the name unless given.
    **options
        Options of the feature, for example ``steering="IV"`` or ``remove_diagonal=True`` of ``sourcemap``. Options
        left out take the measurement setup's values. ``method="capon"`` of ``sourcemap`` is the feature
        ``sourcemap_capon`` under the key ``sourcemap``; so with every feature of which there are variants.
    """
    if name not in _REGISTERED:
        raise unknown_name("feature", name, _REGISTERED)
    if not isinstance(label, str):
        raise ArgumentError(f"label={label!r}: expected a name.")
    if "method" in options and "method" not in parameter_names(_REGISTERED[name].compute, keyword_only=True):
        name, label = _variant(name, options.pop("method")), label or name
    try:
        # As a manifest will give them back: lists for tuples.
        options = json.loads(json.dumps(options))
    except TypeError as error:
        raise ArgumentError(
            f"options of feature {name!r}: {options!r} cannot be written to a manifest ({error}); use numbers, "
            "strings, switches and lists of them."
        ) from error
    return replace(_REGISTERED[name], label=label, options=tuple(sorted(options.items())))


def _variant(name: str, method: Any) -> str:
    """Return the name under which a feature's variant is registered."""
    variants = {item.removeprefix(f"{name}_"): item for item in _REGISTERED if item.startswith(f"{name}_")}
    if not variants:
        base = next((item for item in _REGISTERED if name.startswith(f"{item}_")), None)
        remedy = "leave it out" if base is None else f"write feature({base!r}, method=...)"
        raise ArgumentError(f"method={method!r}: feature {name!r} has no methods; {remedy}.")
    variants["conventional"] = name
    if not isinstance(method, str) or method not in variants:
        raise unknown_name(f"method of feature {name!r}:", method, variants)
    return variants[method]


def registered_features() -> dict[str, Feature]:
    """Return all registered features by name."""
    return dict(_REGISTERED)
