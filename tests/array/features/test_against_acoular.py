"""CSM, spectrogram and maps against Acoular on the same time data, on three of its bundled arrays.

Acoular's scaling differs in three ways, which are divided out: it averages over a fractional number of blocks, it
doubles the lines at DC and Nyquist too, and by default it leaves out the first and last line.
"""

import acoular
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.steering import FORMULATIONS

ARRAYS = {"array_56": 56, "array_64": 64, "array_84_10_9": 84}
LINES = (5, 37, 60)
TOLERANCE = 1e-5


@pytest.fixture(scope="module", params=ARRAYS)
def case(request):
    """One record of an array with all bins, and Acoular's spectra of its time data."""
    setup = apg.MeasurementSetup(mic_positions=request.param)
    half = setup.aperture / 2
    grid = apg.RectGrid(-half, half, -half, half, half, half / 8)
    setup = apg.MeasurementSetup(mic_positions=request.param, grid=grid)
    assert setup.num_mics == ARRAYS[request.param]
    maps = [
        apg.feature("sourcemap", label=f"map_{number}_{removed}", steering=number, remove_diagonal=removed)
        for number in FORMULATIONS
        for removed in (False, True)
    ]
    source = apg.SyntheticSource(3, setup=setup, features=("time_data", "csm", "spectrogram", *maps), signal_length=1.0)
    record = source[1]
    samples = acoular.TimeSamples(data=record["time_data"].astype(float), sample_freq=setup.sample_rate)
    options = {"block_size": 128, "window": "Hanning", "overlap": "50%"}
    spectra = acoular.PowerSpectra(source=samples, ind_low=0, ind_high=None, cached=False, **options)
    return setup, record, samples, spectra, options


def assert_close(measured, expected):
    assert np.abs(measured - expected).max() < TOLERANCE * np.abs(expected).max()


def test_cross_spectral_matrices_agree(case):
    setup, record, samples, spectra, _ = case
    expected = np.array(spectra.csm) * spectra.num_blocks / setup.num_blocks(samples.num_samples)
    expected[[0, -1]] /= 2
    assert_close(record["csm"], expected)
    for line in range(65):
        assert_close(record["csm"][line], expected[line])


def test_spectrograms_agree(case):
    setup, record, samples, _, options = case
    blocks = acoular.RFFT(source=samples, scaling="none", **options).result(1)
    expected = np.array([block.reshape(65, setup.num_mics).copy() for block in blocks])
    # "none" divides by the root of the window's mean square; ours are root mean squares of one-sided lines.
    expected *= np.sqrt(2) / setup.block_size
    expected[:, [0, -1]] /= np.sqrt(2)
    assert expected.shape == record["spectrogram"].shape
    assert_close(record["spectrogram"], expected)


def test_the_mean_square_of_the_spectrogram_is_the_diagonal_of_the_matrix(case):
    _, record, *_ = case
    power = np.mean(np.abs(record["spectrogram"]) ** 2, axis=0)
    np.testing.assert_allclose(power, np.diagonal(record["csm"], axis1=1, axis2=2).real, rtol=1e-4)


@pytest.mark.parametrize("removed", [False, True])
@pytest.mark.parametrize(("formulation", "acoular_name"), FORMULATIONS.items())
def test_maps_agree(case, formulation, acoular_name, removed):
    setup, record, samples, spectra, _ = case
    grid = setup.grid
    steer = acoular.SteeringVector(
        grid=acoular.RectGrid(
            x_min=grid.x_min, x_max=grid.x_max, y_min=grid.y_min, y_max=grid.y_max, z=grid.z, increment=grid.steps[0]
        ),
        mics=acoular.MicGeom(pos_total=setup.mic_positions),
        env=acoular.Environment(c=setup.speed_of_sound),
        steer_type=acoular_name,
        ref=setup.reference,
    )
    beamformer = acoular.BeamformerBase(freq_data=spectra, steer=steer, r_diag=removed, cached=False)
    scale = spectra.num_blocks / setup.num_blocks(samples.num_samples)
    for line in LINES:
        expected = beamformer.synthetic(spectra.fftfreq()[line], 0) * scale
        measured = record[f"map_{formulation}_{removed}"][line]
        assert measured.shape == expected.shape == (17, 17)
        assert_close(measured, expected)
