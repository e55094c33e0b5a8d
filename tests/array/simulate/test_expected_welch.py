"""The expectation of Welch's estimate against its definition, closed forms and published numbers."""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError


@pytest.fixture(scope="module")
def setup():
    return apg.MeasurementSetup.default()


def scene_at(setup, *places, strength=2.0, noise=0.0):
    count = len(places)
    return {
        "positions": np.array([(*place, 0.5) for place in places]).T,
        "strengths": np.full(count, strength),
        "mic_positions": setup.mic_positions,
        "noise_power": np.array(noise),
        "num_sources": np.array(count),
    }


def delays_of(setup, place):
    distances = np.linalg.norm(np.array([*place, 0.5])[:, None] - setup.mic_positions, axis=0)
    return distances, distances / setup.speed_of_sound * setup.sample_rate


@pytest.mark.parametrize("upsampling", [None, 16])
@pytest.mark.parametrize("window", ["hanning", "hamming", "rectangular"])
def test_it_is_the_covariance_of_windowed_spectra_of_shifted_noise(window, upsampling):
    """E[X_m X_n*] = Σ_a Σ_b w(a) w(b) E[p_m(a) p_n(b)] e^{−jω(a−b)}, summed as it stands."""
    setup = apg.MeasurementSetup(block_size=64, window=window)
    place = (0.35, -0.15)
    measured = apg.expected_welch_csm(setup, scene_at(setup, place, noise=0.3), upsampling)
    distances, delays = delays_of(setup, place)
    if upsampling:
        delays = -np.floor(-delays * upsampling + 0.5) / upsampling  # Acoular: floor(0.5 + up (n − delay))
    to_reference = np.linalg.norm(np.array([*place, 0.5]) - setup.reference)
    weights, samples = setup.window_values, np.arange(64)
    difference = samples[:, None] - samples
    for m, n in ((0, 1), (5, 40), (63, 2), (7, 7)):
        sinc = np.sinc(difference - (delays[m] - delays[n]))
        correlation = 2.0 * to_reference**2 / distances[m] / distances[n] * sinc
        correlation += 0.3 * (difference == 0) * (m == n)
        for k in (0, 1, 20, 31, 32):
            phases = np.exp(-2j * np.pi * k / 64 * difference)
            scale = (1 if k in (0, 32) else 2) / (64 * np.sum(weights**2))
            expected = scale * np.sum(weights[:, None] * weights * correlation * phases)
            np.testing.assert_allclose(measured[k, m, n], expected, atol=1e-14)


def test_coherence_is_lost_as_the_closed_form_for_a_hann_window_says(setup):
    place = (0.3, 0.2)
    csm = apg.expected_welch_csm(setup, scene_at(setup, place))
    _, delays = delays_of(setup, place)
    shift = delays[0] - delays
    z = np.abs(shift) / 127
    correlation = (1 - z) * (2 / 3 + np.cos(2 * np.pi * z) / 3) + np.sin(2 * np.pi * z) / (2 * np.pi)
    power = np.sqrt(np.diagonal(csm, axis1=1, axis2=2).real)
    for k in range(62):
        expected = correlation * np.exp(-2j * np.pi * k / 128 * shift)
        np.testing.assert_allclose(csm[k, 0] / (power[k, 0] * power[k]), expected, atol=1.5e-4)


@pytest.mark.parametrize(("place", "least"), [((0, 0), 0.97), ((0.3, 0.2), 0.85), ((0.5, 0.5), 0.70)])
def test_the_default_array_loses_so_much_coherence(setup, place, least):
    csm = apg.expected_welch_csm(setup, scene_at(setup, place))[37]
    power = np.diagonal(csm).real
    coherence = np.abs(csm) / np.sqrt(np.outer(power, power))
    assert coherence.min() == pytest.approx(least, abs=0.006)


@pytest.mark.parametrize(("place", "decibel"), [((0, 0), -0.02), ((0.3, 0.2), -0.08), ((0.5, 0.5), -0.19)])
def test_maps_lose_so_many_decibels(setup, place, decibel):
    from acoupipe_grain.array.steering import steering_vectors, transfer_vectors

    csm = apg.expected_welch_csm(setup, scene_at(setup, place, strength=1.0))[37]
    wavenumber = np.array([2 * np.pi * setup.bin_frequencies[37] / setup.speed_of_sound])
    point = np.array([[*place, 0.5]]).T
    h = steering_vectors(transfer_vectors(point, setup.mic_positions, setup.reference, wavenumber), "III")[0, 0]
    level = 10 * np.log10((h.conj() @ csm @ h).real / (2 / 128))
    assert level == pytest.approx(decibel, abs=0.006)


def test_diagonals_are_those_of_the_analytic_mode(setup):
    analytic = apg.SyntheticSource(5, mode="analytic", features=("csm",))
    expected = apg.expected_welch_csm(None, analytic.inputs[2])
    diagonal = np.diagonal(analytic[2]["csm"], axis1=1, axis2=2)
    np.testing.assert_allclose(np.diagonal(expected, axis1=1, axis2=2), diagonal, rtol=1e-5)
    assert expected.shape == (65, 64, 64)
    assert expected.dtype == complex
    np.testing.assert_allclose(expected, expected.conj().swapaxes(1, 2), atol=1e-15)
    np.testing.assert_allclose(expected[[0, 64]].imag, 0, atol=1e-15)


def test_rounded_delays_tend_to_exact_ones_as_one_over_the_resolution(setup):
    scene = scene_at(setup, (0.2, 0.1), (-0.3, 0.05))
    exact = apg.expected_welch_csm(setup, scene)[37]
    scale = np.diagonal(exact).real.mean()
    errors = [
        np.sqrt(np.mean(np.abs(apg.expected_welch_csm(setup, scene, n)[37] - exact) ** 2)) / scale
        for n in (16, 64, 256)
    ]
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.35)
    assert 0.02 < errors[0] < 0.08


def test_padding_is_ignored(setup):
    alone = scene_at(setup, (0.1, 0.2))
    padded = alone | {
        "positions": np.hstack([alone["positions"], np.zeros((3, 2))]),
        "strengths": np.array([2.0, 0, 0]),
    }
    assert np.array_equal(apg.expected_welch_csm(setup, alone), apg.expected_welch_csm(setup, padded))


@pytest.mark.parametrize(
    ("change", "upsampling", "message"),
    [({"strengths": None}, None, "lacks strengths"), ({}, 0, "upsampling=0"), ({}, 1.5, r"upsampling=1\.5")],
)
def test_bad_arguments_are_refused_by_name(setup, change, upsampling, message):
    scene = {name: value for name, value in (scene_at(setup, (0, 0)) | change).items() if value is not None}
    with pytest.raises(ArgumentError, match=message):
        apg.expected_welch_csm(setup, scene, upsampling)
