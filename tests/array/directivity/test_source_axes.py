"""Where the axes of sources point."""

import numpy as np
import pytest
from scipy import stats

from acoupipe_grain.array.directivity import Dipole
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import Streams

REFERENCE = np.array([0.1, 0.2, 0.0])
POSITIONS = np.random.default_rng(1).uniform(-0.5, 0.5, (3, 8)) + np.array([[0.0], [0.0], [1.0]])
STREAMS = Streams(3, "training")


def axes(direction=None, index=0, num_sources=8, streams=STREAMS):
    return Dipole(direction=direction).directions(streams, index, POSITIONS[:, :num_sources], REFERENCE)


@pytest.fixture(scope="module")
def drawn():
    return np.concatenate([axes(index=index) for index in range(1000)], axis=1)


def test_drawn_axes_are_unit_vectors(drawn):
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=0), 1, rtol=1e-15)


def test_drawn_axes_are_uniform_on_the_sphere(drawn):
    """Every coordinate and three azimuths: together at a confidence of 1 − 1e-4."""
    uniforms = [(coordinate + 1) / 2 for coordinate in drawn]
    uniforms += [np.arctan2(drawn[a], drawn[b]) / (2 * np.pi) + 0.5 for a, b in ((0, 1), (1, 2), (2, 0))]
    for values in uniforms:
        assert stats.kstest(values, "uniform").pvalue > 1e-4 / 6


def test_drawn_axes_have_no_preferred_direction_or_plane(drawn):
    """The mean has the variance 1/(3n); x² that of 4/(45n), xy that of 1/(15n): nine values at 5 σ."""
    size = drawn.shape[1]
    assert np.abs(drawn.mean(axis=1)).max() < 5 / np.sqrt(3 * size)
    second = drawn @ drawn.T / size - np.eye(3) / 3
    deviations = np.sqrt((np.eye(3) * (4 / 45 - 1 / 15) + 1 / 15) / size)
    assert np.all(np.abs(second) < 5 * deviations)


def test_axes_of_neighbouring_sources_and_records_are_independent(drawn):
    """Mean products of unit vectors drawn independently have the variance 1/(3n)."""
    for distance in (1, 8):
        products = np.sum(drawn[:, distance:] * drawn[:, :-distance], axis=0)
        assert abs(products.mean()) < 5 / np.sqrt(3 * products.size)


def test_an_axis_does_not_depend_on_the_number_of_sources_or_where_they_are():
    for num_sources in (1, 3, 7):
        assert np.array_equal(axes(num_sources=num_sources), axes()[:, :num_sources])
    moved = Dipole().directions(STREAMS, 0, POSITIONS + 1, REFERENCE - 2)
    assert np.array_equal(moved, axes())


def test_axes_are_a_function_of_seed_split_and_index():
    assert np.array_equal(axes(streams=Streams(3, "training")), axes())
    for other in (axes(index=1), axes(streams=Streams(4, "training")), axes(streams=Streams(3, "test"))):
        assert np.abs(other - axes()).min(axis=0).max() > 0.01


def test_drawn_axes_stay_the_same_in_future_versions():
    """A change means that the same seed gives other data: GENERATOR_VERSION changes with it."""
    expected = [
        [-0.5984627975934459, 0.22444088011129662],
        [0.3249135190397396, 0.07685965736838439],
        [0.7323069609404509, -0.9714519465233888],
    ]
    np.testing.assert_allclose(axes(index=17, num_sources=2), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("length", [1e-300, 0.2, 1, 7, 1e300])
def test_a_given_axis_is_that_of_all_sources_whatever_its_length(length):
    given = axes(direction=[2 / 7 * length, -3 / 7 * length, 6 / 7 * length])
    np.testing.assert_allclose(given, np.repeat([[2 / 7], [-3 / 7], [6 / 7]], 8, axis=1), rtol=1e-15)


def test_axes_point_to_the_reference_position():
    pointing = axes(direction="reference")
    distances = np.linalg.norm(POSITIONS - REFERENCE[:, None], axis=0)
    np.testing.assert_allclose(POSITIONS + pointing * distances, np.repeat(REFERENCE[:, None], 8, axis=1), atol=1e-15)
    for source in range(8):
        power = Dipole().reference_power(POSITIONS[:, source], pointing[:, source], REFERENCE)
        assert power == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("direction", "message"),
    [
        ([0, 0, 0], r"^direction=\[0, 0, 0\]: has no direction; one of its components must not be 0"),
        ([0, 1], r'^direction=\[0, 1\]: expected a vector of 3 numbers, "reference", or None for directions'),
        ("up", r"^direction='up': expected a vector of 3 numbers"),
        (3.0, r"^direction=3.0: expected a vector of 3 numbers"),
        (np.eye(3), r"^direction=array.*: expected a vector of 3 numbers"),
        ([[0, 1], 2, 3], r"^direction.x=\[0, 1\]: expected a finite number"),
        ([0, np.nan, 1], r"^direction.y=nan: expected a finite number"),
        ([0, True, 1], r"^direction.y=True: expected a finite number"),
    ],
)
def test_axes_that_cannot_be_used_are_refused(direction, message):
    with pytest.raises(ArgumentError, match=f"(?s){message}"):
        Dipole(direction=direction)
