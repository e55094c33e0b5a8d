"""Responses in SOFA files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from acoupipe_grain.array.responses.hdf5_arrays import Hdf5Array
from acoupipe_grain.array.responses.stored_responses import StoredResponses


@dataclass(frozen=True, eq=False)
class SofaResponses(StoredResponses):
    """Responses of measurements with one emitter or several, each later by its own delay.

    Attributes
    ----------
    array
        Shape (measurements, M, N), or (measurements, M, N, emitters).
    delays
        Samples, from 0 on, shape (measurements, M, emitters).
    """

    array: Hdf5Array
    delays: Int[np.ndarray, "measurement mic emitter"]

    @property
    def shape(self) -> tuple[int, int, int]:  # type: ignore[override]
        """Numbers of sources, microphones and taps: emitters of one measurement are successive sources."""
        measurements, mics, emitters = self.delays.shape
        return measurements * emitters, mics, self.array.shape[2] + int(self.delays.max(initial=0))

    def read(self, indices: Int[np.ndarray, " source"]) -> Float32[np.ndarray, "source mic tap"]:
        """Return the responses of sources, a C-contiguous copy."""
        _, mics, taps = self.shape
        length, emitters = self.array.shape[2], self.delays.shape[2]
        responses = np.zeros((len(indices), mics, taps), dtype=np.float32)
        with np.errstate(over="ignore"):
            for row, index in enumerate(indices.tolist()):
                measurement, emitter = divmod(index, emitters)
                chosen = (measurement,) if len(self.array.shape) == 3 else (measurement, ..., emitter)
                of_mics = self.array[chosen]
                for mic, delay in enumerate(self.delays[measurement, :, emitter].tolist()):
                    responses[row, mic, delay : delay + length] = of_mics[mic]
        return responses

    def given_back(self) -> SofaResponses:
        """Return the same responses, with no part of the file mapped."""
        return SofaResponses(self.array.mapped_anew(), self.delays)
