"""How long steps take, and how much of that is waiting for data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Stopwatch:
    """Seconds of steps, since it was reset.

    Attributes
    ----------
    waiting
        From asking for a batch until it is on the devices, s.
    stepping
        From then until the new parameters are there, s.
    num_items
        Items of the batches.
    """

    waiting: float = 0.0
    stepping: float = 0.0
    num_items: int = 0

    def add(self, other: Stopwatch) -> None:
        """Add the times of other steps."""
        self.waiting += other.waiting
        self.stepping += other.stepping
        self.num_items += other.num_items

    @property
    def examples_per_second(self) -> float | None:
        """Items per second of waiting and stepping; None if nothing was timed."""
        total = self.waiting + self.stepping
        return self.num_items / total if total else None

    @property
    def data_wait(self) -> float | None:
        """The share of waiting, 0 ... 1; None if nothing was timed."""
        total = self.waiting + self.stepping
        return self.waiting / total if total else None

    def to_json(self) -> dict[str, float | None]:
        """Return rate and share as a JSON mapping."""
        return {"examples_per_second": self.examples_per_second, "data_wait": self.data_wait}
