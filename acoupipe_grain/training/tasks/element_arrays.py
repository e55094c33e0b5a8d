"""What tasks ask of the elements that they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.array.stored_setup import stored_setup
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.specs import ArraySpec, ElementSpec

MAP_AXES = ("frequency", "x", "y")
MATRIX_AXES = ("frequency", "mic", "mic")


def required_array(task: str, spec: ElementSpec, name: str, axes: Sequence[str] | None = None) -> ArraySpec:
    """Return the specification of an array that a task needs.

    Raises
    ------
    ArgumentError
        If the elements lack it, or it has other axes.
    """
    if name not in spec:
        raise ArgumentError(
            f"task {task}: {unknown_name('array', name, spec)} Let the source have it among its features."
        )
    found = spec[name]
    if axes is not None and tuple(found.axes) != tuple(axes):
        raise ArgumentError(f"task {task}: {name!r} has the axes {found.axes}; expected {tuple(axes)}.")
    if None in found.shape:
        raise ArgumentError(f"task {task}: {name!r} differs in length from record to record; pad it to one length.")
    return found


def grid_of_source(task: str, source: Any) -> RectGrid:
    """Return the grid of the maps in a source's elements, of a simulated source or a stored one.

    Raises
    ------
    ArgumentError
        If it was not made from a measurement setup.
    """
    setup = getattr(source, "setup", None)
    if setup is None and hasattr(source, "configuration"):
        setup = stored_setup(source.configuration)
    if setup is None:
        raise ArgumentError(f"task {task}: {source!r} was not made from a measurement setup, and has no grid.")
    return setup.grid
