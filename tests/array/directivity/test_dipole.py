"""The dipole against the formula of its field, against two monopoles, and against Acoular's dipole."""

import acoular
import numpy as np
import pytest

from acoupipe_grain.array.directivity import Dipole

AXIS = np.array([0.3, 0.2, -1.0]) / np.linalg.norm([0.3, 0.2, -1.0])
MAX_DELAY = 60  # samples


def cosines(field, axis=AXIS):
    return axis @ (field.receivers - field.position[:, None]) / field.distances


def exact(field, delays=None):
    """Return spectra of the field whose strength on the axis is the waveform's, delays in m."""
    delays = field.distances if delays is None else delays
    jk, r, r0 = 1j * field.wavenumbers, field.distances, field.reference_distance
    moment = field.spectrum * r0**2 / (1 + jk * r0)
    return moment * cosines(field) * (jk / r + 1 / r**2) * np.exp(-jk * delays)


def simulated(field, upsampling):
    parts = field.parts(Dipole(), AXIS)
    return sum(field.simulated(part.waveform, upsampling) * part.gains for part in parts)


def test_the_parts_give_the_formula_at_all_lines(sound_field):
    expected = exact(sound_field)
    received = sound_field.received(sound_field.parts(Dipole(), AXIS))
    np.testing.assert_allclose(received, expected, atol=5e-7 * np.abs(expected).max())


@pytest.mark.parametrize("upsampling", [16, 64])
def test_through_acoular_the_formula_comes_out_with_its_delays_rounded(sound_field, upsampling):
    to_samples = 13720 / 343
    rounded = np.ceil(sound_field.distances * to_samples * upsampling - 0.5) / upsampling / to_samples
    expected = np.fft.irfft(exact(sound_field, rounded), sound_field.waveform.size, axis=0)
    measured = simulated(sound_field, upsampling)
    # Before the first sample arrives Acoular rounds negative times the other way.
    np.testing.assert_allclose(measured[MAX_DELAY:], expected[MAX_DELAY:], atol=1e-6 * np.abs(expected).max())


def test_through_acoular_the_error_falls_with_the_rounding_of_delays(sound_field):
    expected = exact(sound_field)
    errors = []
    for upsampling in (16, 256, 1024):
        difference = np.fft.rfft(simulated(sound_field, upsampling), axis=0) - expected
        errors.append(np.linalg.norm(difference) / np.linalg.norm(expected))
        # A delay that is wrong by 1/up sample at most turns phases by π/up at most.
        assert errors[-1] < np.pi / upsampling
    assert errors[0] > 8 * errors[1] > 16 * errors[2]


def test_two_opposite_monopoles_approach_it_with_the_square_of_their_distance(sound_field):
    jk, r0 = 1j * sound_field.wavenumbers, sound_field.reference_distance
    received = sound_field.received(sound_field.parts(Dipole(), AXIS))
    errors = []
    for separation in (0.004, 0.002, 0.001):
        total = 0
        for sign in (1, -1):
            place = sound_field.position + sign * separation / 2 * AXIS
            r = np.linalg.norm(sound_field.receivers - place[:, None], axis=0)
            total = total + sign * np.exp(-jk * r) / r
        total = total * sound_field.spectrum * r0**2 / (1 + jk * r0) / separation
        errors.append(np.abs(total - received).max() / np.abs(received).max())
    assert errors[-1] < 6e-4
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.02)


@pytest.mark.parametrize("num_samples", [500, 501])
def test_on_its_axis_the_reference_position_receives_the_waveform_itself(sound_field, num_samples):
    sound_field.waveform = sound_field.waveform[:num_samples]
    axis = (sound_field.reference - sound_field.position) / sound_field.reference_distance
    parts = sound_field.parts(Dipole(), axis)
    at_reference = sum(part.waveform * part.gains[-1] for part in parts) / sound_field.reference_distance
    np.testing.assert_allclose(at_reference, sound_field.waveform, atol=1e-6)
    assert Dipole().reference_power(sound_field.position, axis, sound_field.reference) == pytest.approx(1, abs=1e-15)


