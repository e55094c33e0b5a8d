"""From matrices or maps to a set of sources: positions, strengths, and which of them there are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import ElementSpec
from acoupipe_grain.training.losses import SourceSetLoss
from acoupipe_grain.training.losses.decibels import REFERENCE_POWER
from acoupipe_grain.training.task import Batch, Metric
from acoupipe_grain.training.tasks.element_arrays import MAP_AXES, MATRIX_AXES, required_array
from acoupipe_grain.training.tasks.localised import LocalisationMetrics, Located
from acoupipe_grain.training.tasks.pictures import draw_feature, draw_predicted, draw_true

NAME = "SourceSets"
FEATURES = {
    "eigmode": ("frequency", "mic", "mode"),
    "csmtriu": MATRIX_AXES,
    "sourcemap": MAP_AXES,
}
"""What models take, with its axes."""


@dataclass(frozen=True, kw_only=True)
class SourceSets:
    """Sources one by one, in any order: positions, strengths and presence.

    Inputs are eigenmodes as they are, packed matrices or maps with their frequencies last, both as
    sign(x) ln(1 + abs(x)/p₀²) over that of 1 Pa² (94 dB), p₀ = 20 µPa: a level that is 0 at 0 and has a sign.
    The loss is `SourceSetLoss`, over the best assignment of predictions to sources.

    Parameters
    ----------
    feature
        Array of elements that models take: "eigmode", "csmtriu" or "sourcemap".
    strengths
        Array of elements with the axes frequency and source: the true strengths.
    num_coordinates
        2: x and y; 3: also z.
    position_weight, level_weight, presence_weight, floor, assignment
        As for `SourceSetLoss`.
    threshold
        Probability of presence from which on a source is reported, 0 ... 1.
    tolerance
        Distance within which a source counts as found, m.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    takes_logits = True

    feature: Literal["eigmode", "csmtriu", "sourcemap"] = "eigmode"
    strengths: str = "source_strength_analytic"
    num_coordinates: int = 2
    position_weight: float = 10.0
    level_weight: float = 0.1
    presence_weight: float = 1.0
    floor: float = 1e-4
    assignment: Literal["optax", "scipy"] = "optax"
    threshold: float = 0.5
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        arguments.choice("feature", self.feature, FEATURES)
        arguments.integer("num_coordinates", self.num_coordinates, minimum=2, maximum=3)
        arguments.number("threshold", self.threshold, above=0, below=1)
        arguments.number("tolerance", self.tolerance, above=0, unit="m")
        for name in ("position_weight", "level_weight", "presence_weight"):
            arguments.number(name, getattr(self, name), minimum=0)
        arguments.number("floor", self.floor, above=0, unit="Pa²")
        arguments.choice("assignment", self.assignment, ("optax", "scipy"))

    def for_source(self, source: Any, spec: ElementSpec) -> SourceSets:
        """Return the task; raises if batches, without the first axis, lack something."""
        del source  # nothing of it is needed
        self.check(spec)
        return self

    def check(self, spec: ElementSpec) -> None:
        """Raise `ArgumentError` if elements lack what is needed."""
        found = required_array(NAME, spec, self.feature, FEATURES[self.feature])
        of_sources = required_array(NAME, spec, self.strengths, ("frequency", "source"))
        for name in ("loc", "source_mask"):
            required_array(NAME, spec, name)
        if found.shape[0] != of_sources.shape[0]:
            raise ArgumentError(f"task {NAME}: {self.feature!r} and {self.strengths!r} have different frequencies.")

    def input_shape(self, spec: ElementSpec) -> jax.ShapeDtypeStruct:
        """Return what a model takes of one item."""
        num_lines, *rest = spec[self.feature].shape
        if self.feature == "eigmode":
            return jax.ShapeDtypeStruct((num_lines, *rest), np.dtype("complex64"))
        return jax.ShapeDtypeStruct((*rest, num_lines), np.dtype("float32"))

    def output_shape(self, spec: ElementSpec) -> dict[str, jax.ShapeDtypeStruct]:
        """Return what a model gives of one item."""
        num_lines, num_sources = spec[self.strengths].shape
        shapes = {
            "positions": (num_sources, self.num_coordinates),
            "strengths": (num_sources, num_lines),
            "presence": (num_sources,),
        }
        return {name: jax.ShapeDtypeStruct(shape, np.dtype("float32")) for name, shape in shapes.items()}

    def inputs(self, batch: Batch) -> Array:
        """Return what the model takes."""
        values = jnp.asarray(batch[self.feature])
        if self.feature == "eigmode":
            return values
        scaled = jnp.sign(values) * jnp.log1p(jnp.abs(values) / REFERENCE_POWER) / math.log1p(1 / REFERENCE_POWER)
        return jnp.moveaxis(scaled, 1, -1)

    def loss(self, outputs: Mapping[str, Float[Array, "batch ..."]], batch: Batch) -> Float[Array, " batch"]:
        """Return the loss of each item."""
        loss = SourceSetLoss(
            position_weight=self.position_weight,
            level_weight=self.level_weight,
            presence_weight=self.presence_weight,
            floor=self.floor,
            assignment=self.assignment,
        )
        return loss(outputs, batch["loc"], batch[self.strengths], batch["source_mask"])

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Localisation of sources, and levels of those that were found."""
        return LocalisationMetrics(self._located, self.tolerance, "m", has_powers=True).metrics()

    def predictions(self, outputs: Any, batch: Batch) -> dict[str, Array]:
        """Return positions (source, coordinate), strengths (source, frequency) and presence (source,), 0 ... 1."""
        del batch
        return {
            **{name: outputs[name] for name in ("positions", "strengths")},
            "presence": jax.nn.sigmoid(outputs["presence"]),
        }

    def draw(self, figure: Any, outputs: Any, batch: Batch) -> None:
        """Draw what the model takes, at the first frequency, and true and predicted positions."""
        feature, axis = figure.subplots(1, 2)
        draw_feature(feature, self.feature, np.asarray(batch[self.feature])[0], FEATURES[self.feature])
        (item,) = self._located(outputs, batch)
        draw_true(axis, item)
        draw_predicted(axis, item, "tab:blue")
        axis.set(xlabel="x / m", ylabel="y / m", aspect="equal")
        axis.legend(frameon=False)

    def _located(self, outputs: Any, batch: Batch) -> Iterator[Located]:
        found = {name: np.asarray(array) for name, array in self.predictions(outputs, batch).items()}
        for row, presence in enumerate(found["presence"]):
            is_there, mask = presence >= self.threshold, np.asarray(batch["source_mask"][row])
            yield Located(
                found["positions"][row][is_there],
                np.asarray(batch["loc"][row])[: self.num_coordinates, mask].T,
                found["strengths"][row][is_there],
                np.asarray(batch[self.strengths][row])[:, mask].T,
            )
