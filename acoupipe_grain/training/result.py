"""What a training gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.training.history import EpochRecord


@dataclass(frozen=True)
class Result:
    """What a training gives.

    Parameters
    ----------
    module
        The `flax.nnx.Module`, with the arrays of the best epoch, in evaluation mode.
    history
        The epochs, in order.
    best_epoch
        The number of the best one, from 1; None: what is monitored never was a number, and the module is as it was
        after the last.
    path
        The training's folder.
    """

    module: Any
    history: tuple[EpochRecord, ...]
    best_epoch: int | None
    path: Path
