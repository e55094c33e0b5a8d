"""Analytic matrices against NumPy in double precision, written from the formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.spectral import analytic_csm, transfer_functions

LINES = np.array([0, 1, 37, 64])


def plain_transfer(setup, scene, lines=LINES):
    """Return (r₀/r) e^{−jk(r−r₀)}, (line, mic, source)."""
    positions, mics = scene["positions"].astype(float), scene["mic_positions"].astype(float)
    to_mics = np.linalg.norm(mics[:, :, None] - positions[:, None, :], axis=0)
    to_reference = np.linalg.norm(positions - setup.reference[:, None], axis=0)
    wavenumbers = 2 * np.pi * setup.bin_frequencies[lines] / setup.speed_of_sound
    transfer = to_reference / to_mics * np.exp(-1j * wavenumbers[:, None, None] * (to_mics - to_reference))
    return np.where(scene["source_mask"], transfer, 0)


def computed_transfer(setup, scene, lines=LINES):
    wavenumbers = 2 * np.pi * setup.bin_frequencies[lines] / setup.speed_of_sound
    quantities = (jnp.asarray(scene[name]) for name in ("positions", "source_mask", "mic_positions"))
    return transfer_functions(*quantities, jnp.asarray(setup.reference), jnp.asarray(wavenumbers))


@pytest.fixture(scope="module")
def scene():
    return apg.SceneSource(10, seed=1)[7]


@pytest.mark.parametrize(("wide", "tolerance"), [(False, 1e-5), (True, 1e-12)])
def test_transfer_functions_in_either_precision(scene, wide, tolerance):
    setup = apg.MeasurementSetup.default()
    with jax.enable_x64(wide):
        measured = computed_transfer(setup, scene)
        assert measured.dtype == ("complex128" if wide else "complex64")
    np.testing.assert_allclose(measured, plain_transfer(setup, scene), atol=tolerance)


@pytest.mark.parametrize(("wide", "tolerance"), [(False, 1e-5), (True, 1e-12)])
def test_matrices_in_either_precision(scene, wide, tolerance):
    setup = apg.MeasurementSetup.default()
    transfer, rng = plain_transfer(setup, scene), np.random.default_rng(0)
    sources, noise = rng.random((4, 10)), rng.random((4, 64))
    expected = np.einsum("fmj,fj,fnj->fmn", transfer, sources, transfer.conj())
    expected[:, range(64), range(64)] += noise
    with jax.enable_x64(wide):
        measured = np.asarray(analytic_csm(jnp.asarray(transfer * np.sqrt(sources)[:, None]), jnp.asarray(noise)))
    np.testing.assert_allclose(measured, expected, atol=tolerance * np.abs(expected).max())
    assert np.array_equal(measured, measured.conj().swapaxes(-1, -2))


def test_a_microphone_where_padding_is_does_no_harm():
    """Padded sources have the coordinates (0, 0, 0)."""
    mics = np.array([[0.0, 0.1, -0.1], [0.0, 0.05, 0.1], [0.0, 0.0, 0.0]])
    source = apg.SyntheticSource(
        5, setup={"mic_positions": mics}, mode="analytic", features=("csm",), f=2000.0, mic_pos_noise=False
    )
    for index in range(5):
        assert np.isfinite(source[index]["csm"]).all()


def test_the_analytic_mode_is_the_formula_with_the_scenes_line_powers():
    source = apg.SyntheticSource(10, mode="analytic", features=("csm", "source_strength_analytic"))
    record, scene = source[4], source.inputs[4]
    powers = np.full(65, 2 / 128)
    powers[[0, -1]] = 1 / 128  # at DC and Nyquist a line holds half as much of white noise
    transfer = plain_transfer(source.setup, scene, np.arange(65))
    expected = np.einsum("fmj,j,fnj->fmn", transfer, scene["strengths"].astype(float), transfer.conj())
    expected += float(scene["noise_power"]) * np.eye(64)
    np.testing.assert_allclose(record["csm"], expected * powers[:, None, None], atol=1e-5 * np.abs(record["csm"]).max())
    np.testing.assert_allclose(record["source_strength_analytic"], np.outer(powers, scene["strengths"]), rtol=1e-6)