def test_the_reference_power_is_the_power_there_at_every_line(sound_field):
    power = Dipole().reference_power(sound_field.position, AXIS, sound_field.reference)
    received = sound_field.received(sound_field.parts(Dipole(), AXIS))[:, -1:]
    assert power == pytest.approx(cosines(sound_field)[-1] ** 2, rel=1e-14)
    np.testing.assert_allclose(np.abs(received) ** 2, power * np.abs(sound_field.spectrum) ** 2, rtol=1e-4)


def test_at_one_distance_the_pressure_goes_with_the_cosine(sound_field):
    angles = np.linspace(0, np.pi, 7)
    across = np.cross(AXIS, [0, 0, 1]) / np.linalg.norm(np.cross(AXIS, [0, 0, 1]))
    ways = np.cos(angles) * AXIS[:, None] + np.sin(angles) * across[:, None]
    sound_field.receivers = sound_field.position[:, None] + 0.3 * ways
    received = sound_field.received(sound_field.parts(Dipole(), AXIS))
    np.testing.assert_allclose(received, received[:, :1] * np.cos(angles), atol=1e-12 * np.abs(received).max())
    np.testing.assert_allclose(Dipole().pattern(ways, AXIS), np.cos(angles), atol=1e-15)


def test_nothing_goes_at_right_angles_to_the_axis(sound_field):
    across = np.linalg.svd(AXIS[None])[2][1:]
    sound_field.receivers = sound_field.position[:, None] + 0.7 * across.T
    for part in sound_field.parts(Dipole(), AXIS):
        assert np.abs(part.gains).max() < 1e-15


def test_pressure_falls_with_the_square_of_the_distance_at_low_frequencies_and_with_the_distance_at_high(sound_field):
    sound_field.waveform = np.random.default_rng(2).standard_normal(8001).astype(np.float32)
    sound_field.receivers = sound_field.position[:, None] + AXIS[:, None] * [0.25, 0.5]
    nearer, farther = np.abs(sound_field.received(sound_field.parts(Dipole(), AXIS))).T
    k = sound_field.wavenumbers[:, 0]
    expected = 4 * np.sqrt((1 + (k * 0.25) ** 2) / (1 + (k * 0.5) ** 2))
    np.testing.assert_allclose(nearer / farther, expected, rtol=1e-4)
    assert k[1] * 0.5 < 0.02
    assert nearer[1] / farther[1] == pytest.approx(4, rel=1e-3)
    assert nearer[-1] / farther[-1] == pytest.approx(2, rel=1e-3)


def test_a_constant_is_all_near_field(sound_field):
    sound_field.waveform = np.full(300, 2.0, dtype=np.float32)
    far, near = sound_field.parts(Dipole(), AXIS)
    np.testing.assert_allclose(far.waveform, 0, atol=1e-6)
    np.testing.assert_allclose(near.waveform, 2, rtol=1e-6)
    assert far.waveform.dtype == near.waveform.dtype == np.float32


def test_acoulars_dipole_is_a_monopole_times_a_cosine(sound_field):
    """Both of its delays round alike: derivative and near field are lost. If this fails, Acoular has changed."""
    dipole = sound_field.simulated(
        sound_field.waveform, 16, source=acoular.PointSourceDipole, direction=tuple(AXIS.tolist())
    )
    monopole = sound_field.simulated(sound_field.waveform, 16)
    np.testing.assert_allclose(dipole, cosines(sound_field) * monopole, atol=1e-7)
    lowest = np.fft.rfft(dipole, axis=0)[1] * sound_field.reference_distance
    too_loud = np.abs(lowest / exact(sound_field)[1])
    np.testing.assert_allclose(too_loud, sound_field.distances / sound_field.reference_distance, rtol=0.1)


def test_acoulars_dipole_is_thousands_of_times_too_loud_where_its_delays_round_differently(sound_field):
    """If this fails, Acoular has changed."""
    edge = (16 * 20 + 0.5) / 16 * 343 / 13720  # m
    sound_field.receivers = sound_field.position[:, None] + np.array([[edge], [0.0], [0.0]])
    dipole = sound_field.simulated(
        sound_field.waveform, 16, source=acoular.PointSourceDipole, direction=(1.0, 0.0, 0.0)
    )
    monopole = sound_field.simulated(sound_field.waveform, 16)
    assert np.abs(dipole).max() > 1e3 * np.abs(monopole).max()
