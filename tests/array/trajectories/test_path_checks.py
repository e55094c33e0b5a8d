"""Which paths can be simulated."""

import numpy as np
import pytest

from acoupipe_grain.array.trajectories import CircularPath, LinearPath
from acoupipe_grain.array.trajectories.path_checks import require_usable_paths
from acoupipe_grain.errors import ArgumentError


def line(start, velocity):
    return LinearPath(np.array(start, dtype=float), np.array(velocity, dtype=float))


def check(setup, *paths, num_samples=8000):
    require_usable_paths(setup, paths, setup.mic_positions, num_samples, 12)


def test_slow_paths_off_the_array_are_usable(small_setup):
    check(small_setup, line([0.1, 0.2, 0.4], [0, 0, 0]), line([-20.0, 0.2, 0.4], [40.0, 0, 0]))


@pytest.mark.parametrize("speed", [308.7, 400.0])
def test_paths_of_mach_0_9_are_refused_by_record_and_source(small_setup, speed):
    still = line([0.1, 0.2, 0.4], [0, 0, 0])
    with pytest.raises(ArgumentError, match=r"trajectories: record 12: source 1 moves at .* Mach 0.9"):
        check(small_setup, still, line([0.1, 0.2, 0.4], [0, speed, 0]))
    check(small_setup, line([0.1, 0.2, 0.4], [0, 0.99 * 308.7, 0]))


@pytest.mark.parametrize("velocity", [[0.0, 0.0, -1.0], [30.0, 0.0, -200.0]])
def test_paths_through_a_microphone_are_refused(small_setup, velocity):
    """Through the second microphone or the reference, after 0.4 s: between any looks at equal steps."""
    for receiver in (small_setup.mic_positions[:, 2], small_setup.reference):
        start = receiver - 0.4 * np.array(velocity)
        with pytest.raises(ArgumentError, match=r"source 0 comes within .* m of a microphone .* after 0\.(39|4)"):
            check(small_setup, line(start, velocity))


def test_paths_just_clear_of_a_microphone_are_usable(small_setup):
    above = np.array([0.0, 0.0, 1e-3 * small_setup.aperture])
    before = small_setup.mic_positions[:, 2] - np.array([10.0, 0.0, 0.0])
    check(small_setup, line(before + 1.05 * above, [20.0, 0, 0]))
    with pytest.raises(ArgumentError, match="comes within"):
        check(small_setup, line(before + 0.95 * above, [20.0, 0, 0]))


def test_sources_heard_later_than_the_recording_lasts_are_refused(small_setup):
    far = line([0.0, 0.0, 40.0], [0, 0, -200.0])
    check(small_setup, far, num_samples=3000)
    with pytest.raises(ArgumentError, match=r"source 0: its sound at the beginning is .* s old"):
        check(small_setup, far, num_samples=1500)


def test_fast_circles_are_looked_at_as_closely_as_need_be(small_setup):
    """A circle that passes a microphone once in a hundred milliseconds, for less than 10 µs."""
    mic = small_setup.mic_positions[:, 2]
    path = CircularPath(mic - np.array([3.0, 0, 0]), np.array([-3.0, 0, 0]), np.array([0, -3.0, 0]), 20 * np.pi)
    with pytest.raises(ArgumentError, match="comes within"):
        check(small_setup, path)
