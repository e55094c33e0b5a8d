"""From beamformer maps or matrices to where sources are and how loud: presence and level at each point of a grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from acoupipe_grain import arguments
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import ElementSpec
from acoupipe_grain.training.losses import binary_cross_entropy, dice_loss, tversky_loss
from acoupipe_grain.training.metrics import level_errors, peaks
from acoupipe_grain.training.task import Batch, Metric
from acoupipe_grain.training.tasks.element_arrays import MAP_AXES, MATRIX_AXES, grid_of_source, required_array
from acoupipe_grain.training.tasks.levels import largest_of_map, largest_of_matrices, level, scaled_levels
from acoupipe_grain.training.tasks.localised import LocalisationMetrics, Located
from acoupipe_grain.training.tasks.pictures import draw_feature, draw_predicted, draw_true, extent_of

NAME = "SourceMaps"
MATRICES = "csmtriu"
_OPTIONS_OF_LOSSES: Mapping[str, Mapping[str, float]] = {
    "binary_cross_entropy": {"positive_weight": 5.0},
    "dice": {},
    "tversky": {"false_positive_weight": 0.5, "false_negative_weight": 0.5},
}
"""Losses of presence, and what holds for their options where none is given."""


@dataclass(frozen=True, kw_only=True)
class SourceMaps:
    """Maps of sources: presence at each grid point, and the level there.

    Inputs are levels of a map below its maximum over all points and frequencies, 0 ... 1 over `dynamic_range`,
    (x, y, frequency); or those of packed matrices below the largest power at any microphone and frequency, which is the
    largest entry of their diagonals, with the sign of each entry, (mic, mic, frequency). Outputs are (x, y, channel): a
    logit of presence, and for each frequency the level of the source over that maximum, in the same scale. The target
    of presence is max_j exp(−d²/(2 s²)), d the distance from source j in x and y. The loss of an item is that of
    presence, and `level_weight` times the mean absolute difference of levels, weighted with the target of presence.

    Sources are found at peaks of presence; their strength is the level at the peak. The map whose level errors are
    metrics has these strengths at these points, and 0 at all others.

    Parameters
    ----------
    feature
        Array of elements that models take: "csmtriu", or a map with the axes frequency, x and y.
    strengths
        Array of elements with the axes frequency and source: the true strengths.
    dynamic_range
        Levels as far below the maximum count as silence, dB.
    spread
        Width s of the target of presence, in steps of the grid.
    presence_loss
        "binary_cross_entropy"; or `tversky_loss` of probabilities, "tversky", or with equal weights "dice". These judge
        how regions overlap. With a target that fades out they are not 0 for any output, and smallest where presence is
        0 or 1.
    positive_weight
        Of "binary_cross_entropy" only: weight of what is present. None: 5.
    false_positive_weight, false_negative_weight
        Of "tversky" only: weights of presence where nothing is, and of sources that are not found. None: 0.5.
    level_weight
        Weight of levels.
    threshold
        Presence from which on a peak is a source, 0 ... 1.
    tolerance
        Distance within which a source counts as found, m.
    sector_radius
        Radius about a true source within which the map's power counts for it, m, as in `level_errors`.
    grid
        Grid of the maps; None: that of the source that the task is for.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or would have no effect.
    """

    takes_logits = True

    feature: str = "sourcemap"
    strengths: str = "source_strength_analytic"
    dynamic_range: float = 30.0
    spread: float = 1.0
    presence_loss: Literal["binary_cross_entropy", "dice", "tversky"] = "binary_cross_entropy"
    positive_weight: float | None = None
    false_positive_weight: float | None = None
    false_negative_weight: float | None = None
    level_weight: float = 1.0
    threshold: float = 0.5
    tolerance: float = 0.05
    sector_radius: float = 0.05
    grid: RectGrid | None = None

    def __post_init__(self) -> None:
        for name in ("dynamic_range", "spread", "tolerance", "sector_radius"):
            arguments.number(name, getattr(self, name), above=0)
        arguments.number("level_weight", self.level_weight, minimum=0)
        arguments.number("threshold", self.threshold, above=0, below=1)
        arguments.choice("presence_loss", self.presence_loss, _OPTIONS_OF_LOSSES)
        self._check_options_of_losses()
        for name in ("feature", "strengths"):
            if not isinstance(getattr(self, name), str):
                raise ArgumentError(f"{name}={getattr(self, name)!r}: expected the name of an array of the elements.")

    def _check_options_of_losses(self) -> None:
        for loss, options in _OPTIONS_OF_LOSSES.items():
            for name in options:
                value = getattr(self, name)
                if value is None:
                    continue
                arguments.number(name, value, above=0)
                if loss != self.presence_loss:
                    raise ArgumentError(
                        f"{name}={value!r}: presence_loss={self.presence_loss!r} has none; leave it out, or choose "
                        f"{loss!r}."
                    )

    def for_source(self, source: Any, spec: ElementSpec) -> SourceMaps:
        """Return the task with the grid of a source; raises if batches, without the first axis, lack something."""
        task = replace(self, grid=grid_of_source(NAME, source)) if self.grid is None else self
        task.check(spec)
        return task

    def check(self, spec: ElementSpec) -> None:
        """Raise `ArgumentError` if elements lack what is needed."""
        found = required_array(NAME, spec, self.feature, MATRIX_AXES if self._has_matrices else MAP_AXES)
        required_array(NAME, spec, self.strengths, ("frequency", "source"))
        for name in ("loc", "source_mask"):
            required_array(NAME, spec, name)
        if found.shape[0] != spec[self.strengths].shape[0]:
            raise ArgumentError(f"task {NAME}: {self.feature!r} and {self.strengths!r} have different frequencies.")
        if self.grid is not None and not self._has_matrices and tuple(found.shape[1:]) != self.grid.shape:
            raise ArgumentError(
                f"task {NAME}: {self.feature!r} has {found.shape[1:]} points, the grid {self.grid.shape}."
            )

    def input_shape(self, spec: ElementSpec) -> jax.ShapeDtypeStruct:
        """Return what a model takes of one item: (x, y, frequency) or (mic, mic, frequency)."""
        num_lines, *rest = spec[self.feature].shape
        return jax.ShapeDtypeStruct((*rest, num_lines), np.dtype("float32"))

    def output_shape(self, spec: ElementSpec) -> jax.ShapeDtypeStruct:
        """Return what a model gives of one item: (x, y, 1 + frequencies)."""
        *rest, num_lines = self.input_shape(spec).shape
        points = self._known_grid.shape if self._has_matrices else rest
        return jax.ShapeDtypeStruct((*points, 1 + num_lines), np.dtype("float32"))

    def inputs(self, batch: Batch) -> Float[Array, "batch first second freq"]:
        """Return scaled levels of the map, or of the matrix and with its signs."""
        ratios = jnp.moveaxis(batch[self.feature] / self._maximum(batch), 1, -1)
        if not self._has_matrices:
            return scaled_levels(ratios, self.dynamic_range)
        return jnp.sign(ratios) * scaled_levels(jnp.abs(ratios), self.dynamic_range)

    def loss(self, outputs: Any, batch: Batch) -> Float[Array, " batch"]:
        """Return the loss of each item."""
        values = _map_of(outputs)
        presence, nearest = self._targets(batch)
        of_presence = self._loss_of_presence(values[..., 0], presence)
        powers = jnp.take_along_axis(batch[self.strengths][..., None, None, :], nearest[:, None, ..., None], axis=-1)
        levels = level(jnp.moveaxis(powers[..., 0], 1, -1) / self._maximum(batch))
        true = 1 + jnp.clip(levels, -self.dynamic_range, self.dynamic_range) / self.dynamic_range
        weights = presence / jnp.maximum(presence.sum(axis=(1, 2), keepdims=True), 1e-6)
        differences = jnp.abs(values[..., 1:] - true).mean(axis=-1) * weights
        return of_presence + self.level_weight * differences.sum(axis=(1, 2))

    def _loss_of_presence(
        self, logits: Float[Array, "batch x y"], targets: Float[Array, "batch x y"]
    ) -> Float[Array, " batch"]:
        defaults = _OPTIONS_OF_LOSSES[self.presence_loss]
        given = {name: getattr(self, name) for name in defaults}
        options: dict[str, Any] = {
            name: default if given[name] is None else given[name] for name, default in defaults.items()
        }
        if self.presence_loss == "binary_cross_entropy":
            return binary_cross_entropy(logits, targets, **options)
        overlap = dice_loss if self.presence_loss == "dice" else tversky_loss
        return overlap(jax.nn.sigmoid(logits), targets, **options)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Localisation of sources, levels of those that were found, and level errors of the map."""
        return LocalisationMetrics(self._located, self.tolerance, "m", has_powers=True, has_maps=True).metrics()

    def predictions(self, outputs: Any, batch: Batch) -> dict[str, Array]:
        """Return presence and powers, Pa², at each point, (x, y) and (frequency, x, y)."""
        values = _map_of(outputs)
        levels = (jnp.moveaxis(values[..., 1:], -1, 1) - 1) * self.dynamic_range
        powers = self._maximum(batch) * 10 ** (jnp.clip(levels, -300, 300) / 10)
        return {"presence": jax.nn.sigmoid(values[..., 0]), "powers": powers}

    def draw(self, figure: Any, outputs: Any, batch: Batch) -> None:
        """Draw what the model takes, at the first frequency, and presence, with true sources and those found."""
        feature, presence = figure.subplots(1, 2)
        (item,) = self._located(outputs, batch)
        if self._has_matrices:
            draw_feature(feature, self.feature, np.asarray(batch[self.feature])[0], MATRIX_AXES)
        else:
            self._draw_map(feature, "input", np.asarray(self.inputs(batch))[0, ..., 0], item)
        self._draw_map(presence, "presence", np.asarray(self.predictions(outputs, batch)["presence"])[0], item)
        draw_predicted(presence, item, "white")

    def _draw_map(self, axis: Any, title: str, image: np.ndarray, item: Located) -> None:
        axis.imshow(image.T, origin="lower", extent=extent_of(self._known_grid), vmin=0, vmax=1)
        draw_true(axis, item)
        axis.set(title=title, xlabel="x / m", ylabel="y / m")

    @property
    def _has_matrices(self) -> bool:
        return self.feature == MATRICES

    @property
    def _known_grid(self) -> RectGrid:
        if self.grid is None:
            raise ArgumentError(f"task {NAME}: has no grid; use for_source(source).")
        return self.grid

    def _maximum(self, batch: Batch) -> Float[Array, "batch 1 1 1"]:
        largest = largest_of_matrices if self._has_matrices else largest_of_map
        return largest(jnp.asarray(batch[self.feature]))

    def _targets(self, batch: Batch) -> tuple[Float[Array, "batch x y"], Any]:
        """Return the target of presence at each point, and which source is nearest to it."""
        grid = self._known_grid
        x, y = (jnp.asarray(axis, jnp.float32) for axis in grid.axes)
        loc = batch["loc"]
        steps = (x[:, None, None] - loc[:, 0, None, None, :]) ** 2 + (y[:, None] - loc[:, 1, None, None, :]) ** 2
        squared = jnp.where(batch["source_mask"][:, None, None, :], steps, jnp.inf)
        width = self.spread * min(grid.steps)
        return jnp.exp(-squared.min(axis=-1) / (2 * width**2)), squared.argmin(axis=-1)

    def _located(self, outputs: Any, batch: Batch) -> Iterator[Located]:
        found = {name: np.asarray(array) for name, array in self.predictions(outputs, batch).items()}
        masks, places, strengths = (np.asarray(batch[name]) for name in ("source_mask", "loc", self.strengths))
        for row, (presence, powers) in enumerate(zip(found["presence"], found["powers"], strict=True)):
            at = peaks(presence, self.threshold, size=3)
            shown = np.zeros_like(powers)
            shown[:, *at.indices.T] = powers[:, *at.indices.T]
            mask = masks[row]
            yield Located(
                at.positions(self._known_grid)[:, :2],
                places[row][:2, mask].T,
                powers[:, *at.indices.T].T,
                strengths[row][:, mask].T,
                level_errors(shown, self._known_grid, places[row], strengths[row], mask, radius=self.sector_radius),
            )


def _map_of(outputs: Any) -> Float[Array, "batch x y channel"]:
    """Return the map that a model gives, by itself or among others by name."""
    return outputs["map"] if isinstance(outputs, Mapping) else outputs
