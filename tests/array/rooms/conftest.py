"""A small array in front of a grid, its scenes, and transfer functions calculated independently."""

import numpy as np
import pytest

import acoupipe_grain as apg


@pytest.fixture(scope="session")
def room_setup():
    """Four microphones and a grid 0.6 m away, 28 samples of 16 kHz at 343 m/s."""
    mics = np.array([[0.0, 0.2, -0.15, 0.05], [0.0, 0.1, 0.2, -0.25], [0.0, 0.02, 0.0, -0.03]])
    grid = apg.RectGrid(-0.4, 0.4, -0.3, 0.3, 0.6, 0.1)
    return apg.MeasurementSetup(mics, grid, sample_rate=16000.0)


@pytest.fixture(scope="session")
def room_scenes(room_setup):
    return apg.SceneSource(2000, seed=4, setup=room_setup, max_nsources=3, mic_pos_noise=False)


@pytest.fixture(scope="session")
def transfer():
    """Return a function for the transfer function of a response at frequencies (Hz)."""

    def of_response(response, frequencies, sample_rate):
        phases = 2 * np.pi * np.outer(np.arange(response.shape[-1]), frequencies) / sample_rate
        return response.astype(np.float64) @ np.exp(-1j * phases)

    return of_response


@pytest.fixture(scope="session")
def free_field():
    """Return a function for e^{−jωr/c}/r from points (3, J) to points (3, M) at frequencies (Hz)."""

    def between(sources, mics, frequencies, speed_of_sound):
        distances = np.linalg.norm(sources[:, :, None] - mics[:, None, :], axis=0)[..., None]
        return np.exp(-2j * np.pi * frequencies * distances / speed_of_sound) / distances

    return between
