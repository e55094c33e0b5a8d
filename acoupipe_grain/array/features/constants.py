"""Large constants of features: computed once on the host in double precision, passed as arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.steering import canonical_formulation, steering_vectors, transfer_vectors


@dataclass(frozen=True)
class Constant:
    """How to build an array, and its shape without building it.

    Both take ``(setup, bands, *, options...)``; `build` returns a complex64 array, `shape` also checks the options.
    """

    build: Callable[..., np.ndarray]
    shape: Callable[..., tuple[int, ...]]


def build_steering(
    setup: MeasurementSetup, bands: Bands, *, steering: Any = None
) -> Complex[np.ndarray, "line point mic"]:
    """Return the steering vectors of every line, grid point and nominal microphone."""
    points = setup.grid.positions
    wavenumbers = 2 * np.pi * setup.bin_frequencies[bands.lines] / setup.speed_of_sound
    vectors = np.empty((bands.lines.size, points.shape[1], setup.num_mics), dtype=np.complex64)
    for line, wavenumber in enumerate(wavenumbers):
        transfer = transfer_vectors(points, setup.mic_positions, setup.reference, np.array([wavenumber]))[0]
        vectors[line] = steering_vectors(transfer, steering)
    return vectors


def steering_shape(setup: MeasurementSetup, bands: Bands, *, steering: Any = None) -> tuple[int, int, int]:
    """Return the shape of `build_steering`'s array; an unknown formulation is refused."""
    canonical_formulation(steering)
    return bands.lines.size, setup.grid.size, setup.num_mics


CONSTANTS = {"steering": Constant(build_steering, steering_shape)}
"""Constants by the parameter name under which features take them."""
