"""Large constants of features: computed once on the host in double precision, passed as arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.arrival_spectra import kernel_table, kernel_table_shape
from acoupipe_grain.array.steering import canonical_formulation, steering_vectors, transfer_vectors


@dataclass(frozen=True)
class Constant:
    """How to build an array, and its shape without building it.

    Both functions take ``(setup, bands, *, options...)``; `build` returns an array of the `dtype`, `shape` also checks
    the options.
    """

    build: Callable[..., np.ndarray]
    shape: Callable[..., tuple[int, ...]]
    dtype: str


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


def build_map_weights(
    setup: MeasurementSetup, bands: Bands, *, steering: Any = None
) -> Float[np.ndarray, "line element point"]:
    """Return what hᴴ C h weighs the M² real numbers of ``csmtriu`` with, for every line and grid point.

    abs(h_i)² at [i, i], 2 Re(h_i* h_j) at [i, j] and −2 Im(h_i* h_j) at [j, i], i < j.
    """
    shape = map_weights_shape(setup, bands, steering=steering)
    weights = np.empty(shape, dtype=np.float32)
    num_mics = setup.num_mics
    upper = np.triu(np.ones((num_mics, num_mics), dtype=bool), 1)
    for line, vectors in enumerate(build_steering(setup, bands, steering=steering)):
        for first in range(0, len(vectors), 256):  # points at a time: the products are in double precision
            some = vectors[first : first + 256].astype(np.complex128)
            products = some.conj()[:, :, None] * some[:, None, :]
            packed = np.where(upper, 2 * products.real, 0) - np.where(upper, 2 * products.imag, 0).swapaxes(1, 2)
            packed[:, range(num_mics), range(num_mics)] = np.abs(some) ** 2
            weights[line, :, first : first + 256] = packed.reshape(len(some), -1).T
    return weights


def map_weights_shape(setup: MeasurementSetup, bands: Bands, *, steering: Any = None) -> tuple[int, int, int]:
    """Return the shape of `build_map_weights`'s array; an unknown formulation is refused."""
    num_lines, num_points, num_mics = steering_shape(setup, bands, steering=steering)
    return num_lines, num_mics**2, num_points


def build_arrival_kernels(setup: MeasurementSetup, bands: Bands) -> Complex[np.ndarray, "line phase place"]:
    """Return the kernels that make block spectra of delayed sources, tabulated."""
    return kernel_table(setup, bands.lines)


def arrival_kernels_shape(setup: MeasurementSetup, bands: Bands) -> tuple[int, int, int]:
    """Return the shape of `build_arrival_kernels`'s array."""
    return kernel_table_shape(setup, bands.lines)


CONSTANTS = {
    "arrival_kernels": Constant(build_arrival_kernels, arrival_kernels_shape, "complex64"),
    "steering": Constant(build_steering, steering_shape, "complex64"),
    "map_weights": Constant(build_map_weights, map_weights_shape, "float32"),
}
"""Constants by the parameter name under which features take them."""
