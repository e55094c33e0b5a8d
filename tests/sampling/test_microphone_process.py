"""Microphone geometries. Kolmogorov-Smirnov tests at 0.1 % each, correlations within four standard errors, fixed
seeds; family-wise below 1 %."""

from types import SimpleNamespace

import acoular as ac
import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import MicGeomSampler
from acoupipe_grain.sampling.microphone_process import rotation_matrix

POSITIONS = np.random.default_rng(4).normal(size=(3, 6))


def geometry():
    return ac.MicGeom(pos_total=POSITIONS.copy())


@pytest.mark.parametrize("axis", [(0, 0, 1), (1, 2, 3), (0, -5, 0.1)])
def test_rotations_are_orthogonal_and_scipys(axis):
    unit = np.array(axis) / np.linalg.norm(axis)
    for angle in (0.3, -2.0, 7.0):
        matrix = rotation_matrix(unit, angle)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-14)
        assert np.linalg.det(matrix) == pytest.approx(1.0)
        np.testing.assert_allclose(matrix, Rotation.from_rotvec(angle * unit).as_matrix(), atol=1e-14)


@pytest.mark.parametrize("rvec", [(0, 0, 10.0), np.array([[0], [0], [0.1]])])
def test_the_axis_may_have_any_length(rvec):
    target = geometry()
    MicGeomSampler(target, 0.125, rvec=rvec).sample(np.random.default_rng(0))
    x, y, z = POSITIONS
    np.testing.assert_allclose(target.pos_total, [(x - y) / np.sqrt(2), (x + y) / np.sqrt(2), z], atol=1e-14)


def test_the_whole_array_moves_by_one_drawn_value():
    target = geometry()
    sampler = MicGeomSampler(target, stats.norm(0, 0.1), tdir=(0, 2, 0))
    rng = np.random.default_rng(1)
    moves = np.array([sampler.sample(rng) - POSITIONS for _ in range(1000)])
    assert np.all(moves[:, [0, 2]] == 0)
    np.testing.assert_allclose(moves[:, 1], np.repeat(moves[:, 1, :1], 6, axis=1), atol=1e-14)
    assert stats.kstest(moves[:, 1, 0], stats.norm(0, 0.2).cdf).pvalue > 1e-3


def test_translations_along_several_axes_are_independent():
    sampler = MicGeomSampler(geometry(), stats.norm(), tdir=np.eye(3))
    rng = np.random.default_rng(1)
    moves = np.array([(sampler.sample(rng) - POSITIONS)[:, 0] for _ in range(2000)])
    np.testing.assert_allclose(np.corrcoef(moves.T), np.eye(3), atol=4 / np.sqrt(2000))


def test_each_microphone_deviates_on_its_own():
    sampler = MicGeomSampler(geometry(), stats.norm(0, 0.004), ddir=(1.0, 0.5, 0))
    rng = np.random.default_rng(1)
    moves = np.array([sampler.sample(rng) - POSITIONS for _ in range(400)])
    assert stats.kstest(moves[:, 0].ravel(), stats.norm(0, 0.004).cdf).pvalue > 1e-3
    assert stats.kstest(moves[:, 1].ravel(), stats.norm(0, 0.002).cdf).pvalue > 1e-3
    assert np.all(moves[:, 2] == 0)
    assert abs(np.corrcoef(moves[:, 0].T)[0, 1]) < 4 / np.sqrt(400)


def test_rotation_comes_first_then_translation_then_deviation():
    drawn = iter([0.25, 1.0, *(0.01 * np.arange(6))])

    def values(rng, size):
        return np.array([next(drawn) for _ in range(np.prod(size))]).reshape(size)

    positions = MicGeomSampler(geometry(), values, rvec=(0, 0, 1), tdir=(3.0, 0.0, 0.0), ddir=(1.0, 0.0, 0.0)).sample(
        np.random.default_rng(0)
    )
    x, y, z = POSITIONS
    np.testing.assert_allclose(positions, [-y + 3.0 + 0.01 * np.arange(6), x, z], atol=1e-14)


def test_every_sample_starts_from_the_initial_positions():
    target = geometry()
    sampler = MicGeomSampler(target, stats.norm(0, 0.1), rvec=(1, 1, 1), tdir=(1, 0, 0), ddir=(1, 1, 1))
    first = sampler.sample(np.random.default_rng(3)).copy()
    sampler.sample(np.random.default_rng(4))
    assert np.array_equal(sampler.sample(np.random.default_rng(3)), first)
    assert np.array_equal(target.pos_total, first)
    assert np.array_equal(sampler.mpos_init, POSITIONS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to draw"),
        ({"rvec": (0, 0, 0)}, "length 0"),
        ({"rvec": (0, 1)}, "rvec=\\(0, 1\\)"),
        ({"tdir": (1, "a", 0)}, "tdir="),
        ({"tdir": np.zeros((3, 0))}, "tdir="),
        ({"ddir": (1, 0, 0), "rscale": 2.0}, "no effect without an axis"),
        ({"ddir": [np.nan, 0, 0]}, "ddir="),
        ({"rvec": (0, 0, 1), "rscale": "fast"}, "rscale='fast'"),
        ({"target": SimpleNamespace(pos=1), "ddir": (1, 0, 0)}, "has no 'pos_total'"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        MicGeomSampler(**({"target": geometry(), "random_var": stats.norm()} | options))
