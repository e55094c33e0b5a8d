import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics import peaks, relative_threshold


def map_with(shape, **points):
    values = np.zeros(shape)
    for name, value in points.items():
        values[tuple(int(index) for index in name.strip("p").split("_"))] = value
    return values


def found(values, threshold=0.5, size=5):
    result = peaks(values, threshold, size)
    return [tuple(index) for index in result.indices.tolist()], result.values.tolist()


def by_hand(values, threshold, size):
    """Points that no other of their window reaches, one by one."""
    reach = size // 2
    places = []
    for x, y in np.ndindex(values.shape):
        window = values[max(x - reach, 0) : x + reach + 1, max(y - reach, 0) : y + reach + 1]
        if values[x, y] > threshold and np.sum(window >= values[x, y]) == 1:
            places.append((x, y))
    return sorted(places, key=lambda place: -values[place])


def test_peaks_are_sorted_by_value_and_equal_ones_by_place():
    values = map_with((12, 12), p1_2=0.7, p9_9=2.0, p9_1=0.7, p1_9=0.4)
    assert found(values) == ([(9, 9), (1, 2), (9, 1)], [2.0, 0.7, 0.7])


def test_what_is_lower_within_the_window_of_a_peak_is_none():
    values = map_with((9, 9), p4_4=2.0, p4_6=1.5, p4_7=1.9, p0_4=0.9)
    assert found(values)[0] == [(4, 4), (4, 7), (0, 4)]  # 3 and 4 points away; 2 points away there is none
    assert found(values, size=7)[0] == [(4, 4), (0, 4)]
    assert found(values, size=3)[0] == [(4, 4), (4, 7), (0, 4)]
    assert found(map_with((9, 9), p4_4=2.0, p4_6=1.5), size=3)[0] == [(4, 4), (4, 6)]


@pytest.mark.parametrize("size", [3, 5, 9])
def test_peaks_of_random_maps_are_those_found_point_by_point(size):
    for seed in range(5):
        values = np.random.default_rng(seed).normal(size=(20, 13))
        assert found(values, 0.3, size)[0] == by_hand(values, 0.3, size)


def test_a_plateau_is_one_peak_at_its_centre():
    values = np.zeros((12, 12))
    values[2:5, 3:8] = 1.0
    assert found(values) == ([(3, 5)], [1.0])
    values = np.zeros((20, 20))
    values[3:14, 4:13] = 1.0  # larger than the window
    assert found(values)[0] == [(8, 8)]
    diagonal = map_with((9, 9), p2_2=1.0, p3_3=1.0, p4_4=1.0)
    assert found(diagonal)[0] == [(3, 3)]
    pair = map_with((9, 9), p3_3=1.0, p3_4=1.0)
    assert found(pair)[0] == [(3, 3)]  # both equally near to the centre


def test_equal_peaks_apart_stay_two_within_one_window():
    assert found(map_with((9, 9), p3_3=1.0, p3_5=1.0))[0] == [(3, 3), (3, 5)]


def test_the_foot_of_something_higher_is_no_peak():
    values = np.zeros((5, 16))
    values[2, 2:13] = 1.0
    values[2, 14] = 3.0  # within the windows of the ridge's end only
    assert found(values)[0] == [(2, 14)]
    values[2, 12] = 0.0  # now nothing higher is near
    assert found(values)[0] == [(2, 14), (2, 6)]


def test_peaks_at_the_border_count():
    assert found(map_with((6, 6), p0_0=1.0, p5_3=2.0))[0] == [(5, 3), (0, 0)]
    falling = -np.add.outer(np.arange(6.0), np.arange(6.0))
    assert found(falling, threshold=-100.0)[0] == [(0, 0)]


@pytest.mark.parametrize("values", [np.zeros((8, 8)), np.ones((8, 8)), np.full((8, 8), -3.0), np.ones((1, 1))])
def test_a_constant_map_has_no_peak(values):
    result = peaks(values, -10.0)
    assert result.indices.shape == (0, 2)
    assert result.values.shape == (0,)


def test_a_peak_is_above_the_threshold_not_at_it():
    values = map_with((5, 5), p2_2=0.5)
    assert found(values, 0.5) == ([], [])
    assert found(values, 0.49)[0] == [(2, 2)]


def test_the_background_is_no_peak_at_a_threshold_below_it():
    assert found(map_with((16, 16), p8_8=1.0), threshold=-1.0)[0] == [(8, 8)]


def test_relative_thresholds_are_in_decibels_of_power():
    values = map_with((12, 12), p2_2=8.0, p2_9=0.9, p9_2=0.7)
    assert relative_threshold(values, -10.0) == pytest.approx(0.8)
    assert found(values, relative_threshold(values, -10.0))[0] == [(2, 2), (2, 9)]
    assert found(values, relative_threshold(values, -20.0))[0] == [(2, 2), (2, 9), (9, 2)]
    assert relative_threshold(np.zeros((3, 3)), -10.0) == 0


def test_positions_are_those_of_the_grid_points():
    grid = apg.RectGrid(-0.3, 0.3, -0.2, 0.4, 0.7, 0.1)
    result = peaks(map_with(grid.shape, p1_5=1.0, p6_0=2.0), 0.5)
    np.testing.assert_allclose(result.positions(grid), [[0.3, -0.2, 0.7], [-0.2, 0.3, 0.7]], atol=1e-12)
    nothing = peaks(np.zeros(grid.shape), 0.5)
    assert nothing.positions(grid).shape == (0, 3)


@pytest.mark.parametrize(
    ("values", "threshold", "size", "words"),
    [
        (np.array([[0.0, np.nan]]), 0.5, 5, r"values\[0, 1\]=nan"),
        (np.array([[0.0, np.inf]]), 0.5, 5, r"values\[0, 1\]=inf"),
        (np.zeros((3, 3, 3)), 0.5, 5, "shape"),
        (np.zeros((3, 3), complex), 0.5, 5, "real"),
        (np.zeros((3, 3)), np.nan, 5, "threshold"),
        (np.zeros((3, 3)), 0.5, 4, "odd"),
        (np.zeros((3, 3)), 0.5, 1, "size"),
    ],
)
def test_what_is_no_map_is_refused(values, threshold, size, words):
    with pytest.raises(ArgumentError, match=words):
        peaks(values, threshold, size)


def test_a_relative_threshold_is_below_the_maximum():
    with pytest.raises(ArgumentError, match="level"):
        relative_threshold(np.ones((3, 3)), 10.0)
