"""From frames of point spreads to where the scatterers are: super-resolution, still, moving, or as tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import ElementSpec
from acoupipe_grain.training.losses import binary_cross_entropy, mean_squared_error
from acoupipe_grain.training.metrics import peaks
from acoupipe_grain.training.task import Batch, Metric
from acoupipe_grain.training.tasks.element_arrays import required_array
from acoupipe_grain.training.tasks.localised import LocalisationMetrics, Located

NAME = "ScattererFrames"
Loss = Literal["mean_squared_error", "binary_cross_entropy"]
SMALLEST_SHARE = 0.2
"""Of the largest value of an item's label, that a scatterer has in it: a pixel of 1 has 1/4 if it lies between four."""


@dataclass(frozen=True, kw_only=True)
class ScattererFrames:
    """Labels of frames predicted from data: narrow point spreads, single pixels or tracks.

    Inputs are ``data``, (x, y, channel) or (x, y, frame, channel) with one channel; outputs are ``label`` likewise. Its
    axes x and y may be fewer pixels than those of the data. With labels of tracks, (x, y), sequences are summarised.

    Scatterers are found at peaks of the output above `threshold` in windows of 5×5 pixels, and compared with peaks of
    the label above 0.2 of its largest value over all frames: in pixels of the label, in each frame by itself.
    Neighbouring pixels of one value are one peak.

    Parameters
    ----------
    loss_function
        "mean_squared_error" of the output, or "binary_cross_entropy" of its logits.
    positive_weight
        Of "binary_cross_entropy" only: weight of what is present. None: 1.
    threshold
        Value from which on a peak is a scatterer; of logits, their probability, below 1. A mean over r×r pixels leaves
        1/r² of a label's single ones: choose it likewise, or bring labels to 0 ... 1.
    tolerance
        Distance within which a scatterer counts as found, pixels.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or would have no effect.
    """

    loss_function: Loss = "mean_squared_error"
    positive_weight: float | None = None
    threshold: float = 0.5
    tolerance: float = 1.5

    def __post_init__(self) -> None:
        arguments.choice("loss_function", self.loss_function, get_args(Loss))
        arguments.number("threshold", self.threshold, above=0, below=1 if self.takes_logits else None)
        arguments.number("tolerance", self.tolerance, above=0)
        if self.positive_weight is not None:
            arguments.number("positive_weight", self.positive_weight, above=0)
            if not self.takes_logits:
                raise ArgumentError(
                    f"positive_weight={self.positive_weight!r}: loss_function={self.loss_function!r} has none; "
                    "leave it out."
                )

    @property
    def takes_logits(self) -> bool:
        """Whether outputs are logits, which an activation would spoil."""
        return self.loss_function == "binary_cross_entropy"

    def for_source(self, source: Any, spec: ElementSpec) -> ScattererFrames:
        """Return the task; raises if batches, without the first axis, lack something."""
        del source  # nothing of it is needed
        self.check(spec)
        return self

    def check(self, spec: ElementSpec) -> None:
        """Raise `ArgumentError` if elements lack what is needed."""
        for name in ("data", "label"):
            found = required_array(NAME, spec, name)
            if len(found.shape) not in (2, 3):
                raise ArgumentError(f"task {NAME}: {name!r} has the shape {found.shape}; expected (x, y[, frame]).")

    def input_shape(self, spec: ElementSpec) -> jax.ShapeDtypeStruct:
        """Return what a model takes of one item."""
        return jax.ShapeDtypeStruct((*spec["data"].shape, 1), np.dtype("float32"))

    def output_shape(self, spec: ElementSpec) -> jax.ShapeDtypeStruct:
        """Return what a model gives of one item."""
        return jax.ShapeDtypeStruct((*spec["label"].shape, 1), np.dtype("float32"))

    def inputs(self, batch: Batch) -> Float[Array, "batch x y ..."]:
        """Return the data with one channel."""
        return jnp.asarray(batch["data"])[..., None]

    def loss(self, outputs: Float[Array, "batch x y ..."], batch: Batch) -> Float[Array, " batch"]:
        """Return the loss of each item."""
        predicted = outputs[..., 0]
        if not self.takes_logits:
            return mean_squared_error(predicted, batch["label"])
        return binary_cross_entropy(predicted, batch["label"], positive_weight=self.positive_weight or 1.0)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Localisation of scatterers."""
        return LocalisationMetrics(self._located, self.tolerance, "px", has_powers=False).metrics()

    def predictions(self, outputs: Any, batch: Batch) -> dict[str, Array]:
        """Return what is predicted for the label."""
        del batch
        values = outputs[..., 0]
        return {"label": jax.nn.sigmoid(values) if self.takes_logits else jnp.asarray(values)}

    def draw(self, figure: Any, outputs: Any, batch: Batch) -> None:
        """Draw data, label and prediction; of sequences the largest values over frames."""
        for axis, (title, image) in zip(figure.subplots(1, 3), self._shown(outputs, batch), strict=True):
            axis.imshow((image if image.ndim == 2 else image.max(axis=-1)).T, origin="lower")
            axis.set(title=title, xlabel="x / px", ylabel="y / px")

    def animate(self, figure: Any, outputs: Any, batch: Batch) -> tuple[Callable[[int], list[Any]], int] | None:
        """Draw the frames of sequences one after the other; a summary of them stays as it is."""
        shown = self._shown(outputs, batch)
        num_frames = max(image.shape[-1] if image.ndim == 3 else 1 for _, image in shown)
        if num_frames == 1:
            return None
        drawn = []
        for axis, (title, image) in zip(figure.subplots(1, 3), shown, strict=True):
            frames = image if image.ndim == 3 else image[..., np.newaxis]
            picture = axis.imshow(frames[..., 0].T, origin="lower", vmin=frames.min(), vmax=frames.max())
            axis.set(title=title, xlabel="x / px", ylabel="y / px")
            drawn.append((picture, frames))

        def draw(number: int) -> list[Any]:
            for picture, frames in drawn:
                picture.set_data(frames[..., min(number, frames.shape[-1] - 1)].T)
            return [picture for picture, _ in drawn]

        return draw, num_frames

    def _shown(self, outputs: Any, batch: Batch) -> list[tuple[str, np.ndarray]]:
        predicted = self.predictions(outputs, batch)["label"]
        images = {"data": batch["data"], "label": batch["label"], "prediction": predicted}
        return [(title, np.asarray(image)[0]) for title, image in images.items()]

    def _located(self, outputs: Any, batch: Batch) -> Iterator[Located]:
        predicted, labels = (np.asarray(array) for array in (self.predictions(outputs, batch)["label"], batch["label"]))
        for item, label in zip(predicted, labels, strict=True):
            smallest = SMALLEST_SHARE * float(label.max())
            for found, true in zip(_frames(item), _frames(label), strict=True):
                yield Located(
                    peaks(found, self.threshold).indices.astype(float), peaks(true, smallest).indices.astype(float)
                )


def _frames(item: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the single images (x, y) of an item (x, y) or (x, y, frame)."""
    yield from (item,) if item.ndim == 2 else np.moveaxis(item, -1, 0)
