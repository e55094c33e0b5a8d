"""Directivities of spherical harmonics against closed forms, quadrature, and Acoular's modes."""

import math

import acoular
import numpy as np
import pytest
from acoular.sources import get_modes
from scipy.special import sph_harm_y

from acoupipe_grain.array.directivity import Dipole, SphericalHarmonics
from acoupipe_grain.array.directivity.spherical_modes import in_source_axes, largest_magnitude, modes
from acoupipe_grain.errors import ArgumentError

AXIS = np.array([0.3, 0.2, -1.0]) / np.linalg.norm([0.3, 0.2, -1.0])
ALONG_Z = np.array([0.0, 0.0, 1.0])
WAYS = np.random.default_rng(4).standard_normal((3, 200))
COSINES = AXIS @ WAYS / np.linalg.norm(WAYS, axis=0)


def pattern(coefficients, axis=AXIS, ways=WAYS):
    return SphericalHarmonics(coefficients=coefficients).pattern(ways, axis)


@pytest.fixture
def repaired_acoular(monkeypatch):
    """Make Acoular hand degree and order to SciPy in their places."""
    monkeypatch.setattr(acoular.sources, "sph_harm_y", lambda m, degree, *angles: sph_harm_y(degree, m, *angles))


def test_order_0_is_a_monopole(sound_field):
    (part,) = sound_field.parts(SphericalHarmonics(coefficients=[0.3]), AXIS)
    np.testing.assert_allclose(part.gains, sound_field.reference_distance, rtol=1e-15)
    np.testing.assert_array_equal(part.waveform, sound_field.waveform)
    assert part.waveform.dtype == np.float32


def test_order_1_along_the_axis_is_the_far_field_of_a_dipole(sound_field):
    (part,) = sound_field.parts(SphericalHarmonics(coefficients=[0, 0, 1, 0]), AXIS)
    np.testing.assert_allclose(part.gains, sound_field.parts(Dipole(), AXIS)[0].gains, atol=1e-15)


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [
        ([1, 0, 3**-0.5, 0], (1 + COSINES) / 2),
        ([1, 0, 3**0.5, 0], (1 + 3 * COSINES) / 4),
        ([0, 0, 0, 0, 0, 0, 1, 0, 0], (3 * COSINES**2 - 1) / 2),
        ([0] * 12 + [7] + [0] * 3, (5 * COSINES**3 - 3 * COSINES) / 2),
    ],
    ids=["cardioid", "hypercardioid", "longitudinal quadrupole", "degree 3"],
)
def test_patterns_about_the_axis_are_legendre_polynomials(coefficients, expected):
    np.testing.assert_allclose(pattern(coefficients), expected, atol=1e-14)


def test_azimuth_goes_from_up_to_aside():
    up, aside = np.array([0.0, 1.0, 0.0]), np.array([-1.0, 0.0, 0.0])  # a source that faces z
    unit = WAYS / np.linalg.norm(WAYS, axis=0)
    np.testing.assert_allclose(pattern([0, 0, 0, -1], ALONG_Z), up @ unit, atol=1e-12)
    np.testing.assert_allclose(pattern([0, 0, 0, 1j], ALONG_Z), aside @ unit, atol=1e-12)
    np.testing.assert_allclose(pattern([0, -1, 0, 0], ALONG_Z), aside @ unit, atol=1e-12)


@pytest.mark.parametrize(
    "axis", [AXIS, ALONG_Z, -ALONG_Z, [0, 1, 0], [0, -1, 0], [1, 0, 0], np.array([3e-9, 1, 4e-9]), [0.6, 0.8, 0]]
)
def test_a_source_is_turned_as_a_whole_and_stays_upright(axis):
    axis = np.array(axis, dtype=float)
    rotation = in_source_axes(np.eye(3), axis)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-8)
    assert np.linalg.det(rotation) == pytest.approx(1, abs=1e-8)
    np.testing.assert_allclose(rotation[2], axis, atol=1e-15)
    if abs(axis[1]) < 0.99:
        assert rotation[1, 1] == pytest.approx(0, abs=1e-15)
        assert rotation[0, 1] > 0


