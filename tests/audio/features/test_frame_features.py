"""Features against librosa and SciPy, in double precision there, and against numbers that are known."""

import jax
import jax.numpy as jnp
import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal
from frame_signals import FRAMINGS, SAMPLE_RATE, SIGNALS, noise, samples_of

from acoupipe_grain.audio.features import FrameFeatureGraph, Framing, frame_feature, resolve_frame_features
from acoupipe_grain.audio.features.frame_features import energy, spectral_flatness, zero_crossing_rate

N_MELS = 40
FEATURES = (
    "energy",
    "spectral_flatness",
    "magnitude_spectrum",
    "power_spectrum",
    "zero_crossing_rate",
    frame_feature("mel_spectrum", n_mels=N_MELS),
    frame_feature("mel_spectrum", label="mel_powers", n_mels=N_MELS, log=False),
    frame_feature("mfcc", n_mels=N_MELS),
    frame_feature("mfcc", label="all_mfcc", n_mels=N_MELS, n_mfcc=N_MELS),
)


@pytest.fixture(scope="module", params=FRAMINGS, ids=str)
def computed(request):
    """The framing, and all features of all signals."""
    framing = Framing(SAMPLE_RATE, *request.param)
    graph = FrameFeatureGraph(resolve_frame_features(FEATURES), framing, SAMPLE_RATE)
    audio = np.stack([samples_of(signal, framing) for signal in SIGNALS.values()])
    features = {key: np.asarray(array) for key, array in jax.jit(graph)(audio).items()}
    assert all(array.dtype == np.float32 for array in features.values())
    return framing, audio, features


def spectra_of(audio, framing):
    """Return librosa's spectra of the frames, (signal, bin, frame)."""
    whole = audio[:, : (framing.num_frames(SAMPLE_RATE) - 1) * framing.hop_size + framing.window_size]
    sizes = {"n_fft": framing.window_size, "hop_length": framing.hop_size}
    return librosa.stft(whole.astype(np.float64), **sizes, window="hann", center=False)


def mel_levels_of(audio, framing):
    filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=framing.window_size, n_mels=N_MELS, dtype=np.float64)
    return 10 * np.log10(np.maximum(filters @ np.abs(spectra_of(audio, framing)) ** 2, 1e-10))


def test_mel_levels_are_librosas_within_1e_4_db(computed):
    framing, audio, features = computed
    np.testing.assert_allclose(features["mel_spectrum"], mel_levels_of(audio, framing), atol=1e-4, rtol=0)


def test_mel_powers_are_those_of_the_levels(computed):
    """Within three units in the last place of single precision at 100 dB."""
    _, _, features = computed
    levels = 10 * np.log10(np.maximum(features["mel_powers"].astype(np.float64), 1e-10))
    np.testing.assert_allclose(features["mel_spectrum"], levels, atol=2.3e-5, rtol=0)


def test_mfcc_are_librosas_within_1e_4_db(computed):
    framing, audio, features = computed
    levels = mel_levels_of(audio, framing)
    np.testing.assert_allclose(features["mfcc"], librosa.feature.mfcc(S=levels, n_mfcc=20), atol=1e-4, rtol=0)
    assert features["mfcc"].shape == (len(SIGNALS), 20, framing.num_frames(SAMPLE_RATE))


def test_mfcc_are_scipys_orthonormal_cosine_transform(computed):
    _, _, features = computed
    expected = scipy.fft.dct(features["mel_spectrum"].astype(np.float64), type=2, norm="ortho", axis=-2)
    np.testing.assert_allclose(features["all_mfcc"], expected, atol=1e-4, rtol=0)


def test_mfcc_of_silence_are_one_number():
    graph = FrameFeatureGraph(resolve_frame_features("mfcc"), Framing(SAMPLE_RATE, 1024), 4096)
    coefficients = np.asarray(graph(np.zeros(graph.num_samples_read, np.float32))["mfcc"])
    expected = np.zeros_like(coefficients)
    expected[0] = -100 * np.sqrt(128)
    np.testing.assert_allclose(coefficients, expected, atol=1e-4, rtol=0)


