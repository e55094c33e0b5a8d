"""AcouPipe's records recomputed with Acoular's own objects, as AcouPipe's configuration wires them."""

import acoular
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.steering import FORMULATIONS
from acoupipe_grain.cli.main import main
from acoupipe_grain.compat import AcouPipeSource
from acoupipe_grain.errors import ArgumentError

INDICES = (0, 3, 11)
BLOCKS = {"block_size": 128, "window": "Hanning", "overlap": "50%"}
FEATURES = ("time_data", "csm", "spectrogram", "sourcemap", "source_strength_analytic", "source_strength_estimated",
            "noise_strength_analytic", "noise_strength_estimated")  # fmt: skip


@pytest.fixture(scope="module")
def setup():
    half = apg.MeasurementSetup.default().aperture / 2
    return apg.MeasurementSetup(grid=apg.RectGrid(-half, half, -half, half, half, half / 8))


def source_of(setup, **options):
    return AcouPipeSource(**({"num_records": 20, "setup": setup, "signal_length": 1.0, "features": FEATURES} | options))


def acoular_sources(setup, scene, seed):
    """Return Acoular's point sources and noise with AcouPipe's seeds."""
    environment = acoular.Environment(c=343.0)
    mics = acoular.MicGeom(pos_total=scene["mic_positions"])
    common = {"num_samples": int(scene["num_samples"]), "sample_freq": setup.sample_rate}
    sources = []
    for number in range(int(scene["num_sources"])):
        place = scene["positions"][:, number]
        rms = np.sqrt(scene["strengths"][number]) * np.linalg.norm(place - setup.reference)
        signal = acoular.WNoiseGenerator(rms=rms, seed=seed + number, **common)
        sources.append(acoular.PointSource(signal=signal, loc=tuple(place), mics=mics, env=environment))
    signal = acoular.WNoiseGenerator(rms=np.sqrt(scene["noise_power"]), seed=seed + 1000, **common)
    noise = acoular.UncorrelatedNoiseSource(signal=signal, mics=mics)
    return sources, noise


def signals_of(source):
    return np.concatenate([block.copy() for block in source.result(4096)])


@pytest.fixture(scope="module", params=INDICES)
def case(request, setup):
    """One record in AcouPipe's scaling, and its signals from Acoular."""
    source = source_of(setup, scaling="acoupipe")
    scene = source.inputs.draw(request.param)
    return setup, scene, source[request.param], source.inputs.signal_seed(request.param)


def assert_close(measured, expected, tolerance=1e-5):
    assert measured.shape == expected.shape
    assert np.abs(measured - expected).max() < tolerance * np.abs(expected).max()


def test_waveforms_are_acoupipes(case):
    setup, scene, record, seed = case
    sources, noise = acoular_sources(setup, scene, seed)
    expected = sum(signals_of(source) for source in [*sources, noise])
    assert_close(record["time_data"], expected, 2e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"split": "validation"},
        {"split": "validation", "mic_pos_noise": False, "mic_sig_noise": False, "snap_to_grid": True},
        {"random_signal_length": True, "max_nsources": 2},
    ],
)
def test_waveforms_are_acoupipes_in_the_other_split_and_without_noise(setup, options):
    source = source_of(setup, features=("time_data",), **options)
    scene, length = source.inputs.draw(7), int(source.inputs.draw(7)["num_samples"])
    sources, noise = acoular_sources(setup, scene, source.inputs.signal_seed(7))
    expected = sum(signals_of(each) for each in ([*sources, noise] if scene["noise_power"] else sources))
    assert expected.shape[0] == length
    assert_close(source[7]["time_data"][:length], expected, 2e-6)


def power_spectra(source):
    return np.array(acoular.PowerSpectra(source=source, ind_low=0, ind_high=None, cached=False, **BLOCKS).csm)


def test_spectra_have_acoupipes_scaling(case):
    setup, scene, record, seed = case
    sources, noise = acoular_sources(setup, scene, seed)
    mixture = acoular.Mixer(source=noise, sources=sources)
    assert_close(record["csm"], power_spectra(mixture))
    blocks = np.concatenate([b.copy() for b in acoular.RFFT(source=mixture, **BLOCKS).result(64)])
    assert_close(record["spectrogram"], blocks.reshape(-1, 65, 64))


def test_maps_have_acoupipes_scaling(case):
    setup, scene, record, seed = case
    sources, noise = acoular_sources(setup, scene, seed)
    grid = setup.grid
    steer = acoular.SteeringVector(
        grid=acoular.RectGrid(
            x_min=grid.x_min, x_max=grid.x_max, y_min=grid.y_min, y_max=grid.y_max, z=grid.z, increment=grid.steps[0]
        ),
        mics=acoular.MicGeom(pos_total=setup.mic_positions),
        env=acoular.Environment(c=343.0),
        steer_type=FORMULATIONS["III"],
        ref=setup.reference,
    )
    spectra = acoular.PowerSpectra(
        source=acoular.Mixer(source=noise, sources=sources), ind_low=0, ind_high=None, cached=False, **BLOCKS
    )
    beamformer = acoular.BeamformerBase(freq_data=spectra, steer=steer, r_diag=False, cached=False)
    for line in (5, 37, 60):
        assert_close(record["sourcemap"][line], beamformer.synthetic(setup.bin_frequencies[line], 0))


