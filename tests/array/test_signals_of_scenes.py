"""Scenes whose sources radiate signals of their own: labels, maps, modes and engines."""

import pickle

import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import apply_batch_computation

PINK = {"kind": "colored_noise", "exponent": 1.0}
ANY_COLOR = {"kind": "colored_noise", "exponent": {"dist": "uniform", "loc": -1.0, "scale": 3.0}, "low": 100.0}
CORRELATED = {"kind": "correlated_noise", "coherence": 0.7}
TONES = {"kind": "tones", "frequency": {"dist": "uniform", "loc": 500.0, "scale": 500.0}, "num_harmonics": 3}
KNOWN = {"pink": PINK, "any color": ANY_COLOR, "correlated": CORRELATED, "tones": TONES}
LABELS = ("source_strength_analytic", "source_strength_estimated", "csm")


def speech_like(rng, num_samples, sample_rate=13_720.0):
    """Syllables of a voice that glides, with pauses and breath: from line to line by up to 50 dB."""
    time = np.arange(num_samples) / sample_rate
    pitch = 120 * (1 + 0.2 * np.sin(2 * np.pi * (1.3 * time + rng.random())))
    phase = 2 * np.pi * np.cumsum(pitch) / sample_rate
    voice = sum(np.sin(number * phase) / number**1.2 for number in range(1, 50))
    syllables = np.maximum(0, np.sin(2 * np.pi * (4 * time + rng.random()))) ** 2
    return syllables * (voice + 0.02 * rng.standard_normal(num_samples))


def source(setup, signals, **options):
    defaults = {"num_records": 8, "setup": setup, "signal_length": 2.0, "max_nsources": 3, "mic_sig_noise": False}
    return apg.SyntheticSource(signals=signals, **(defaults | options))


@pytest.mark.parametrize(
    "kind", ["pink", "tones", *(pytest.param(name, marks=pytest.mark.slow) for name in ("any color", "correlated"))]
)
def test_labels_of_all_modes_belong_to_the_same_spectra(small_setup, kind):
    """K averages vary by 1/√K = 3.2 %: 31 bins of 3 sources within 4.5 σ, at 99.9 %; tones do not vary."""
    options = {"signal_length": 8.0, "min_nsources": 3, "features": LABELS}
    signals = KNOWN[kind]
    welch, wishart = (source(small_setup, signals, mode=mode, **options)[2] for mode in ("welch", "wishart"))
    expected = welch["source_strength_analytic"]
    assert np.array_equal(wishart["source_strength_analytic"], expected)
    strengths = source(small_setup, None, **options).inputs[2]["strengths"]
    np.testing.assert_allclose(expected.sum(axis=0), strengths, rtol=1e-3)
    tolerance = 4.5 / np.sqrt(0.95 * 999)
    for record in (welch, wishart):
        if kind == "tones" and record is welch:
            np.testing.assert_allclose(
                record["source_strength_estimated"], expected, atol=2e-3 * expected.max(axis=0).min()
            )
            continue
        for number in range(3):
            measured = record["source_strength_estimated"][2:-2, number]
            np.testing.assert_allclose(measured, expected[2:-2, number], rtol=tolerance, atol=1e-6 * expected.max())


def test_analytic_matrices_are_those_of_independent_calculations(small_setup):
    """C = Σ_ij √(q_i q_j) R_ij g_i g_jᴴ with g_mj = r₀/r e^{−jk r}: the sources are correlated where they are."""
    scenes = source(small_setup, CORRELATED, mode="analytic", features="csm", min_nsources=3)
    scene, element = scenes.inputs[4], scenes[4]
    positions, mics = scene["positions"].astype(float), scene["mic_positions"].astype(float)
    to_reference = np.linalg.norm(positions - small_setup.reference[:, None], axis=0)
    to_mics = np.linalg.norm(mics[:, :, None] - positions[:, None], axis=0)
    correlation = np.full((3, 3), 0.7) + 0.3 * np.eye(3)
    powers = scene["strengths"][:, None] * scene["signal_line_powers"].T.astype(float)
    for line, frequency in enumerate(small_setup.bin_frequencies):
        transfer = to_reference / to_mics * np.exp(-2j * np.pi * frequency / small_setup.speed_of_sound * to_mics)
        columns = transfer * np.sqrt(powers[:, line])
        expected = columns @ correlation @ columns.conj().T
        np.testing.assert_allclose(element["csm"][line], expected, atol=2e-5 * np.abs(expected).max())


def test_modes_of_correlated_sources_follow_from_their_matrix(small_setup):
    names = ("csm", "eigmode")
    element = source(small_setup, CORRELATED, mode="analytic", features=names, f=1000.0, min_nsources=3)[4]
    csm = element["csm"][0].astype(complex)
    values = np.linalg.norm(element["eigmode"][0], axis=0)
    np.testing.assert_allclose(values, np.maximum(np.linalg.eigvalsh(csm), 0), atol=1e-5 * values.max())


