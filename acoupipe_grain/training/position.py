"""Where a training is: counters, and what the epoch came to so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acoupipe_grain.training.averages import Averages
from acoupipe_grain.training.history import EpochRecord


@dataclass
class Position:
    """Where a training is.

    Attributes
    ----------
    step
        Steps done.
    epoch
        Epochs finished.
    step_in_epoch
        Steps done of the next one.
    has_all_steps
        Whether these are all that it has, and only its validation is missing.
    batch_size
        Items of the largest batch so far.
    averages
        Over the items of these steps.
    history
        The epochs finished.
    """

    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    has_all_steps: bool = False
    batch_size: int = 0
    averages: Averages = field(default_factory=Averages)
    history: list[EpochRecord] = field(default_factory=list)

    def finish_epoch(self, record: EpochRecord) -> None:
        """Go on to the next epoch."""
        self.history.append(record)
        self.epoch += 1
        self.step_in_epoch = 0
        self.has_all_steps = False
        self.averages = Averages()

    def to_json(self) -> dict[str, Any]:
        """Return the position as a JSON mapping, except that it may hold NaN."""
        return {
            "step": self.step,
            "epoch": self.epoch,
            "step_in_epoch": self.step_in_epoch,
            "has_all_steps": self.has_all_steps,
            "batch_size": self.batch_size,
            "averages": self.averages.to_json(),
            "history": [record.to_json() for record in self.history],
        }

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> Position:
        """Rebuild a position from `to_json`."""
        counters = {name: mapping[name] for name in ("step", "epoch", "step_in_epoch", "batch_size")}
        history = [EpochRecord(**record) for record in mapping["history"]]
        return cls(
            **counters,
            has_all_steps=bool(mapping.get("has_all_steps")),  # which earlier versions did not write
            averages=Averages.from_json(mapping["averages"]),
            history=history,
        )
