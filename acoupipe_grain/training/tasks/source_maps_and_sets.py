"""From beamformer maps or matrices to a map of sources and to the sources one by one, by one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal

import jax
from jaxtyping import Array, Float

from acoupipe_grain import arguments
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.specs import ElementSpec
from acoupipe_grain.training.task import Batch, Metric
from acoupipe_grain.training.tasks.element_arrays import grid_of_source
from acoupipe_grain.training.tasks.source_maps import SourceMaps
from acoupipe_grain.training.tasks.source_sets import SourceSets

NAME = "SourceMapsAndSets"
FEATURES = ("sourcemap", "csmtriu")
SHARED = ("feature", "strengths", "grid")
"""Options of both tasks, that are given once."""
MAP, SET = "map_", "set_"


@dataclass(frozen=True, kw_only=True)
class SourceMapsAndSets:
    """What `SourceMaps` and `SourceSets` ask for, from one model, such as `ResidualCNN` with the output "both".

    Inputs are those of `SourceSets`, whose levels are absolute. Outputs are ``map``, as for `SourceMaps`, and
    ``positions``, ``strengths`` and ``presence``, as for `SourceSets`. The loss of an item is that of the map, and
    `set_weight` times that of the set. Metrics and predictions are those of both tasks, with ``map_`` and ``set_`` in
    front of their names.

    Parameters
    ----------
    feature
        Array of elements that models take: "sourcemap" or "csmtriu".
    strengths
        Array of elements with the axes frequency and source: the true strengths.
    set_weight
        Weight of the loss of the set, above 0.
    maps
        Options of `SourceMaps` by name, but for feature, strengths and grid. None: none.
    sets
        Options of `SourceSets` by name, but for feature and strengths. None: none.
    grid
        Grid of the maps; None: that of the source that the task is for.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or an option has another name.
    """

    takes_logits = True

    feature: Literal["sourcemap", "csmtriu"] = "sourcemap"
    strengths: str = "source_strength_analytic"
    set_weight: float = 1.0
    maps: Mapping[str, Any] | None = None
    sets: Mapping[str, Any] | None = None
    grid: RectGrid | None = None

    def __post_init__(self) -> None:
        arguments.choice("feature", self.feature, FEATURES)
        arguments.number("set_weight", self.set_weight, above=0)
        for name, task in (("maps", SourceMaps), ("sets", SourceSets)):
            object.__setattr__(self, name, _options(name, getattr(self, name), task))
        self._check_tasks()

    def _check_tasks(self) -> None:
        """Raise `ArgumentError` if an option of either task has an unsuitable value."""
        for name in ("maps", "sets"):
            try:
                getattr(self, f"of_{name}")
            except ArgumentError as error:
                raise ArgumentError(f"{name}: {error}") from error

    @cached_property
    def of_maps(self) -> SourceMaps:
        """The task of the map."""
        return SourceMaps(feature=self.feature, strengths=self.strengths, grid=self.grid, **(self.maps or {}))

    @cached_property
    def of_sets(self) -> SourceSets:
        """The task of the set."""
        return SourceSets(feature=self.feature, strengths=self.strengths, **(self.sets or {}))

    def for_source(self, source: Any, spec: ElementSpec) -> SourceMapsAndSets:
        """Return the task with the grid of a source; raises if batches, without the first axis, lack something."""
        task = replace(self, grid=grid_of_source(NAME, source)) if self.grid is None else self
        task.check(spec)
        return task

    def check(self, spec: ElementSpec) -> None:
        """Raise `ArgumentError` if elements lack what is needed."""
        self.of_maps.check(spec)
        self.of_sets.check(spec)

    def input_shape(self, spec: ElementSpec) -> jax.ShapeDtypeStruct:
        """Return what a model takes of one item: (x, y, frequency) or (mic, mic, frequency)."""
        return self.of_sets.input_shape(spec)

    def output_shape(self, spec: ElementSpec) -> dict[str, jax.ShapeDtypeStruct]:
        """Return what a model gives of one item."""
        return {"map": self.of_maps.output_shape(spec), **self.of_sets.output_shape(spec)}

    def inputs(self, batch: Batch) -> Array:
        """Return what the model takes."""
        return self.of_sets.inputs(batch)

    def loss(self, outputs: Mapping[str, Float[Array, "batch ..."]], batch: Batch) -> Float[Array, " batch"]:
        """Return the loss of each item."""
        return self.of_maps.loss(outputs, batch) + self.set_weight * self.of_sets.loss(outputs, batch)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Those of both tasks."""
        return _by_both(self.of_maps.metrics, self.of_sets.metrics)

    def predictions(self, outputs: Any, batch: Batch) -> dict[str, Array]:
        """Return those of both tasks."""
        return _by_both(self.of_maps.predictions(outputs, batch), self.of_sets.predictions(outputs, batch))

    def draw(self, figure: Any, outputs: Any, batch: Batch) -> None:
        """Draw what both tasks draw, side by side."""
        of_map, of_set = figure.subfigures(1, 2)
        self.of_maps.draw(of_map, outputs, batch)
        self.of_sets.draw(of_set, outputs, batch)


def _options(name: str, given: Any, task: type) -> dict[str, Any] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ArgumentError(f"{name}={given!r}: expected a mapping of options of {task.__name__}.")
    known = [item.name for item in fields(task) if item.name not in SHARED]
    for option in given:
        if option in SHARED:
            raise ArgumentError(f"{name}: {option!r} is the same for both tasks; give it to {NAME} itself.")
        if option not in known:
            raise unknown_name(f"option of {name}", option, known)
    return dict(given)


def _by_both(of_map: Mapping[str, Any], of_set: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{f"{MAP}{name}": value for name, value in of_map.items()},
        **{f"{SET}{name}": value for name, value in of_set.items()},
    }
