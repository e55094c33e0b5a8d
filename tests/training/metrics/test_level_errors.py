"""Level errors of maps: worked by hand, and as Acoular's evaluator computes them where it does the same."""

import math

import acoular
import numpy as np
import pytest
from acoular.tools import MetricEvaluator

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics import level_errors

GRID = apg.RectGrid(-0.5, 0.5, -0.3, 0.4, 0.6, 0.1)  # 11 × 8 points


def scene(*sources):
    """Return loc, strengths and mask of sources (x, y, power), with one of padding."""
    x, y, power = np.array([*sources, (0.0, 0.0, 0.0)]).T
    return np.stack([x, y, np.full(x.size, GRID.z)]), power, np.arange(x.size) < len(sources)


def decibels(ratio):
    return 10 * math.log10(ratio)


def evaluator(maps, loc, powers, radius):
    grid = acoular.RectGrid(x_min=-0.5, x_max=0.5, y_min=-0.3, y_max=0.4, z=0.6, increment=0.1)
    return MetricEvaluator(
        data=maps.reshape(len(maps), -1),
        grid=grid,
        target_data=powers,
        target_grid=acoular.ImportGrid(pos=loc),
        sector=acoular.CircSector(r=radius),
    )


def test_errors_of_an_example():
    values = np.full(GRID.shape, 0.01)
    values[2, 3] = 2.0  # (-0.3, 0.0), the first source
    values[3, 3] = 0.5  # beside it, within 0.11 m
    values[8, 6] = 1.0  # (0.3, 0.3), the second
    values[9, 0] = 3.0  # of no source
    errors = level_errors(values, GRID, *scene((-0.3, 0.0, 2.0), (0.3, 0.3, 4.0)), radius=0.11)
    near = 0.01 * 3  # a point and its four neighbours
    assert errors.specific == pytest.approx([decibels((2.5 + near) / 2), decibels((1 + 0.04) / 4)])
    total = 6.5 + 0.01 * (88 - 4)
    assert errors.overall == pytest.approx([decibels(total / 6)])
    assert errors.inverse == pytest.approx([decibels((2.53 + 1.04) / total)])
    assert errors.mean_specific.sum == pytest.approx(decibels(2.53 / 2) - decibels(1.04 / 4))
    assert errors.mean_specific.num_values == 2


def test_a_perfect_map_has_no_errors():
    values = np.zeros(GRID.shape)
    values[1, 1], values[8, 5] = 0.25, 3.0
    errors = level_errors(values, GRID, *scene((-0.4, -0.2, 0.25), (0.3, 0.2, 3.0)))
    for array in (errors.specific, errors.overall, errors.inverse):
        np.testing.assert_allclose(array, 0, atol=1e-12)


def test_equal_to_acoular_at_random_places():
    rng = np.random.default_rng(2)
    for _ in range(20):
        num_sources = rng.integers(1, 6)
        loc = np.stack([*rng.uniform(-0.29, 0.29, (2, num_sources)), np.full(num_sources, GRID.z)])
        maps, powers = rng.exponential(size=(2, *GRID.shape)), rng.exponential(size=(2, num_sources))
        radius = rng.choice([0.02, 0.12, 0.3])  # also sectors without any point, and such that must shrink
        ours = level_errors(maps, GRID, loc, powers, np.ones(num_sources, bool), radius=radius)
        theirs = evaluator(maps, loc, powers, radius)
        np.testing.assert_allclose(ours.specific, theirs.get_specific_level_error().ravel(), atol=1e-9)
        np.testing.assert_allclose(ours.overall, theirs.get_overall_level_error(), atol=1e-9)
        nearest = GRID.nearest(loc[:2].T)
        if len({tuple(index) for index in nearest.tolist()}) == num_sources:  # else Acoular counts a point twice
            np.testing.assert_allclose(ours.inverse, theirs.get_inverse_level_error(), atol=1e-9)


def test_equal_to_acoular_where_sources_lie_at_one_place():
    loc = np.array([[0.1, 0.1, -0.2], [0.0, 0.0, 0.2], [0.6, 0.6, 0.6]])
    maps, powers = np.random.default_rng(4).exponential(size=(1, *GRID.shape)), np.array([[1.0, 2.0, 3.0]])
    ours = level_errors(maps, GRID, loc, powers, np.ones(3, bool), radius=0.15)
    theirs = evaluator(maps, loc, powers, 0.15)
    np.testing.assert_allclose(ours.specific, theirs.get_specific_level_error().ravel(), atol=1e-9)


