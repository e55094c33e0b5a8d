"""Where impulse responses are kept: in memory or in a file, of which only what is asked for is read."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from acoupipe_grain.errors import DataError

BLOCK_BYTES = 1 << 23
"""About as much of the responses as is held at once when all are passed through."""


class StoredResponses(ABC):
    """Impulse responses from sources to microphones: picklable, and read by any number of threads.

    Attributes
    ----------
    shape
        Numbers of sources, microphones and taps.
    """

    shape: tuple[int, int, int]

    @abstractmethod
    def read(self, indices: Int[np.ndarray, " source"]) -> Float32[np.ndarray, "source mic tap"]:
        """Return the responses of sources, a C-contiguous copy, shape (len(indices), M, taps); maybe not finite.

        Raises
        ------
        DataError
            If they cannot be read.
        """

    def blocks(self) -> Iterator[tuple[int, Float32[np.ndarray, "source mic tap"]]]:
        """Yield all responses in order, a few sources at a time, and the index of the first of them."""
        sources, mics, taps = self.shape
        size = max(1, BLOCK_BYTES // (4 * mics * taps))
        for start in range(0, sources, size):
            yield start, self.given_back().read(np.arange(start, min(start + size, sources)))

    def given_back(self) -> StoredResponses:
        """Return the same responses, with nothing kept of what has been read."""
        return self


@dataclass(frozen=True, eq=False)
class ResponsesInMemory(StoredResponses):
    """Responses as an array.

    Attributes
    ----------
    responses
        Shape (S, M, taps).
    """

    responses: Float32[np.ndarray, "source mic tap"]

    @property
    def shape(self) -> tuple[int, int, int]:  # type: ignore[override]
        """Numbers of sources, microphones and taps."""
        sources, mics, taps = self.responses.shape
        return sources, mics, taps

    def read(self, indices: Int[np.ndarray, " source"]) -> Float32[np.ndarray, "source mic tap"]:
        """Return the responses of sources, a C-contiguous copy."""
        return self.responses[indices]


def in_single_precision(array: np.ndarray) -> np.ndarray:
    """Return a C-contiguous copy in single precision; what is too large for it becomes infinite."""
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float32, order="C")


def require_finite(responses: Float32[np.ndarray, "source mic tap"], indices: Int[np.ndarray, " source"]) -> None:
    """Raise `DataError` if a response is not finite in single precision; the message says which.

    Parameters
    ----------
    responses
        Shape (n, M, taps).
    indices
        Of the sources that they are from, shape (n,).
    """
    # A sum of squares that is finite has finite terms. Unlike other products of NumPy, this one does not warn when it
    # is not, which it may be without any wrong term.
    if math.isfinite(np.vdot(responses, responses)):
        return
    if (wrong := np.argwhere(~np.isfinite(responses))).size:
        row, mic, tap = wrong[0].tolist()
        raise DataError(
            f"the response of source {int(indices[row])} to microphone {mic} is {responses[row, mic, tap]} at tap "
            f"{tap}; expected finite numbers of single precision."
        )
