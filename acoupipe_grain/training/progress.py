"""The display of a training on a terminal: a bar for each epoch, and a line for what it came to."""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 30.0
"""In a log file, where every update is a line of its own."""


class EpochBar:
    """A progress bar over the steps of an epoch.

    Parameters
    ----------
    epoch, num_epochs
        Its number from 1, and how many there are at most.
    num_steps
        How many it has; None: not known.
    num_done
        How many were done before.
    is_shown
        Whether to show it at all.
    """

    def __init__(self, epoch: int, num_epochs: int, num_steps: int | None, num_done: int, is_shown: bool) -> None:
        self._bar = tqdm(
            total=num_steps,
            initial=num_done,
            unit="step",
            desc=f"epoch {epoch}/{num_epochs}",
            disable=not is_shown,
            leave=False,
            mininterval=0.1 if sys.stderr.isatty() else _SECONDS_BETWEEN_LINES,
        )

    def __enter__(self) -> EpochBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def add(self, loss: float) -> None:
        """Count a step, and show the loss of its batch."""
        self._bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
        self._bar.update(1)


def say(text: str, is_shown: bool) -> None:
    """Print a line beside the bars."""
    if is_shown:
        tqdm.write(text, file=sys.stderr)
