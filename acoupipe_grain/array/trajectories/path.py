"""Where one source is at any time."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Float


class Path(ABC):
    """A smooth path; immutable. At time 0, the recording's start, it is where the scene has the source.

    Times may be any real numbers: what is heard at the start was emitted a little earlier.
    """

    @property
    @abstractmethod
    def top_speed(self) -> float:
        """A speed that the path exceeds at no time, m/s."""

    @abstractmethod
    def positions(self, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "3 time"]:
        """Return the positions at the times (s), m, shape (3, n)."""

    @abstractmethod
    def velocities(self, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "3 time"]:
        """Return the velocities at the times (s), m/s, shape (3, n)."""

    def states(
        self, times: Float[np.ndarray, " time"]
    ) -> tuple[Float[np.ndarray, "3 time"], Float[np.ndarray, "3 time"]]:
        """Return positions and velocities, which may be faster than one after the other."""
        return self.positions(times), self.velocities(times)
