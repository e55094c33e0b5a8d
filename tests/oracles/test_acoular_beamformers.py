"""Every beamformer against Acoular's (https://acoular.org, version 26.8) on the same cross-spectral matrix.

The matrices are simulated by all three modes, and read back from a stored data set. Acoular computes in double
precision with phases rounded to float32; the maps agree to 1e-4 of their maximum, most of them far better.
"""

import acoular
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.steering import FORMULATIONS

TOLERANCE = 1e-4
LINES = (5, 20, 37)
RECORDS = (0, 1, 5)
WITHOUT_DIAGONAL = {
    "conventional": ({}, acoular.BeamformerBase, {}),
    "eigenvalue": ({"component": -2}, acoular.BeamformerEig, {"n": -2}),
    "orthogonal": ({"num_components": 6}, acoular.BeamformerOrth, {"n": 6}),
    "clean_sc": ({}, acoular.BeamformerCleansc, {}),
}
WHOLE_MATRIX = {
    "functional": ({"gamma": 30.0}, acoular.BeamformerFunctional, {"gamma": 30.0}),
    "capon": ({}, acoular.BeamformerCapon, {}),
    "music": ({"num_components": 4}, acoular.BeamformerMusic, {"n": 4}),
}
CASES = [(method, removed) for method in WITHOUT_DIAGONAL for removed in (False, True)]
CASES += [(method, False) for method in WHOLE_MATRIX]
LONG = (("clean_sc", True), ("clean_sc", False))
"""Cases that are tested with formulation III alone, unless there is time for all."""
TESTED = [
    pytest.param(*case, formulation, marks=pytest.mark.slow if case in LONG and formulation != "III" else ())
    for case in CASES
    for formulation in FORMULATIONS
]


def label(method, removed, formulation):
    return f"{method}_{removed}_{formulation}"


def requested():
    for method, removed in CASES:
        options = {**WITHOUT_DIAGONAL, **WHOLE_MATRIX}[method][0]
        for number in FORMULATIONS:
            name = label(method, removed, number)
            yield apg.feature(
                "sourcemap", label=name, method=method, steering=number, remove_diagonal=removed, **options
            )


def source_of(mode, features, **scenes):
    setup = apg.MeasurementSetup.default()
    half = setup.aperture / 2
    grid = apg.RectGrid(-half, half, -half, half, half, half / 8)
    return apg.SyntheticSource(
        6,
        seed=4,
        mode=mode,
        setup={"grid": grid},
        features=features,
        f=[float(setup.bin_frequencies[line]) for line in LINES],
        **({"min_nsources": 2, "max_nsources": 4, "signal_length": 1.0} | scenes),
    )


@pytest.fixture(scope="module", params=["welch", "analytic", "wishart", "stored"])
def records(request, tmp_path_factory):
    """Some records with all maps: computed on the fly, or from shards."""
    mode = "wishart" if request.param == "stored" else request.param
    source = source_of(mode, ("csm", *requested()))
    if request.param != "stored":
        return source.setup, [source[index] for index in RECORDS]
    folder = tmp_path_factory.mktemp("stored")
    apg.export(source, folder / "data", num_workers=0, progress=False)
    stored = apg.ArrayRecordSource(folder / "data")
    return source.setup, [stored[index] for index in RECORDS]


def acoular_map(setup, csm, method, removed, formulation):
    grid = setup.grid
    steer = acoular.SteeringVector(
        grid=acoular.RectGrid(
            x_min=grid.x_min, x_max=grid.x_max, y_min=grid.y_min, y_max=grid.y_max, z=grid.z, increment=grid.steps[0]
        ),
        mics=acoular.MicGeom(pos_total=setup.mic_positions),
        env=acoular.Environment(c=setup.speed_of_sound),
        steer_type=FORMULATIONS[formulation],
        ref=setup.reference,
    )
    frequencies = setup.bin_frequencies[list(LINES)]
    spectra = acoular.PowerSpectraImport(csm=csm.astype(complex), frequencies=frequencies)
    _, beamformer, options = {**WITHOUT_DIAGONAL, **WHOLE_MATRIX}[method]
    if removed:
        options = options | {"r_diag": True}
    elif method in WITHOUT_DIAGONAL:
        options = options | {"r_diag": False}
    result = beamformer(freq_data=spectra, steer=steer, cached=False, **options)
    return np.array([result.synthetic(frequency, 0) for frequency in frequencies])


@pytest.mark.parametrize(("method", "removed", "formulation"), TESTED)
def test_maps_agree(records, method, removed, formulation):
    setup, elements = records
    for element in elements:
        expected = acoular_map(setup, element["csm"], method, removed, formulation)
        measured = element[label(method, removed, formulation)]
        assert measured.shape == expected.shape == (3, 17, 17)
        for line in range(3):
            assert expected[line].max() > 0
            np.testing.assert_allclose(measured[line], expected[line], atol=TOLERANCE * expected[line].max(), rtol=0)


@pytest.mark.parametrize("method", WHOLE_MATRIX)
def test_maps_agree_with_the_least_sensor_noise(method):
    options = WHOLE_MATRIX[method][0]
    feature = apg.feature("sourcemap", label=label(method, False, "III"), method=method, **options)
    source = source_of("wishart", ("csm", feature), noise=1e-5, min_nsources=1)
    element = source[2]
    expected = acoular_map(source.setup, element["csm"], method, False, "III")
    for line in range(3):
        measured = element[label(method, False, "III")][line]
        np.testing.assert_allclose(measured, expected[line], atol=TOLERANCE * expected[line].max(), rtol=0)
