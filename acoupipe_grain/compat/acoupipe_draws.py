"""The random draws behind AcouPipe's data sets, in double precision as they are there.

Each quantity has a generator ``default_rng(offset + key·10⁷ + index)``; the offset stands for the split, the key for
the quantity. Read from AcouPipe's sources (May 2025) and checked against its numbers.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.locations import LOCATION_DEVIATION
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError

OFFSETS = {"training": 0, "validation": 10**12}
"""Added to every seed of a split; that of AcouPipe's test split, 10²¹, is beyond 64 bits."""

KEY_STRIDE = 10**7
"""Seeds from one quantity to the next; from this many records on they would repeat each other."""

MAX_REDRAWS = 100_000

NUM_SOURCES, MIC_POSITIONS, SIGNAL_SEED, STRENGTHS, POSITIONS, NOISE_RATIO, SIGNAL_LENGTH = range(7)


def generator(split: str, quantity: int, index: int) -> np.random.Generator:
    """Return the generator of one quantity of one record."""
    return np.random.default_rng(OFFSETS[split] + quantity * KEY_STRIDE + index)


def num_sources(rng: np.random.Generator, minimum: int, maximum: int) -> int:
    """Return 1 + Poisson(3), redrawn until it lies within the limits; `maximum` where there is no choice."""
    if minimum == maximum:
        return maximum
    for _ in range(MAX_REDRAWS):
        if minimum <= (count := 1 + int(rng.poisson(3))) <= maximum:
            return count
    raise ArgumentError(
        f"min_nsources={minimum}, max_nsources={maximum}: 1 + Poisson(3) was outside {MAX_REDRAWS} times; AcouPipe "
        "would go on drawing. Choose limits around 4, or equal ones."
    )


def mic_positions(rng: np.random.Generator, nominal: Float[np.ndarray, "3 mic"]) -> Float[np.ndarray, "3 mic"]:
    """Return the microphones, displaced by 1 mm (standard deviation) in x and y, m."""
    displaced = nominal.copy()
    displaced[:2] += rng.normal(0, 0.001, (nominal.shape[1], 2)).T
    return displaced


def signal_seed(rng: np.random.Generator) -> int:
    """Return the seed of the record's waveforms."""
    return int(rng.uniform(1, 1e9))


def strengths(rng: np.random.Generator, maximum: int, count: int) -> Float[np.ndarray, " source"]:
    """Return the sources' powers at the reference position, Pa²; as many are drawn as there may be."""
    return rng.rayleigh(5, maximum)[:count]


def positions(
    rng: np.random.Generator, setup: MeasurementSetup, count: int, snap_to_grid: bool
) -> Float[np.ndarray, "3 source"]:
    """Return source positions, m: x and then y of one source after the other, redrawn beyond half an aperture.

    Snapped ones move to the nearest grid point, from wherever they are, and may share it.
    """
    deviation, limit = LOCATION_DEVIATION * setup.aperture, np.inf if snap_to_grid else setup.aperture / 2
    points = np.full((3, count), setup.grid.z)
    for number in range(count):
        points[:2, number] = rng.normal(0, deviation, 2)
        while np.abs(points[:2, number]).max() > limit:  # less than one in a hundred
            points[:2, number] = rng.normal(0, deviation, 2)
    if not snap_to_grid:
        return points
    places = setup.grid.positions
    distances = np.linalg.norm(points[:, :, None] - places[:, None, :], axis=0)
    return places[:, distances.argmin(axis=1)]


def noise_ratio(rng: np.random.Generator) -> float:
    """Return the sensor noise's power over that of all sources."""
    return rng.uniform(1e-5, 0.1)


def signal_length(rng: np.random.Generator) -> float:
    """Return the length of the recording, s."""
    return rng.uniform(1, 10)