@pytest.mark.slow
def test_wishart_matrices_of_correlated_sources_have_the_analytic_mean(small_setup):
    """Means of 400 draws of K = 236 averages: 5 × 5 elements within 5 σ = 5/√(400 K) of their auto powers."""
    options = {"num_records": 1, "min_nsources": 3, "f": [1000.0, 4000.0], "features": ("csm", *LABELS[:2])}
    drawn = source(small_setup, CORRELATED, mode="wishart", **options)
    analytic = source(small_setup, CORRELATED, mode="analytic", **options | {"features": "csm"})
    scene = drawn.inputs.batch([0])
    many = {name: np.repeat(array, 400, axis=0) for name, array in scene.items()}
    many["key"] = np.random.default_rng(5).integers(0, 2**32, (400, 2), dtype=np.uint32)
    draws = apply_batch_computation(drawn.compute_batch, many)
    expected, averages = analytic[0]["csm"], 0.95 * 249
    auto = np.sqrt(np.real(np.einsum("fm,fn->fmn", *[np.einsum("fmm->fm", expected)] * 2)))
    # At the Nyquist frequency matrices are real and vary twice as much.
    for line, (wanted, variance) in enumerate([(expected[0], 1), (expected[1].real, 2)]):
        error = np.abs(np.asarray(draws["csm"])[:, line].mean(axis=0) - wanted) / auto[line]
        assert error.max() < 5 * np.sqrt(variance / (400 * averages))
    powers = np.asarray(draws["source_strength_estimated"]).mean(axis=0)
    np.testing.assert_allclose(powers, draws["source_strength_analytic"][0], rtol=5 * np.sqrt(2 / (400 * averages)))


def test_both_engines_simulate_the_same_recording():
    """The difference is Acoular's rounding of delays, and falls as 1/upsampling."""
    setup = apg.MeasurementSetup.default()
    options = {"signal_length": 1.0, "f": setup.bin_frequencies[37], "features": "csm", "max_nsources": 2}
    for signals in (PINK, speech_like):
        exact = source(setup, signals, engine="jax", **options)[1]["csm"]
        errors = [
            np.linalg.norm(source(setup, signals, upsampling=upsampling, **options)[1]["csm"] - exact)
            / np.linalg.norm(exact)
            for upsampling in (64, 256, 1024)
        ]
        assert errors[2] < 1e-3
        assert errors[0] > 2 * errors[1] > 4 * errors[2]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["acoular", "jax"])
def test_shorter_recordings_are_the_beginnings_of_longer_ones(small_setup, engine):
    lengths = {"dist": "uniform", "loc": 0.2, "scale": 0.3}
    options = {"engine": engine, "features": "time_data", "upsampling": 64}
    short = source(small_setup, PINK, random_signal_length=True, signal_lengths=lengths, **options)
    whole = source(small_setup, PINK, signal_length=0.5, **options)
    assert short.element_spec["time_data"].shape == whole.element_spec["time_data"].shape
    for index in (0, 1):
        one, other = short[index], whole[index]
        length = int(one["num_samples"])
        assert length < 4000
        scale = np.abs(other["time_data"]).max()
        np.testing.assert_allclose(one["time_data"][:length], other["time_data"][:length], atol=1e-5 * scale)
        assert not one["time_data"][length:].any()


@pytest.mark.slow
@pytest.mark.parametrize("signals", [PINK, speech_like], ids=["pink", "speech-like"])
def test_levels_on_the_grid_are_the_labels_in_every_third_octave(signals):
    """Formulation III, source near the centre: Welch's loss of coherence takes 0.02 to 0.05 dB there.

    Overlapping Hann blocks weigh instants by 0.5 to 1, so pulses of a voice that arrive some samples apart count
    differently: 0.03 dB in 5 s.
    """
    setup = apg.MeasurementSetup.default()
    record = source(
        setup,
        signals,
        features=("sourcemap", "source_strength_estimated", "loc"),
        f=[630.0, 1000.0, 1600.0, 2500.0, 4000.0],
        num=3,
        max_nsources=1,
        mic_pos_noise=False,
        snap_to_grid=True,
        locations={"dist": "uniform", "loc": -0.05, "scale": 0.1},
        engine="jax",
        signal_length=5.0,
    )[0]
    cell = tuple(setup.grid.nearest(record["loc"][None, :2, 0])[0])
    level = 10 * np.log10(record["sourcemap"][:, *cell] / record["source_strength_estimated"][:, 0])
    assert np.all(np.abs(level) < 0.06)


