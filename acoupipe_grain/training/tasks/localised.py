"""Metrics of sources that a model finds: localisation within a tolerance, and levels of those that were found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from acoupipe_grain.training.metrics import LocalisationCounts, localisation_counts, match, matched_level_error
from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.task import Batch, Metric


class Located(NamedTuple):
    """What is predicted of one item, and what is true.

    Attributes
    ----------
    predicted, true
        Positions, (P, d) and (T, d).
    predicted_powers, true_powers
        Pa², (P, F) and (T, F); None where there are none.
    """

    predicted: Float[np.ndarray, "predicted dim"]
    true: Float[np.ndarray, "true dim"]
    predicted_powers: Float[np.ndarray, "predicted freq"] | None = None
    true_powers: Float[np.ndarray, "true freq"] | None = None


Locate = Callable[[Any, Batch], Iterator[Located]]
"""What is found in, and true of, the items of a batch, given outputs and batch in NumPy arrays."""


@dataclass(frozen=True)
class LocalisationMetrics:
    """Metrics of found sources.

    Attributes
    ----------
    locate
        What is found.
    tolerance
        How far from a source it counts as found, in the unit of the positions.
    unit
        That unit.
    has_powers
        Whether levels are compared too.
    """

    locate: Locate
    tolerance: float
    unit: str
    has_powers: bool

    def metrics(self) -> Mapping[str, Metric]:
        """Return precision, recall, F1, mean distance and, of powers, mean absolute level error of the found."""
        of_counts = {
            "precision": (False, "1"),
            "recall": (False, "1"),
            "f1": (False, "1"),
            "error": (True, self.unit),
        }
        metrics = {
            f"localisation_{name}": Metric(partial(self._ratio, name), *properties)
            for name, properties in of_counts.items()
        }
        return metrics | ({"level_error": Metric(self._level_error, True, "dB")} if self.has_powers else {})

    def counts(self, outputs: Any, batch: Batch) -> LocalisationCounts:
        """Return what was found in a batch, and what was not."""
        total = LocalisationCounts(true_positives=0, false_positives=0, false_negatives=0, distance=0.0)
        for item in self.locate(outputs, batch):
            total += localisation_counts(item.predicted, item.true, self.tolerance)
        return total

    def _ratio(self, name: str, outputs: Any, batch: Batch) -> Accumulated:
        ratio: Accumulated = getattr(self.counts(outputs, batch), name)
        return ratio

    def _level_error(self, outputs: Any, batch: Batch) -> Accumulated:
        return Accumulated.total(
            matched_level_error(
                item.predicted_powers, item.true_powers, match(item.predicted, item.true, self.tolerance)
            )
            for item in self.locate(outputs, batch)
        )