def test_coefficients_keep_their_pattern_in_every_direction():
    """Its mean square over the sphere, by a quadrature that is exact for these degrees."""
    directivity = SphericalHarmonics(coefficients=np.arange(1, 17) * (1 - 0.5j))
    ways, weights = gauss_points(8)
    powers = [weights @ directivity.pattern(ways, axis) ** 2 for axis in (ALONG_Z, AXIS, np.array([0.0, 1.0, 0.0]))]
    np.testing.assert_allclose(powers, powers[0], rtol=1e-12)


def gauss_points(order):
    heights, weights = np.polynomial.legendre.leggauss(order + 1)
    azimuths = 2 * np.pi * np.arange(2 * order + 2) / (2 * order + 2)
    z, phi = (array.ravel() for array in np.meshgrid(heights, azimuths, indexing="ij"))
    ways = np.stack([np.sqrt(1 - z**2) * np.cos(phi), np.sqrt(1 - z**2) * np.sin(phi), z])
    return ways, np.repeat(weights, azimuths.size) * np.pi / (order + 1)


def test_real_parts_of_modes_are_orthogonal():
    ways, weights = gauss_points(10)
    values = modes(5, ways).real
    norms = [1.0 if m == 0 else 0.5 for degree in range(6) for m in range(-degree, degree + 1)]
    np.testing.assert_allclose(values.T @ (weights[:, None] * values), np.diag(norms), atol=1e-14)


def test_the_modes_are_those_that_acoular_describes(repaired_acoular):
    """Its frame is mirrored: of a source that faces x the polar axis is −y, and φ goes from x to −z."""
    unit = WAYS / np.linalg.norm(WAYS, axis=0)
    theirs = get_modes(4, (1.0, 0.0, 0.0), np.stack([unit[0], -unit[2], -unit[1]]))
    np.testing.assert_allclose(modes(4, unit), theirs, atol=1e-13)


def test_most_of_acoulars_modes_are_silent():
    """Acoular 26.8 hands degree and order to SciPy in each other's places. If this fails, Acoular has changed."""
    sounding = np.abs(get_modes(3, (1.0, 0.0, 0.0), WAYS)).max(axis=0) > 0
    assert np.flatnonzero(sounding).tolist() == [0, 3, 8, 15]


def test_acoulars_angles_change_the_shape_of_patterns(repaired_acoular):
    """Off the plane at right angles to y, its order 1 is no sum of harmonics of order 1. If this fails: it changed."""

    def misfit(direction):
        values = get_modes(1, direction, WAYS)[:, 2].real
        basis = (WAYS / np.linalg.norm(WAYS, axis=0)).T
        return np.abs(basis @ np.linalg.lstsq(basis, values)[0] - values).max()

    assert misfit((1.0, 0.0, -2.0)) < 1e-14
    assert misfit((0.0, 1.0, 0.0)) > 0.1


def test_the_pattern_is_1_on_the_axis_and_its_sign_stays():
    rng = np.random.default_rng(6)
    for order in range(5):
        coefficients = rng.standard_normal(((order + 1) ** 2, 2))
        given = pattern(coefficients, ways=AXIS[:, None])[0]
        signed = sum(
            math.sqrt(2 * degree + 1) * coefficients[degree * degree + degree, 0] for degree in range(order + 1)
        )
        assert given == pytest.approx(math.copysign(1, signed), abs=1e-12)
    np.testing.assert_allclose(pattern([0, 0, -2, 0]), -COSINES, atol=1e-14)


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_a_pattern_that_is_0_on_its_axis_is_1_at_most(order):
    coefficients = np.random.default_rng(order).standard_normal((order + 1) ** 2)
    coefficients[[degree * degree + degree for degree in range(order + 1)]] = 0
    directivity = SphericalHarmonics(coefficients=coefficients)
    assert abs(directivity.pattern(AXIS[:, None], AXIS)[0]) < 1e-14
    largest = np.abs(directivity.pattern(gauss_points(40)[0], AXIS)).max()
    # These points are 0.054 apart at most: along a great circle to the nearest, the largest magnitude falls to the
    # cosine of order · 0.054.
    assert math.cos(order * 0.054) < largest <= 1 + 1e-12


