"""From what users write to a `Distribution`: a name with arguments, a frozen variable, a number, a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.callables import checked_key, require_callable
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.sampling.random_variables import (
    SMALLEST_UNIFORM,
    UNBOUNDED,
    Distribution,
    FunctionDistribution,
    InverseDistribution,
    ScipyDistribution,
)

CONSTANT = "constant"
DistributionLike: TypeAlias = Distribution | Mapping[str, Any] | float | Callable[..., Any]
"""What `as_distribution` takes; frozen `scipy.stats` variables besides."""


def distribution(
    what: str | float | Callable[..., Any] | Any,
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
    limits = _checked_bounds(bounds)
    if isinstance(what, str):
        _refuse_key(key, what)
        return _by_name(what, parameters, limits)
    if parameters:
        raise ArgumentError(f"{', '.join(parameters)}: parameters belong to distributions by name, not to {what!r}.")
    if isinstance(what, int | float | np.number) and not isinstance(what, bool):
        _refuse_key(key, what)
        return _by_name(CONSTANT, {"value": float(what)}, limits)
    if _is_frozen(what):
        return _frozen(what, key, limits)
    if not callable(what) or hasattr(what, "ppf"):
        raise ArgumentError(
            f"{what!r}: expected the name of a scipy.stats distribution, a frozen variable such as "
            "scipy.stats.norm(loc=0, scale=1), a number, or a function fn(rng, size)."
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
        if not isinstance(value, Mapping):
            if isinstance(value, str):
                raise ArgumentError(f"give its parameters too, such as {{dist: {value}, loc: 0, scale: 1}}.")
            return distribution(value)
        if "dist" not in value:
            if {"function", "key"} & set(value):
                raise ArgumentError(
                    "drawn by a function of yours, which is not looked up by name; build the source in Python."
                )
            raise ArgumentError("a distribution needs its name, such as {dist: rayleigh, scale: 5}.")
        given = {str(key): item for key, item in value.items()}
        if "key" in given:
            raise ArgumentError("key: distributions by name identify themselves; leave it out.")
        return distribution(given.pop("dist"), bounds=given.pop("bounds", None), **given)
    except ArgumentError as error:
        raise ArgumentError(f"{name}={value!r}: {error}") from None


def _refuse_key(key: str | None, what: Any) -> None:
    if key is not None:
        raise ArgumentError(f"key={key!r}: only functions need one; {what!r} identifies itself.")


def _checked_bounds(bounds: Any) -> tuple[float, float]:
    if bounds is None:
        return UNBOUNDED
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise ArgumentError(f"bounds={bounds!r}: expected a pair (lowest, highest), None for an open side.")
    low = -math.inf if bounds[0] is None else arguments.number("bounds", bounds[0])
    high = math.inf if bounds[1] is None else arguments.number("bounds", bounds[1])
    if low > high:
        raise ArgumentError(f"bounds={bounds!r}: the lowest value is above the highest.")
    return low, high


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
    known = [item for item in dir(stats) if isinstance(getattr(stats, item), stats.rv_continuous | stats.rv_discrete)]
    if name not in known:
        raise unknown_name("dist", name, [*known, CONSTANT])
    family = getattr(stats, name)
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
    from scipy import stats

    name = str(frozen.dist.name)
    if type(getattr(stats, name, None)) is type(frozen.dist):
        _refuse_key(key, name)
        json: dict[str, Any] | None = {"dist": name} | _parameters(frozen)
    else:
        json = {"key": key} if key else None
    variable = ScipyDistribution(bounds=limits, ppf=frozen.ppf, json=json or {}, frozen=frozen)
    if not np.isfinite(np.asarray(frozen.ppf([SMALLEST_UNIFORM, 0.5, 1 - SMALLEST_UNIFORM]), dtype=np.float64)).all():
        raise ArgumentError(f"{json or name}: these parameters give no finite values; see scipy.stats.{name}.")
    return _with_some_value(variable, limits)


def _with_some_value(variable: InverseDistribution, limits: tuple[float, float]) -> Distribution:
    low, high = variable.range
    if low > high:
        raise ArgumentError(f"bounds={limits}: none of the values of {variable.identity()} lies there.")
    return variable


def _parameter_names(family: Any) -> list[str]:
    shapes = [item.strip() for item in (family.shapes or "").split(",") if item.strip()]
    return [*shapes, "loc", *([] if hasattr(family, "pmf") else ["scale"])]


def _parameters(frozen: Any) -> dict[str, float]:
    """Return all parameters of a frozen variable by name, however they were given."""
    names = _parameter_names(frozen.dist)
    given = dict(zip(names, frozen.args, strict=False)) | frozen.kwds
    for name, value in given.items():
        if np.ndim(value):
            raise ArgumentError(f"{name}={value!r}: a distribution of one quantity has one number for each parameter.")
    defaults = {"loc": 0.0, "scale": 1.0}
    return {name: float(given.get(name, defaults.get(name, math.nan))) for name in names}
