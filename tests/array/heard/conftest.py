"""Responses of a small reverberant room that is no room, and of free field."""

import numpy as np
import pytest

from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses

SAMPLE_RATE = 8000.0
MICS = np.array([[0.31, -0.42, 0.05, -0.02, 0.44], [0.27, 0.16, -0.39, 0.02, -0.44], [0.0, 0.0, 0.0, 0.0, 0.0]])
GRID = RectGrid(-0.4, 0.4, -0.4, 0.4, 0.6, 0.2)


@pytest.fixture(scope="session")
def reverberant():
    """Decaying noise from 5x5 points to 5 microphones, longer than any block; the 4th microphone is the reference."""
    rng = np.random.default_rng(1)
    taps = np.arange(300)
    responses = rng.standard_normal((25, 5, taps.size)) * np.exp(-taps / 60)
    responses[..., :20] = 0
    responses *= rng.uniform(0.1, 3.0, (25, 1, 1))
    return ImpulseResponses.from_arrays(
        responses.astype(np.float32), GRID.positions, MICS, sample_rate=SAMPLE_RATE, speed_of_sound=343.0
    )


def free_field_responses(points, mics, sample_rate, speed_of_sound, half=2000, beta=8.0):
    """Return 1/r and r/c as delays of any fraction of a sample: a sinc, windowed so widely that it ends at Nyquist."""
    distances = np.linalg.norm(points[:, :, None] - mics[:, None, :], axis=0)
    delays = distances / speed_of_sound * sample_rate + half
    taps = np.arange(int(np.ceil(delays.max())) + half)
    away = taps - delays[..., None]
    inside = np.abs(away) < half
    window = np.where(inside, np.i0(beta * np.sqrt(np.clip(1 - (away / half) ** 2, 0, 1))) / np.i0(beta), 0)
    return (np.sinc(away) * window / distances[..., None]).astype(np.float32)


@pytest.fixture(scope="session")
def free_field():
    """3x3 points, corners among them, and 8 microphones, some of them nearer to the points than the reference."""
    rng = np.random.default_rng(2)
    mics = np.concatenate([rng.uniform(-0.5, 0.5, (2, 8)), np.zeros((1, 8))])
    grid = RectGrid(-0.5, 0.5, -0.5, 0.5, 0.5, 0.5)
    responses = free_field_responses(grid.positions, mics, 13720.0, 343.0)
    return ImpulseResponses.from_arrays(responses, grid.positions, mics, sample_rate=13720.0, speed_of_sound=343.0)
