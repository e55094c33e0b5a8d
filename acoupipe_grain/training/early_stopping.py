"""The best epoch so far, and when to stop waiting for a better one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Best:
    """The best epoch: its number from 1, the step at its end, and the value of what is monitored."""

    epoch: int
    step: int
    value: float


class EarlyStopping:
    """What is monitored, over the epochs.

    Parameters
    ----------
    smaller_is_better
        Whether a smaller value is the better one.
    patience
        So many epochs in a row without a better value are enough; None: they never are.
    """

    def __init__(self, smaller_is_better: bool, patience: int | None) -> None:
        self._smaller_is_better = smaller_is_better
        self._patience = patience
        self.best: Best | None = None

    def update(self, epoch: int, step: int, value: float) -> bool:
        """Take note of an epoch's value and say whether it is the best so far; NaN never is, nor is an equal one."""
        if math.isnan(value):
            return False
        if self.best is not None:
            is_better = value < self.best.value if self._smaller_is_better else value > self.best.value
            if not is_better:
                return False
        self.best = Best(epoch, step, value)
        return True

    def should_stop(self, epoch: int) -> bool:
        """Say whether enough epochs have passed since the best, `epoch` being the last."""
        since = epoch - (0 if self.best is None else self.best.epoch)
        return self._patience is not None and since >= self._patience

    def to_json(self) -> dict[str, Any] | None:
        """Return the best epoch as a JSON value."""
        return None if self.best is None else asdict(self.best)

    def restore(self, value: Mapping[str, Any] | None) -> None:
        """Go on from what `to_json` returned."""
        self.best = None if value is None else Best(**value)