@pytest.mark.parametrize(("degree", "expected"), [(2, math.sqrt(15 / 32 / math.pi)), (3, math.sqrt(35 / 64 / math.pi))])
def test_the_largest_magnitude_of_sectoral_modes_is_known(degree, expected):
    largest = largest_magnitude(lambda ways: modes(degree, ways)[:, -1].real, degree)
    assert largest == pytest.approx(expected, rel=1e-14)


def test_the_largest_magnitude_is_found_between_grid_points():
    top = np.array([0.48, -0.6, 0.64])
    # cos^5 about an arbitrary direction has degree 5, and its largest value there.
    assert largest_magnitude(lambda ways: 3 * (top @ ways) ** 5, 5) == pytest.approx(3, rel=1e-14)


def test_the_size_of_all_coefficients_together_does_not_matter():
    coefficients = np.array([1.0, 0.3, 2.0, -1.0])
    for size in (1e-300, 1e300):
        np.testing.assert_allclose(pattern(coefficients * size), pattern(coefficients), rtol=1e-12)


def test_the_reference_power_is_the_square_of_the_pattern(sound_field):
    cardioid = SphericalHarmonics(coefficients=[1, 0, 3**-0.5, 0])
    way = (sound_field.reference - sound_field.position) / sound_field.reference_distance
    power = cardioid.reference_power(sound_field.position, AXIS, sound_field.reference)
    assert power == pytest.approx(((1 + AXIS @ way) / 2) ** 2, rel=1e-14)
    (part,) = sound_field.parts(cardioid, AXIS)
    assert (part.gains[-1] / sound_field.reference_distance) ** 2 == pytest.approx(power, rel=1e-14)
    assert cardioid.reference_power(sound_field.position, way, sound_field.reference) == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        (3.0, r"^coefficients=3.0: expected \(L \+ 1\)² numbers, or pairs"),
        ("1000", r"^coefficients='1000': expected"),
        (np.float64(1), r"^coefficients=.*: expected"),
        ([], r"^coefficients=\[\]: 0 values; expected \(L \+ 1\)² for the order L, such as 1 or 4"),
        ([1, 0, 0], r"3 values; expected \(L \+ 1\)² for the order L, such as 1 or 4"),
        ([1] * 8, r"8 values; expected \(L \+ 1\)² for the order L, such as 4 or 9"),
        ([1] * 484, r"^coefficients=\[1, .{60,80}\.\.\.: 484 values, order 21; expected at most 441, order 20"),
        ([1, 0, True, 0], r"^coefficients\[2\]=True: expected a number or a pair"),
        ([1, 0, "a", 0], r"^coefficients\[2\]='a': expected a number or a pair"),
        ([1, 0, [1, 2, 3], 0], r"^coefficients\[2\]=\[1, 2, 3\]: expected a number or a pair"),
        ([1, 0, [1j, 2], 0], r"^coefficients\[2\]=\[1j, 2\]: expected a number or a pair"),
        ([1, [0, math.inf], 0, 0], r"^coefficients\[1\]=\[0, inf\]: expected a finite number"),
        ([math.nan], r"^coefficients\[0\]=nan: expected a finite number"),
        ([0, 0, 0, 0], r"radiate nothing anywhere"),
        ([1j], r"radiate nothing anywhere"),
        ([0, 1, 0, 1j], r"radiate nothing anywhere"),
    ],
)
def test_coefficients_that_cannot_be_used_are_refused(coefficients, message):
    with pytest.raises(ArgumentError, match=message):
        SphericalHarmonics(coefficients=coefficients)
