"""Emission times and what the reference position hears of each block."""

import numpy as np
import pytest

from acoupipe_grain.array.simulate.emission import block_positions, emission_times
from acoupipe_grain.array.trajectories import CircularPath, LinearPath
from acoupipe_grain.array.trajectories.function import interpolated

SOUND = 343.0
RECEIVERS = np.random.default_rng(1).uniform(-0.5, 0.5, (3, 4))
TIMES = np.linspace(0.0, 2.0, 301)


def circle(radius, speed):
    first, second = np.array([radius, 0, 0]), np.array([0, radius, 0])
    return CircularPath(np.array([0.1, -0.1, 0.6]), first, second, speed / radius)


PATHS = {
    "at rest": LinearPath(np.array([0.1, 0.2, 0.7]), np.zeros(3)),
    "line": LinearPath(np.array([-30.0, 0.2, 1.0]), np.array([30.0, 1.0, 0.0])),
    "fast line": LinearPath(np.array([-300.0, 0.2, 1.0]), np.array([300.0, 0.0, 0.0])),
    "circle": circle(0.3, 2.0),
    "fast circle": circle(0.3, 300.0),
    "cubic pieces": interpolated(np.random.default_rng(2).uniform((-0.5, -0.5, 0.6), (0.5, 0.5, 1.6), (9, 3)).T, 2.0),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_sound_emitted_then_arrives_at_the_given_times(path):
    emitted = emission_times(path, RECEIVERS, TIMES, SOUND)
    assert emitted.shape == (4, 301)
    for receiver, own in zip(RECEIVERS.T, emitted, strict=True):
        distances = np.linalg.norm(path.positions(own) - receiver[:, None], axis=0)
        np.testing.assert_allclose(own + distances / SOUND, TIMES, rtol=0, atol=1e-14 * 200)


def test_emission_times_of_a_line_are_those_of_its_quadratic_equation():
    """abs(x₀ + v τ − r)² = c² (t − τ)²: the smaller of the two roots."""
    path = PATHS["fast line"]
    away = path.start - RECEIVERS[:, 0]
    a = path.velocity @ path.velocity - SOUND**2
    b = 2 * (away @ path.velocity + SOUND**2 * TIMES)
    c = away @ away - (SOUND * TIMES) ** 2
    expected = (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)
    np.testing.assert_allclose(emission_times(path, RECEIVERS[:, :1], TIMES, SOUND)[0], expected, atol=1e-12)


@pytest.mark.parametrize("turns", [0.3, 1.0, 10.0])
def test_emission_times_are_found_where_a_path_bends_within_the_way_of_its_sound(turns):
    """Rotors at Mach 0.89 that turn several times before they are heard: Newton's method alone may not end."""
    speed = 0.89 * SOUND
    path = circle(speed * 0.6 / SOUND / (2 * np.pi * turns), speed)
    emitted = emission_times(path, RECEIVERS, TIMES, SOUND)
    distances = np.linalg.norm(path.positions(emitted.ravel()).reshape(3, 4, -1) - RECEIVERS[:, :, None], axis=0)
    np.testing.assert_allclose(emitted + distances / SOUND, TIMES[None] * np.ones((4, 1)), rtol=0, atol=2e-12)


def test_block_positions_are_those_of_the_sound_at_the_middle_of_each_block(small_setup):
    paths = [PATHS["line"], PATHS["circle"]]
    positions = block_positions(small_setup, paths, 1000, 4)
    assert positions.dtype == np.float32
    assert positions.shape == (small_setup.num_blocks(1000), 3, 4)
    for block in (0, 7, len(positions) - 1):
        window = small_setup.window_values
        time = (block * 32 + window @ np.arange(64) / window.sum()) / 8000.0
        for number, path in enumerate(paths):
            emitted = time
            for _ in range(60):  # fixed-point iteration
                way = np.linalg.norm(path.positions(np.array([emitted]))[:, 0] - small_setup.reference)
                emitted = time - way / small_setup.speed_of_sound
            expected = path.positions(np.array([emitted]))[:, 0]
            np.testing.assert_allclose(positions[block, :, number], expected, rtol=1e-6)


def test_block_positions_are_zero_without_sources_and_beyond_the_recording(small_setup):
    alone = block_positions(small_setup, [PATHS["circle"]], 500, 3)
    padded = block_positions(small_setup, [PATHS["circle"]], 500, 3, max_num_samples=1000)
    assert padded.shape == (small_setup.num_blocks(1000), 3, 3)
    assert np.array_equal(padded[: len(alone)], alone)
    assert not padded[len(alone) :].any()
    assert not padded[:, :, 1:].any()
    assert padded[: len(alone), :, 0].all()


def test_positions_of_a_source_at_rest_are_its_own(small_setup):
    positions = block_positions(small_setup, [PATHS["at rest"]], 500, 1)
    assert np.array_equal(positions[..., 0], np.tile(np.float32([0.1, 0.2, 0.7]), (len(positions), 1)))
