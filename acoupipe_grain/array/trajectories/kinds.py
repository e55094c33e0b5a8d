"""The kinds of trajectories by the names that they have in configurations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from acoupipe_grain.array.trajectories.circle import CircularTrajectory
from acoupipe_grain.array.trajectories.function import FunctionTrajectory
from acoupipe_grain.array.trajectories.line import LinearTrajectory
from acoupipe_grain.array.trajectories.spline import SplineTrajectory
from acoupipe_grain.array.trajectories.trajectory import ARGUMENT, Trajectory
from acoupipe_grain.errors import ArgumentError, unknown_name

KINDS: dict[str, type[Trajectory]] = {
    item.kind: item for item in (LinearTrajectory, CircularTrajectory, SplineTrajectory)
}
"""What a mapping can give; functions are given themselves."""


def as_trajectory(value: Any) -> Trajectory | None:
    """Return what sources move along, from a trajectory, a mapping of its kind and arguments, or a function.

    Parameters
    ----------
    value
        A `Trajectory`; a mapping such as ``{kind: circle, radius: 0.2, rate: 1.0}``; a function
        ``fn(rng, position, duration)`` as `FunctionTrajectory` takes it; or None for sources at rest.

    Raises
    ------
    ArgumentError
        If it is something else, or an argument is unknown, lacking or wrong.
    """
    if value is None or isinstance(value, Trajectory):
        return value
    if isinstance(value, Mapping):
        return _from_mapping({str(name): item for name, item in value.items()})
    if callable(value) and not isinstance(value, type):
        return FunctionTrajectory(function=value)
    raise ArgumentError(
        f"{ARGUMENT}={value!r}: expected a trajectory, a mapping such as {{kind: line, velocity: [10.0, 0.0]}}, a "
        "function fn(rng, position, duration), or None for sources at rest."
    )


def _from_mapping(given: dict[str, Any]) -> Trajectory:
    kind = given.pop("kind", None)
    if kind == FunctionTrajectory.kind:
        raise ArgumentError(
            f"{ARGUMENT}.kind={kind!r}: a function of yours is not looked up by name; build the source in Python."
        )
    if kind is None:
        raise ArgumentError(f"{ARGUMENT}={given!r}: lacks kind, one of {', '.join(KINDS)}.")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ArgumentError(f"{ARGUMENT}: {unknown_name('kind', kind, KINDS)}")
    arguments = fields(KINDS[kind])
    names = [item.name for item in arguments]
    for name in given:
        if name not in names:
            raise ArgumentError(f"{ARGUMENT}: {unknown_name(f'argument of kind {kind!r}:', name, names)}")
    missing = [item.name for item in arguments if item.default is MISSING and item.name not in given]
    if missing:
        raise ArgumentError(f"{ARGUMENT}: kind {kind!r} lacks {', '.join(missing)}; it takes {', '.join(names)}.")
    return KINDS[kind](**given)
