"""Locations. Kolmogorov-Smirnov tests at 0.1 % each, fixed seeds; the seven of this file: below 1 %."""

from types import SimpleNamespace

import acoular as ac
import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import LocationSampler, NumericAttributeSampler, PointSourceSampler


def drawn(sampler, count=1000, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([sampler.sample(rng) for _ in range(count)])


def smallest_gap(points):
    gaps = np.linalg.norm(points[:, :, None] - points[:, None, :], axis=0)
    return gaps[np.triu_indices(points.shape[1], 1)].min()


def test_locations_are_distributed_as_asked():
    points = drawn(LocationSampler(2, [stats.norm(0, 0.1), stats.uniform(-1, 2), 0.5]))
    assert points.shape == (1000, 3, 2)
    assert stats.kstest(points[:, 0].ravel(), stats.norm(0, 0.1).cdf).pvalue > 1e-3
    assert stats.kstest(points[:, 1].ravel(), stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert np.all(points[:, 2] == 0.5)


def test_bounds_condition_the_distribution_and_zero_is_a_bound():
    sampler = LocationSampler(1, stats.norm(), x_bounds=(0, None), y_bounds=(None, 0), z_bounds=(-1, 1))
    x, y, z = np.moveaxis(drawn(sampler)[..., 0], 1, 0)
    assert stats.kstest(x, stats.halfnorm().cdf).pvalue > 1e-3
    assert stats.kstest(-y, stats.halfnorm().cdf).pvalue > 1e-3
    assert stats.kstest(z, stats.truncnorm(-1, 1).cdf).pvalue > 1e-3


def test_bounds_may_be_arrays():
    x = drawn(LocationSampler(1, stats.norm(), x_bounds=np.array([-0.1, 0.1])), count=50)[:, 0]
    assert np.abs(x).max() <= 0.1


def test_the_minimum_distance_is_kept():
    points = drawn(LocationSampler(4, stats.uniform(), mindist=0.4), count=200)
    assert min(smallest_gap(record) for record in points) >= 0.4


@pytest.mark.parametrize("kind", ["ours", "acoular", "array"])
def test_locations_snap_to_grid_points_inside_the_bounds(kind):
    ours = apg.RectGrid(-0.5, 0.5, -0.5, 0.5, 0.5, 0.1)
    theirs = ac.RectGrid(x_min=-0.5, x_max=0.5, y_min=-0.5, y_max=0.5, z=0.5, increment=0.1)
    grid = {"ours": ours, "acoular": theirs, "array": ours.positions}[kind]
    sampler = LocationSampler(
        3, [stats.norm(0, 0.3), stats.norm(0, 0.3), 0.5], x_bounds=(0, 0.25), y_bounds=(-0.5, 0.5), grid=grid
    )
    for points in drawn(sampler, count=200):
        gaps = np.linalg.norm(points[:, :, None] - ours.positions[:, None, :], axis=0).min(axis=1)
        assert gaps.max() < 1e-12
        assert points[0].min() >= 0
        assert points[0].max() <= 0.25
        assert smallest_gap(points) > 0.09


def test_a_small_grid_can_be_filled():
    grid = np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    points = drawn(LocationSampler(4, stats.uniform(-0.5, 2), grid=grid), count=20)
    assert all({tuple(point) for point in record.T} == {tuple(point) for point in grid.T} for record in points)


def test_the_number_of_locations_can_be_drawn_by_another_process():
    sampler = LocationSampler(1, stats.norm())
    NumericAttributeSampler(sampler, "nsources", 3.0).sample(np.random.default_rng(0))
    assert sampler.sample(np.random.default_rng(0)).shape == (3, 3)
    assert sampler.target.shape == (3, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mindist": 5.0}, "mindist=5.0: point 2 of 3 found no place in 1000"),
        ({"x_bounds": (7, 8)}, "point 1 of 3 found no place"),
        ({"grid": np.zeros((3, 2))}, "the grid has only 2 points"),
    ],
)
def test_impossible_requests_end_with_an_error(options, message):
    with pytest.raises(ArgumentError, match=message):
        LocationSampler(3, stats.uniform(), **options).sample(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nsources": 0}, "nsources=0"),
        ({"random_var": [0.0, 0.0]}, "three for x, y and z"),
        ({"x_bounds": (1, 0)}, "x_bounds=\\(1, 0\\)"),
        ({"y_bounds": 3}, "y_bounds=3: expected a pair"),
        ({"z_bounds": ("a", None)}, "z_bounds='a'"),
        ({"mindist": -1}, "mindist=-1"),
        ({"grid": "somewhere"}, "points of shape \\(3, N\\)"),
        ({"grid": np.zeros((3, 4)), "x_bounds": (1, 2)}, "only 0 points inside the bounds"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        LocationSampler(**({"nsources": 1, "random_var": stats.uniform()} | options))


def test_point_sources_move_along_the_axes_asked_for():
    sources = [SimpleNamespace(loc=(0.0, 0.0, 0.5)) for _ in range(2)]
    points = drawn(PointSourceSampler(sources, stats.norm(0, 0.1), (1.0, 0.5, 0.0)))
    assert stats.kstest(points[:, 0].ravel(), stats.norm(0, 0.1).cdf).pvalue > 1e-3
    assert stats.kstest(points[:, 1].ravel(), stats.norm(0, 0.05).cdf).pvalue > 1e-3
    assert np.all(points[:, 2] == 0.5)
    assert sources[0].loc == tuple(points[-1, :, 0])


def test_point_sources_keep_bounds_and_distances():
    mics = ac.MicGeom(pos_total=np.zeros((3, 2)))
    signal = ac.WNoiseGenerator(sample_freq=1000, num_samples=10)
    sources = [ac.PointSource(signal=signal, mics=mics, loc=(0.0, 0.0, 0.5)) for _ in range(3)]
    sampler = PointSourceSampler(
        sources, stats.norm(0, 0.3), np.array([[1.0], [1.0], [0.0]]), x_bounds=(0, 0.5), mindist=0.2
    )
    points = drawn(sampler, count=100)
    assert points[:, 0].min() >= 0
    assert points[:, 0].max() <= 0.5
    assert min(smallest_gap(record) for record in points) >= 0.2
    np.testing.assert_array_equal(sources[1].loc.ravel(), points[-1, :, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ldir": (0, 0, 0)}, "no axis to draw along"),
        ({"ldir": (1, 2)}, "three finite numbers"),
        ({"target": SimpleNamespace(pos=1)}, "has no 'loc'"),
        ({"target": SimpleNamespace(loc=(0, 0, 0), trajectory=1)}, "where its trajectory says"),
    ],
)
def test_wrong_arguments_of_point_sources_are_refused(arguments, message):
    given = {"target": SimpleNamespace(loc=(0, 0, 0)), "random_var": stats.norm()} | arguments
    with pytest.raises(ArgumentError, match=message):
        PointSourceSampler(**given)
