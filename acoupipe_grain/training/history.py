"""What the epochs of a training came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """Averages of one epoch.

    Parameters
    ----------
    epoch
        Its number, from 1.
    step
        Steps done at its end.
    learning_rate
        That of its last step.
    training
        Averages over the items of the training batches by name: "loss", and metrics if asked for. Each step's are of
        the parameters before it.
    validation
        Averages over all items of the validation data: "loss", and every metric; NaN where nothing was counted.
    """

    epoch: int
    step: int
    learning_rate: float
    training: Mapping[str, float]
    validation: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON mapping, except that it may hold NaN."""
        return asdict(self)