@pytest.mark.slow
@pytest.mark.parametrize("signals", [PINK, speech_like], ids=["pink", "speech-like"])
def test_maps_have_their_maximum_on_the_source_in_every_third_octave(signals):
    setup = apg.MeasurementSetup.default()
    scenes = source(
        setup,
        signals,
        features=({"name": "sourcemap", "options": {"steering": "IV"}}, "loc"),
        f=[1000.0, 1600.0, 2500.0, 4000.0],
        num=3,
        max_nsources=1,
        mic_pos_noise=False,
        snap_to_grid=True,
        engine="jax",
        signal_length=1.0,
    )
    for index in (0, 1):
        record = scenes[index]
        cell = setup.grid.nearest(record["loc"][None, :2, 0])[0]
        for powers in record["sourcemap"]:
            assert np.array_equal(np.unravel_index(powers.argmax(), powers.shape), cell)


@pytest.mark.slow
def test_batches_agree_with_single_records(small_setup):
    names = ("csm", "source_strength_analytic", "source_strength_estimated", "source_correlation")
    for mode in ("welch", "wishart"):
        scenes = source(small_setup, CORRELATED, mode=mode, engine="jax", features=names)
        batch = apply_batch_computation(scenes.compute_batch, scenes.inputs.batch([5, 1]))
        for row, index in enumerate((5, 1)):
            for name, array in scenes[index].items():
                scale = np.abs(array).max()
                np.testing.assert_allclose(np.asarray(batch[name][row]), array, atol=1e-5 * scale, err_msg=name)


def test_correlations_are_a_label(small_setup):
    record = source(small_setup, CORRELATED, mode="analytic", features="source_correlation", nsources=2)[0]
    np.testing.assert_allclose(record["source_correlation"], [[1, 0.7, 0], [0.7, 1, 0], [0, 0, 0]], atol=1e-6)
    white = source(small_setup, None, features="source_correlation", nsources=2)[0]
    assert np.array_equal(white["source_correlation"], np.diag([1.0, 1.0, 0.0]))


def test_measured_coherence_is_the_drawn_one(small_setup):
    """Signals at the reference position, delays taken out; magnitude-squared coherence of K averages, by Fisher's z."""
    signals = {"kind": "correlated_noise"}
    scenes = source(small_setup, signals, features=("reference_spectrogram", "source_correlation", "loc"), nsources=3)
    quantile = stats.norm.ppf(1 - 0.001 / (2 * 3 * 29))
    for index in (0, 3):
        record = scenes[index]
        spectra = record["reference_spectrogram"].astype(complex)
        distances = np.linalg.norm(record["loc"] - small_setup.reference[:, None], axis=0)
        wavenumbers = 2 * np.pi * small_setup.bin_frequencies / small_setup.speed_of_sound
        spectra *= np.exp(1j * wavenumbers[:, None] * distances)
        averages = 0.95 * len(spectra)
        matrix = np.einsum("bfi,bfj->fij", spectra, spectra.conj())
        auto = np.sqrt(np.real(np.einsum("fii->fi", matrix)))
        measured = matrix / auto[:, :, None] / auto[:, None, :]
        for one, other in ((0, 1), (0, 2), (1, 2)):
            drawn = record["source_correlation"][one, other]
            deviation = np.arctanh(np.abs(measured[2:-1, one, other])) - np.arctanh(abs(drawn))
            assert np.all(np.abs(deviation) < quantile / np.sqrt(2 * averages) + 0.02)


def test_scenes_are_those_of_white_noise(small_setup):
    white, pink = source(small_setup, None), source(small_setup, PINK, engine="jax")
    for index in (0, 5):
        scene, other = white.inputs[index], pink.inputs[index]
        for name, array in scene.items():
            assert np.array_equal(array, other[name]), name


def test_sources_are_picklable_and_told_apart(small_setup):
    one = source(small_setup, PINK)
    assert pickle.loads(pickle.dumps(one)) == one == source(small_setup, PINK)
    assert one != source(small_setup, ANY_COLOR)
    assert one != source(small_setup, None)
    assert "signals" not in repr(source(small_setup, None))


@pytest.mark.parametrize("mode", ["analytic", "wishart"])
def test_spectral_modes_refuse_signals_without_power_spectrum(small_setup, mode):
    with pytest.raises(ArgumentError, match=f"signals=.*speech_like.* no power spectrum .*mode={mode!r}.*mode='welch'"):
        source(small_setup, speech_like, mode=mode)


def test_expected_labels_of_signals_without_power_spectrum_are_refused(small_setup):
    with pytest.raises(ArgumentError, match="source_strength_analytic.*speech_like.*source_strength_estimated"):
        source(small_setup, speech_like, features="source_strength_analytic")
    source(small_setup, speech_like, features=("loc", "source_strength_estimated", "targetmap_estimated"))