def test_a_point_between_two_sectors_is_in_the_inverse_error_once():
    values = np.zeros(GRID.shape)
    values[5, 3] = 1.0  # (0, 0): on the border of both sectors
    loc, powers, mask = scene((-0.1, 0.0, 1.0), (0.1, 0.0, 1.0))
    errors = level_errors(values, GRID, loc, powers, mask, radius=0.3)
    assert errors.specific == pytest.approx([0.0, 0.0])
    assert errors.inverse == pytest.approx([0.0])
    theirs = evaluator(values[None], loc[:, :2], powers[None, :2], 0.3)
    assert theirs.get_inverse_level_error()[0] == pytest.approx(decibels(2.0))  # the difference that is stated


def test_near_sources_get_smaller_sectors():
    values = np.ones(GRID.shape)
    errors = level_errors(values, GRID, *scene((-0.1, 0.0, 1.0), (0.1, 0.0, 1.0), (0.5, 0.4, 1.0)), radius=0.19)
    # Half the distance, 0.1 m, leaves 5 points each; a corner's quarter of 0.19 m has 4.
    assert errors.specific == pytest.approx([decibels(5), decibels(5), decibels(4)])


def test_several_frequencies_and_padding():
    maps = np.random.default_rng(6).exponential(size=(3, *GRID.shape))
    loc, powers, mask = scene((0.1, 0.1, 1.0), (-0.4, 0.2, 2.0))
    strengths = np.stack([powers, 2 * powers, 3 * powers])
    together = level_errors(maps, GRID, loc, strengths, mask, radius=0.1)
    apart = [level_errors(of, GRID, loc, power, mask, radius=0.1) for of, power in zip(maps, strengths, strict=True)]
    for name in ("specific", "overall", "inverse"):
        np.testing.assert_allclose(getattr(together, name), np.concatenate([getattr(one, name) for one in apart]))
    assert together.specific.shape == (6,)
    assert together.mean_overall.num_values == 3


def test_a_scene_without_sources_has_no_errors():
    errors = level_errors(np.ones(GRID.shape), GRID, *scene())
    for mean in (errors.mean_specific, errors.mean_overall, errors.mean_inverse):
        assert mean == (0, 0)


def test_a_source_without_power_has_no_level():
    errors = level_errors(np.ones(GRID.shape), GRID, *scene((0.1, 0.1, 0.0), (-0.4, 0.2, 1.0)))
    assert errors.specific == pytest.approx([0.0])
    silent = level_errors(np.ones(GRID.shape), GRID, *scene((0.1, 0.1, 0.0)))
    assert silent.mean_specific == silent.mean_overall == silent.mean_inverse == (0, 0)


def test_a_map_without_power_has_the_lowest_error():
    errors = level_errors(np.zeros(GRID.shape), GRID, *scene((0.1, 0.1, 2.0)), floor=-40.0)
    assert errors.specific == pytest.approx([-40.0])
    assert errors.overall == pytest.approx([-40.0])
    assert errors.mean_inverse == (0, 0)
    negative = level_errors(np.full(GRID.shape, -1.0), GRID, *scene((0.1, 0.1, 2.0)))
    assert negative.specific == pytest.approx([-100.0])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"source_map": np.full(GRID.shape, np.nan)}, r"source_map\[0, 0\]=nan"),
        ({"source_map": np.ones((8, 11))}, "grid"),
        ({"loc": np.zeros((3, 4))}, "loc and strengths"),
        ({"strengths": np.zeros((2, 2))}, "loc and strengths"),
        ({"strengths": np.array([1.0, -1.0])}, "at least 0"),
        ({"source_mask": np.array([1, 0])}, "booleans"),
        ({"radius": 0.0}, "radius"),
        ({"floor": 0.0}, "floor"),
    ],
)
def test_what_does_not_fit_is_refused(changed, words):
    loc, strengths, mask = scene((0.1, 0.1, 1.0))
    arguments = {"source_map": np.ones(GRID.shape), "grid": GRID, "loc": loc, "strengths": strengths}
    with pytest.raises(ArgumentError, match=words):
        level_errors(**(arguments | {"source_mask": mask} | changed))