def test_labels_have_acoupipes_scaling(case):
    setup, scene, record, seed = case
    sources, noise = acoular_sources(setup, scene, seed)
    count = int(scene["num_sources"])
    expected = np.tile(scene["strengths"] / 65, (65, 1))
    assert_close(record["source_strength_analytic"], expected)
    assert_close(record["noise_strength_analytic"], np.full((65, 64), scene["noise_power"] / 65))
    for number, source in enumerate(sources):
        source.mics = acoular.MicGeom(pos_total=setup.reference[:, None])
        assert_close(record["source_strength_estimated"][:, number], power_spectra(source)[:, 0, 0].real)
    assert not record["source_strength_estimated"][:, count:].any()
    powers = acoular.AutoPowerSpectra(source=acoular.RFFT(source=noise, **BLOCKS))
    mean = np.concatenate([block.copy() for block in powers.result(64)]).mean(axis=0).reshape(65, 64)
    assert_close(record["noise_strength_estimated"], mean)


@pytest.mark.parametrize(("scaling", "line_power"), [("acoupipe", 1 / 65), ("physical", 2 / 128)])
@pytest.mark.parametrize("index", INDICES)
def test_analytic_matrices_are_the_formula_in_either_scaling(setup, index, scaling, line_power):
    lines = [1, 20, 37, 60]
    frequencies = [float(setup.bin_frequencies[line]) for line in lines]
    source = source_of(setup, mode="analytic", features=("csm",), f=frequencies, scaling=scaling)
    scene = source.inputs.draw(index)
    count = int(scene["num_sources"])
    positions, mics = scene["positions"][:, :count], scene["mic_positions"]
    to_mics = np.linalg.norm(mics[:, :, None] - positions[:, None, :], axis=0)
    to_reference = np.linalg.norm(positions - setup.reference[:, None], axis=0)
    for place, frequency in enumerate(frequencies):
        transfer = to_reference / to_mics * np.exp(-2j * np.pi * frequency / 343 * (to_mics - to_reference))
        expected = transfer @ np.diag(scene["strengths"][:count]) @ transfer.conj().T
        expected += scene["noise_power"] * np.eye(64)
        assert_close(source[index]["csm"][place], expected * line_power)


def test_scaling_is_nothing_but_a_factor_per_line(setup):
    physical, acoupipe = (
        source_of(setup, scaling=scaling, features=("csm", "source_strength_analytic"))[2]
        for scaling in ("physical", "acoupipe")
    )
    blocks = (13_720 - 128) // 64 + 1
    factor = np.full(65, blocks / ((13_720 - 128) / 64 + 1))
    factor[[0, -1]] *= 2
    assert_close(acoupipe["csm"], physical["csm"] * factor[:, None, None], 2e-6)
    present, name = physical["source_mask"], "source_strength_analytic"
    inner = acoupipe[name][1:-1, present] / physical[name][1:-1, present]
    np.testing.assert_allclose(inner, 64 / 65, rtol=1e-6)  # 1.54 % low


@pytest.mark.slow
def test_bands_work_in_both_scalings(setup):
    for scaling, mode in (("physical", "wishart"), ("acoupipe", "analytic")):
        record = source_of(setup, mode=mode, features=("csm",), f=4000.0, num=3, scaling=scaling)[1]
        assert record["csm"].shape == (1, 64, 64)


def test_acoupipes_random_matrices_are_not_pretended(setup):
    with pytest.raises(ArgumentError, match="use scaling='physical' for this package's draws"):
        source_of(setup, mode="wishart", features=("csm",), scaling="acoupipe")


def test_frequencies_between_bins_are_not_guessed_in_acoupipes_scaling(setup):
    with pytest.raises(ArgumentError, match=r"f=4000.*next higher one \(4073\.125 Hz\).*nearest \(3965\.9375 Hz\)"):
        source_of(setup, f=4000.0, scaling="acoupipe")
    assert source_of(setup, f=4000.0)[0]["csm"].shape == (1, 64, 64)
    assert source_of(setup, f=4073.125, scaling="acoupipe")[0]["csm"].shape == (1, 64, 64)


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ArgumentError, match="did you mean 'acoupipe'"):
        AcouPipeSource(scaling="acopipe")


@pytest.mark.slow
def test_data_sets_are_exported_from_the_command_line_and_verified(tmp_path):
    flags = ["num_records=4", "split=validation", "signal_length=0.2", "scaling=acoupipe", "f=4073.125"]
    arguments = ["export", str(tmp_path / "data"), *(f"--AcouPipeSource.{flag}" for flag in flags)]
    saved = tmp_path / "used.yml"
    assert main([*arguments, "--export.num_workers", "0", "--args.save", str(saved)]) == 0
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert stored.configuration["source"]["class"] == "AcouPipeSource"
    apg.verify(tmp_path / "data", deep=True)
    source = AcouPipeSource(4, split="validation", signal_length=0.2, scaling="acoupipe", f=4073.125)
    assert np.array_equal(stored[3]["sourcemap"], source[3]["sourcemap"])
    assert main(["export", str(tmp_path / "again"), "--args.load", str(saved)]) == 0


def test_keys_of_two_sources_are_ambiguous(tmp_path, capsys):
    flags = ["--AcouPipeSource.num_records", "4", "--SyntheticSource.num_records", "4"]
    assert main(["export", str(tmp_path / "data"), *flags]) == 2
    assert "keys of SyntheticSource and AcouPipeSource" in capsys.readouterr().err
