"""Metrics of sources that a model finds: localisation within a tolerance and without, and levels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from acoupipe_grain.training.metrics import (
    LevelErrors,
    LocalisationCounts,
    LocationScores,
    localisation_counts,
    match,
    matched_level_error,
    position_scores,
)
from acoupipe_grain.training.metrics.accumulated import Accumulated
from acoupipe_grain.training.task import Batch, Metric
from acoupipe_grain.training.tasks.one_pass import OnePass

_NOTHING = Accumulated(0.0, 0)


class Located(NamedTuple):
    """What is predicted of one item, and what is true.

    Attributes
    ----------
    predicted, true
        Positions, (P, d) and (T, d).
    predicted_powers, true_powers
        Pa², (P, F) and (T, F); None where there are none.
    level_errors
        Of the item's map; None where there is none.
    """

    predicted: Float[np.ndarray, "predicted dim"]
    true: Float[np.ndarray, "true dim"]
    predicted_powers: Float[np.ndarray, "predicted freq"] | None = None
    true_powers: Float[np.ndarray, "true freq"] | None = None
    level_errors: LevelErrors | None = None


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
    has_maps
        Whether the level errors of maps are, too.
    """

    locate: Locate
    tolerance: float
    unit: str
    has_powers: bool
    has_maps: bool = False

    def metrics(self) -> Mapping[str, Metric]:
        """Return the metrics by name.

        They are precision, recall, F1 and mean distance within the tolerance; location error and recall as the DCASE
        challenge scores them (`position_scores`), without one; of powers the mean absolute level error of the found; of
        maps the mean absolute specific, overall and inverse level errors. Batches are gone through once for all.
        """
        properties = {
            **{f"localisation_{name}": (False, "1") for name in ("precision", "recall", "f1")},
            "localisation_error": (True, self.unit),
            "location_error": (True, self.unit),
            "location_recall": (False, "1"),
            **({"level_error": (True, "dB")} if self.has_powers else {}),
            **({f"{name}_level_error": (True, "dB") for name in _MAP_ERRORS} if self.has_maps else {}),
        }
        at_once = OnePass(self.sums)
        return {name: Metric(at_once.function(name), *found) for name, found in properties.items()}

    def sums(self, outputs: Any, batch: Batch) -> dict[str, Accumulated]:
        """Return what each metric adds up to over a batch."""
        items = list(self.locate(outputs, batch))
        counts = LocalisationCounts(true_positives=0, false_positives=0, false_negatives=0, distance=0.0)
        scores = LocationScores(error=_NOTHING, recall=_NOTHING)
        for item in items:
            counts += localisation_counts(item.predicted, item.true, self.tolerance)
            scores += position_scores(item.predicted, item.true)
        return {
            **{f"localisation_{name}": getattr(counts, name) for name in ("precision", "recall", "f1", "error")},
            **{f"location_{name}": getattr(scores, name) for name in ("error", "recall")},
            **({"level_error": self._level_error(items)} if self.has_powers else {}),
            **(_map_errors(items) if self.has_maps else {}),
        }

    def _level_error(self, items: list[Located]) -> Accumulated:
        return Accumulated.total(
            matched_level_error(
                item.predicted_powers, item.true_powers, match(item.predicted, item.true, self.tolerance)
            )
            for item in items
        )


_MAP_ERRORS = ("specific", "overall", "inverse")


def _map_errors(items: list[Located]) -> dict[str, Accumulated]:
    return {
        f"{name}_level_error": Accumulated.total(
            getattr(item.level_errors, f"mean_{name}") for item in items if item.level_errors is not None
        )
        for name in _MAP_ERRORS
    }
