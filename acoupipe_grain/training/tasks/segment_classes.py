"""From spectra of labelled segments to their classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import ElementSpec
from acoupipe_grain.training.losses import categorical_cross_entropy
from acoupipe_grain.training.metrics import accuracy
from acoupipe_grain.training.task import Batch, Metric
from acoupipe_grain.training.tasks.element_arrays import required_array

NAME = "SegmentClasses"


@dataclass(frozen=True, kw_only=True)
class SegmentClasses:
    """The class of each segment of a recording, from its spectrum over time.

    Inputs are a feature with the axes channel, mel and frame, as (mel, frame, channel). Outputs are logits of the
    classes, in the order of the source's table ``labels``. Segments without a label (negative numbers) are left out of
    loss and metrics.

    Parameters
    ----------
    feature
        Array of elements that models take.
    classes
        Names of the classes; None: those of the source that the task is for.

    Raises
    ------
    ArgumentError
        If a value has the wrong type.
    """

    feature: str = "mel_spectrum"
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.feature, str):
            raise ArgumentError(f"feature={self.feature!r}: expected the name of an array of the elements.")
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(self.classes))

    @property
    def takes_logits(self) -> bool:
        """Whether outputs are logits."""
        return True

    def for_source(self, source: Any, spec: ElementSpec) -> SegmentClasses:
        """Return the task with the classes of a source; raises if batches, without the first axis, lack something."""
        names = self.classes or tuple(getattr(source, "tables", {}).get("labels", ()))
        if not names:
            raise ArgumentError(f"task {NAME}: {source!r} has no table of labels; give the source labels.")
        task = replace(self, classes=names)
        task.check(spec)
        return task

    def check(self, spec: ElementSpec) -> None:
        """Raise `ArgumentError` if elements lack what is needed."""
        required_array(NAME, spec, self.feature, ("channel", "mel", "frame"))
        required_array(NAME, spec, "label", ())

    def input_shape(self, spec: ElementSpec) -> jax.ShapeDtypeStruct:
        """Return what a model takes of one item: (mel, frame, channel)."""
        num_channels, *rest = spec[self.feature].shape
        return jax.ShapeDtypeStruct((*rest, num_channels), np.dtype("float32"))

    def output_shape(self, spec: ElementSpec) -> jax.ShapeDtypeStruct:
        """Return what a model gives of one item: (class,)."""
        del spec
        return jax.ShapeDtypeStruct((len(self.classes or ()),), np.dtype("float32"))

    def inputs(self, batch: Batch) -> Float[Array, "batch mel frame channel"]:
        """Return the spectra with the channels last."""
        return jnp.moveaxis(jnp.asarray(batch[self.feature]), 1, -1)

    def loss(self, outputs: Float[Array, "batch class"], batch: Batch) -> Float[Array, " batch"]:
        """Return the cross-entropy of each item."""
        return categorical_cross_entropy(outputs, jnp.asarray(batch["label"]))

    def weights(self, batch: Batch) -> Float[Array, " batch"]:
        """Return 1 for items with a label, 0 for the others."""
        return (jnp.asarray(batch["label"]) >= 0).astype(jnp.float32)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Share of segments whose class is right."""
        return {"accuracy": Metric(self._accuracy, smaller_is_better=False)}

    def predictions(self, outputs: Any, batch: Batch) -> dict[str, Array]:
        """Return the probability of each class."""
        del batch
        return {"probability": jax.nn.softmax(outputs)}

    def draw(self, figure: Any, outputs: Any, batch: Batch) -> None:
        """Draw the spectrum and the probabilities of the classes."""
        spectrum, bars = figure.subplots(1, 2)
        names = self.classes or ()
        label = int(np.asarray(batch["label"])[0])
        spectrum.imshow(np.asarray(batch[self.feature])[0, 0], origin="lower", aspect="auto", cmap="magma")
        spectrum.set(xlabel="frame", ylabel="mel band", title=names[label] if label >= 0 else "no label")
        bars.barh(names, np.asarray(self.predictions(outputs, batch)["probability"])[0])
        bars.set(xlabel="probability", xlim=(0, 1))

    def _accuracy(self, outputs: Any, batch: Batch) -> tuple[float, int]:
        return accuracy(np.asarray(outputs), np.asarray(batch["label"]))
