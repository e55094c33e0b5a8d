"""From what users write to a `Distribution`: a name with arguments, a frozen variable, a number, a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.callables import callable_name, checked_key, require_callable
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.sampling.random_variables import (
    UNBOUNDED,
    Distribution,
    FunctionDistribution,
    InverseDistribution,
    ScipyDistribution,
)

CONSTANT = "constant"
_PROBES = np.array([0.01, 0.5, 0.99])
DistributionLike: TypeAlias = Distribution | Mapping[str, Any] | float | Callable[..., Any]
"""What `as_distribution` takes; frozen `scipy.stats` variables besides."""


def distribution(
    what: str | float | Callable[..., Any] | Any,
    /,
    *,
    key: str | None = None,
    bounds: tuple[float | None, float | None] | None = None,
    **parameters: float,
) -> Distribution:
    """Return what a quantity is drawn from.

    Parameters
    ----------
    what
        Name of a `scipy.stats` distribution; a frozen variable, such as ``scipy.stats.rayleigh(scale=5)``; a number,
        for a constant; or a function ``fn(rng, size)`` that draws `size` values from `rng`, a `numpy.random.Generator`.
    key
        What identifies a function (or a variable of a distribution that SciPy does not know by name) in manifests and
        checkpoints; change it with the function. None: its ``module:name``, if it has one.
    bounds
        Lowest and highest value, None for an open side. Values outside are redrawn.
    **parameters
        Of the named distribution: its shape parameters, ``loc`` and ``scale``, as in `scipy.stats`.

    Raises
    ------
    ArgumentError
        If SciPy has no such distribution, it does not take such parameters, or no value lies within the bounds.

    Examples
    --------
    >>> import acoupipe_grain as apg
    >>> strengths = apg.distribution("norm", loc=5.0, scale=2.0, bounds=(0.0, None))
    """
    key = checked_key(key)
    limits = UNBOUNDED if bounds is None else arguments.bounds("bounds", bounds)
    if isinstance(what, str):
        _refuse_key(key, what)
        return _by_name(what, parameters, limits)
    if parameters:
        raise ArgumentError(f"{', '.join(parameters)}: parameters belong to distributions by name, not to {what!r}.")
    if isinstance(what, int | float | np.integer | np.floating) and not isinstance(what, bool):
        _refuse_key(key, what)
        return _by_name(CONSTANT, {"value": float(what)}, limits)
    if _is_frozen(what):
        return _frozen(what, key, limits)
    if not callable(what) or hasattr(what, "ppf"):
        raise ArgumentError(
            "expected the name of a scipy.stats distribution, a frozen variable such as scipy.stats.norm(0, 1) or "
            f"rv_histogram(...)(), a number, or a function fn(rng, size); got a {type(what).__name__}."
        )
    function = require_callable(what, 2, "a function fn(rng, size)")
    return FunctionDistribution(bounds=limits, function=function, key=key)


def as_distribution(name: str, value: Any) -> Distribution:
    """Return the distribution that the argument `name` gives: as `distribution` takes it, or a mapping from a file.

    A mapping has the keys ``dist`` (a name), its parameters, and ``bounds``: ``{dist: rayleigh, scale: 5}``.
    """
    if isinstance(value, Distribution):
        return value
    try:
        if isinstance(value, Mapping):
            return _from_mapping({str(key): item for key, item in value.items()})
        if isinstance(value, str):
            raise ArgumentError(f"give its parameters too, such as {{dist: {value}, loc: 0, scale: 1}}.")
        return distribution(value)
    except ArgumentError as error:
        raise ArgumentError(f"{name}={_shown(value)}: {error}") from None


def _from_mapping(given: dict[str, Any]) -> Distribution:
    if {"function", "key"} & set(given) and "dist" not in given:
        raise ArgumentError("drawn by a function of yours, which is not looked up by name; build the source in Python.")
    name = given.pop("dist", None)
    if not isinstance(name, str):
        raise ArgumentError("a distribution needs its name, such as {dist: rayleigh, scale: 5}.")
    if "key" in given:
        raise ArgumentError("key: distributions by name identify themselves; leave it out.")
    return distribution(name, bounds=given.pop("bounds", None), **given)


def _shown(value: Any) -> str:
    """Return a value for messages, free of addresses."""
    if _is_frozen(value):
        given = [*map(repr, value.args), *(f"{name}={item!r}" for name, item in value.kwds.items())]
        return f"{value.dist.name}({', '.join(given)})"
    return callable_name(value) if callable(value) else repr(value)


def _refuse_key(key: str | None, what: Any) -> None:
    if key is not None:
        raise ArgumentError(f"key={key!r}: only functions need one; {what!r} identifies itself.")


def _is_frozen(what: Any) -> bool:
    return hasattr(what, "ppf") and hasattr(what, "rvs") and hasattr(what, "dist")


def _by_name(name: str, parameters: Mapping[str, Any], limits: tuple[float, float]) -> Distribution:
    from scipy import stats  # late: it takes a second to import

    if name == CONSTANT:
        if set(parameters) != {"value"}:
            raise ArgumentError(f"dist={name!r}: takes one parameter, value; got {dict(parameters)!r}.")
        value = arguments.number("value", parameters["value"])
        constant = InverseDistribution(
            bounds=limits, ppf=partial(np.full_like, fill_value=value), json={"dist": CONSTANT, "value": value}
        )
        return _with_some_value(constant, limits)
    family = getattr(stats, name, None)
    kinds = stats.rv_continuous | stats.rv_discrete
    if not isinstance(family, kinds):
        known = [item for item in dir(stats) if isinstance(getattr(stats, item), kinds)]
        raise unknown_name("dist", name, [*known, CONSTANT])
    names = _parameter_names(family)
    for parameter, value in parameters.items():
        if parameter not in names:
            raise unknown_name(f"parameter of dist {name!r}:", parameter, names)
        arguments.number(parameter, value)
    missing = [parameter for parameter in names if parameter not in (*parameters, "loc", "scale")]
    if missing:
        raise ArgumentError(f"dist={name!r}: lacks {', '.join(missing)}; it takes {', '.join(names)}.")
    return _frozen(family(**parameters), None, limits)


def _frozen(frozen: Any, key: str | None, limits: tuple[float, float]) -> Distribution:
    name = str(frozen.dist.name)
    parameters = _parameters(frozen)
    try:
        with np.errstate(all="ignore"):
            median, low, high = (float(value) for value in (frozen.ppf(0.5), *frozen.support()))
    except (ValueError, TypeError) as error:
        raise ArgumentError(f"{name}: not a distribution of one quantity with these parameters ({error}).") from error
    if not math.isfinite(median):
        raise ArgumentError(
            f"{name}: these parameters give no finite values; see scipy.stats.{name}. For a constant give the number."
        )
    json = _identity(frozen, parameters)
    if json:
        _refuse_key(key, name)
    elif key:
        json = {"key": key}
    variable = ScipyDistribution(bounds=limits, ppf=frozen.ppf, json=json, frozen=frozen, limits=(low, high))
    return _with_some_value(variable, limits)


def _identity(frozen: Any, parameters: dict[str, float]) -> dict[str, Any]:
    """Return name and parameters of a variable that SciPy makes from them, else an empty mapping."""
    from scipy import stats

    family: Any = getattr(stats, str(frozen.dist.name), None)
    if type(family) is not type(frozen.dist):
        return {}
    with np.errstate(all="ignore"):
        same = np.array_equal(family(**parameters).ppf(_PROBES), frozen.ppf(_PROBES), equal_nan=True)
    return {"dist": str(family.name)} | parameters if same else {}


def _with_some_value(variable: InverseDistribution, limits: tuple[float, float]) -> Distribution:
    low, high = variable.range
    if low > high:
        raise ArgumentError(f"bounds={limits}: none of the values of {variable!r} lies there.")
    return variable


def _parameter_names(family: Any) -> list[str]:
    shapes = [item.strip() for item in (family.shapes or "").split(",") if item.strip()]
    return [*shapes, "loc", *([] if hasattr(family, "pmf") else ["scale"])]


def _parameters(frozen: Any) -> dict[str, float]:
    """Return all parameters of a frozen variable by name, however they were given."""
    names = _parameter_names(frozen.dist)
    given = {"loc": 0.0, "scale": 1.0} | dict(zip(names, frozen.args, strict=False)) | frozen.kwds
    for name, value in given.items():
        if np.ndim(value):
            raise ArgumentError(f"{name}={value!r}: a distribution of one quantity has one number for each parameter.")
    is_discrete = hasattr(frozen, "pmf")
    return {name: _number(given[name], is_discrete) for name in names}


def _number(value: Any, is_discrete: bool) -> float:
    return int(value) if is_discrete and float(value).is_integer() else float(value)
