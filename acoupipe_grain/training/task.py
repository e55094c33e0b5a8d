"""What the training loop has to know about a task, and metrics that know which of two values is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Batch = Mapping[str, Any]
"""Arrays by name, the items along the first axis."""


class Task(Protocol):
    """What is learned: how a loader's batch becomes a model's input, and how outputs are judged.

    Optional attributes:

    ``weights(batch)``
        How much each item counts in the loss, (batch,) float32, at least 0; 0: not at all. Pure and jittable. The loss
        of a batch is then Σ w l / Σ w, that of an epoch likewise over all its batches; 0 and NaN if all weights are 0.
        The losses must be finite all the same. Without it all items count alike.
    ``takes_logits``
        Whether outputs are logits, or other numbers that an activation of the output would spoil; without it they may
        be anything.
    ``draw(figure, outputs, batch)``
        Draws the inputs, labels and predictions of a single item into a `matplotlib.figure.Figure`; the arrays are
        NumPy's, with a first axis of size 1.
    ``animate(figure, outputs, batch)``
        Draws the first frame of a single item likewise, and returns a function that draws the frame of a number, and
        how many there are; None if nothing moves.

    Tasks are frozen dataclasses; their fields are compared when a training goes on, as JSON values, by their
    ``to_json`` or by their repr.
    """

    @property
    def metrics(self) -> Mapping[str, Callable[[Any, Batch], tuple[float, float]]]:
        """Functions (outputs, batch) → (sum, count) of NumPy arrays; sums over sums of counts are the metrics.

        Those that can be monitored are `Metric` objects, or else have an attribute ``smaller_is_better``.
        """
        ...

    def inputs(self, batch: Batch) -> Any:
        """Return what the model takes; pure and jittable."""
        ...

    def loss(self, outputs: Any, batch: Batch) -> Any:
        """Return the loss of each item, (batch,) float32; pure and jittable."""
        ...


@dataclass(frozen=True)
class Metric:
    """A metric, which of two values is better, and its unit.

    Parameters
    ----------
    function
        (outputs, batch) → (sum, count), both of NumPy arrays.
    smaller_is_better
        True of errors, false of scores.
    unit
        Unit of its values, "1" if they have none.
    """

    function: Callable[[Any, Batch], tuple[float, float]]
    smaller_is_better: bool
    unit: str = "1"

    def __call__(self, outputs: Any, batch: Batch) -> tuple[float, float]:
        """Return the sum over a batch and what it has to be divided by."""
        return self.function(outputs, batch)
