"""What can be learned: tasks by name, and how users add their own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.tasks.scatterer_frames import ScattererFrames
from acoupipe_grain.training.tasks.segment_classes import SegmentClasses
from acoupipe_grain.training.tasks.source_maps import SourceMaps
from acoupipe_grain.training.tasks.source_maps_and_sets import SourceMapsAndSets
from acoupipe_grain.training.tasks.source_sets import SourceSets

__all__ = [
    "TASKS",
    "ScattererFrames",
    "SegmentClasses",
    "SourceMaps",
    "SourceMapsAndSets",
    "SourceSets",
    "register_task",
]

_TASKS: dict[str, type] = {
    item.__name__: item for item in (SourceMaps, SourceSets, SourceMapsAndSets, ScattererFrames, SegmentClasses)
}
TASKS: Mapping[str, type] = MappingProxyType(_TASKS)
"""Tasks by the name of their class, those of users included."""

_Task = TypeVar("_Task", bound=type)
_NEEDED = ("for_source", "input_shape", "output_shape", "inputs", "loss", "metrics")


def register_task(task: _Task) -> _Task:
    """Offer a task under the name of its class, as a decorator or by passing the class.

    Raises
    ------
    ArgumentError
        If it lacks what `acoupipe_grain.training.task.Task` asks for, or another task has the name.
    """
    name = getattr(task, "__name__", repr(task))
    if missing := [item for item in _NEEDED if not hasattr(task, item)]:
        raise ArgumentError(f"task {name}: lacks {', '.join(missing)}; see acoupipe_grain.training.task.Task.")
    known: Any = _TASKS.get(name)
    if known is not None and (known.__module__, known.__qualname__) != (task.__module__, task.__qualname__):
        raise ArgumentError(f"task {name}: {known.__module__} has a task of this name; choose another name.")
    _TASKS[name] = task
    return task