def test_spectra_are_scipys(computed):
    framing, audio, features = computed
    count = framing.num_frames(SAMPLE_RATE)
    frames = np.lib.stride_tricks.sliding_window_view(audio, framing.window_size, axis=-1)[:, :: framing.hop_size]
    window = scipy.signal.get_window("hann", framing.window_size)
    spectra = np.swapaxes(scipy.fft.rfft(frames[:, :count].astype(np.float64) * window), -1, -2)
    for key, expected in (("magnitude_spectrum", np.abs(spectra)), ("power_spectrum", np.abs(spectra) ** 2)):
        assert features[key].shape == expected.shape
        np.testing.assert_allclose(features[key], expected, atol=1e-6 * expected.max(), rtol=1e-5)


@pytest.mark.parametrize("window", ["hann", "hamming", "blackman"])
def test_spectra_are_those_of_scipys_short_time_transform(window):
    audio = noise(2, 4000)
    graph = FrameFeatureGraph(
        resolve_frame_features("magnitude_spectrum"), Framing(SAMPLE_RATE, 480, 120, window), 3000
    )
    transform = scipy.signal.ShortTimeFFT(scipy.signal.get_window(window, 480), 120, SAMPLE_RATE)
    # Its frame 0 is centred on the first sample; frame 2 begins with it.
    expected = np.abs(transform.stft(audio.astype(np.float64), p0=2, p1=2 + graph.num_frames))
    found = graph(audio[:, : graph.num_samples_read])["magnitude_spectrum"]
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.max())


def test_the_energy_is_the_sum_of_squares_under_the_window(computed):
    framing, audio, features = computed
    frames = np.lib.stride_tricks.sliding_window_view(audio, framing.window_size, axis=-1)[:, :: framing.hop_size]
    windowed = frames[:, : framing.num_frames(SAMPLE_RATE)] * scipy.signal.get_window("hann", framing.window_size)
    expected = np.sum(windowed**2, axis=-1)
    np.testing.assert_allclose(features["energy"], expected, rtol=1e-5)


def test_the_zero_crossing_rate_is_librosas(computed):
    framing, audio, features = computed
    whole = audio[:, : (framing.num_frames(SAMPLE_RATE) - 1) * framing.hop_size + framing.window_size]
    sizes = {"frame_length": framing.window_size, "hop_length": framing.hop_size}
    expected = librosa.feature.zero_crossing_rate(whole, **sizes, center=False)[:, 0]
    np.testing.assert_allclose(features["zero_crossing_rate"], expected, atol=1e-7)


def test_the_flatness_is_that_of_the_magnitudes(computed):
    _, _, features = computed
    magnitudes = features["magnitude_spectrum"].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.exp(np.log(magnitudes).mean(axis=-2)) / magnitudes.mean(axis=-2)
    expected[np.isnan(expected)] = 1
    np.testing.assert_allclose(features["spectral_flatness"], expected, atol=1e-5)


def test_a_hundred_values_of_2_have_the_energy_400():
    assert energy(jnp.full(100, 2.0)) == 400
    graph = FrameFeatureGraph(resolve_frame_features("energy"), Framing(1000, 100, 100, "rectangular"), 300)
    np.testing.assert_array_equal(graph(np.full(300, 2.0))["energy"], [400, 400, 400])


def test_the_flatness_of_ones_is_1_of_a_line_0_and_of_silence_1():
    assert spectral_flatness(jnp.ones(256)) == 1
    assert spectral_flatness(jnp.zeros(256).at[17].set(1.0)) == 0
    assert spectral_flatness(jnp.zeros((2, 256))).tolist() == [1, 1]


def test_a_sample_of_almost_zero_crosses_nothing():
    frames = jnp.array([[1.0, -1e-10, 1.0, -1e-10], [1.0, -2e-10, 1.0, -2e-10], [0.0, -0.0, 0.0, 1.0]])
    assert zero_crossing_rate(frames).tolist() == [0, 0.75, 0]
