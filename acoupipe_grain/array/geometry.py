"""Microphone positions and what follows from them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import pdist

from acoupipe_grain.array.geometry_acoular import load_microphones


def default_microphones() -> Float[np.ndarray, "3 mic"]:
    """Return the 64-microphone Vogel spiral scaled to an aperture of 1 m, shape (3, 64)."""
    positions = load_microphones("tub_vogel64")
    return positions / aperture(positions)


def aperture(mic_positions: Float[np.ndarray, "3 mic"]) -> float:
    """Return the largest distance between two microphones, m."""
    return float(pdist(mic_positions.T).max())


def central_microphone(mic_positions: Float[np.ndarray, "3 mic"]) -> int:
    """Return the index of the microphone nearest the centroid, the lowest one on ties."""
    distances = np.linalg.norm(mic_positions - mic_positions.mean(axis=1, keepdims=True), axis=0)
    # Distances that differ by rounding only are ties.
    return int(np.argmax(distances <= distances.min() + 1e-9 * distances.max()))


def microphone_at(position: Float[np.ndarray, "3"], mic_positions: Float[np.ndarray, "3 mic"]) -> int | None:
    """Return the index of the microphone at a position, or None if there is none."""
    away = np.linalg.norm(mic_positions - position[:, None], axis=0)
    nearest = int(np.argmin(away))
    return nearest if away[nearest] <= 1e-6 else None


def distances(
    points: Float[np.ndarray, "3 point"], mic_positions: Float[np.ndarray, "3 mic"]
) -> Float[np.ndarray, "point mic"]:
    """Return the distance of every point from every microphone, m, shape (P, M)."""
    return np.linalg.norm(points[:, :, None] - mic_positions[:, None, :], axis=0)
