import jax
import numpy as np
import pytest
import scipy.signal
from frame_signals import noise

from acoupipe_grain.audio.features import Framing
from acoupipe_grain.audio.features.frame_steps import frames_of
from acoupipe_grain.audio.features.framing import WINDOWS
from acoupipe_grain.errors import ArgumentError


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("size", [2, 401, 512])
def test_windows_are_scipys_periodic_ones(name, size):
    window = Framing(16_000, size, window=name).window_values
    expected = scipy.signal.get_window("boxcar" if name == "rectangular" else name, size, fftbins=True)
    assert window.dtype == np.float64
    np.testing.assert_allclose(window, expected, atol=1e-14)


@pytest.mark.parametrize(
    ("num_samples", "window_size", "hop_size", "num_frames", "num_samples_read"),
    [
        (3200, 160, 160, 20, 3200),
        (16_000, 512, 256, 62, 61 * 256 + 512),
        (16_000, 512, 16_000, 1, 16_000),
        (1000, 512, 300, 3, 1112),
        (1000, 100, 300, 3, 1000),
    ],
)
def test_a_segment_has_as_many_frames_as_whole_hops(num_samples, window_size, hop_size, num_frames, num_samples_read):
    framing = Framing(16_000, window_size, hop_size)
    assert framing.num_frames(num_samples) == num_frames
    assert framing.num_samples_read(num_samples) == num_samples_read


@pytest.mark.parametrize(("window_size", "hop_size"), [(8, 4), (8, 3), (8, 8), (5, 9), (8, 1)])
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_frames_begin_at_whole_hops(window_size, hop_size, batch):
    framing = Framing(1, window_size, hop_size)
    length = framing.num_samples_read(40)
    audio = np.arange(np.prod(batch, dtype=int) * length).reshape(*batch, length).astype(np.float32)
    frames = jax.jit(lambda audio: frames_of(audio, framing, framing.num_frames(40)))(audio)
    expected = np.lib.stride_tricks.sliding_window_view(audio, window_size, axis=-1)[..., ::hop_size, :]
    np.testing.assert_array_equal(frames, expected[..., : 40 // hop_size, :])


def test_frames_are_those_of_a_longer_recording():
    """The last frames of a segment reach beyond it; they are not padded."""
    framing, recording = Framing(8000, 100, 30), noise(1000)
    of_segment = frames_of(jax.numpy.asarray(recording[300 : 300 + framing.num_samples_read(200)]), framing, 6)
    of_recording = frames_of(jax.numpy.asarray(recording), framing, 30)
    np.testing.assert_array_equal(of_segment, of_recording[10:16])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sample_rate": 0}, "^sample_rate=0: must be at least 1"),
        ({"sample_rate": 16_000.0}, r"^sample_rate=16000.0: expected an integer"),
        ({"window_size": 1}, "^window_size=1: must be at least 2"),
        ({"hop_size": 0}, "^hop_size=0: must be at least 1"),
        ({"hop_size": True}, "^hop_size=True: expected an integer"),
        ({"window": "han"}, "^unknown window 'han'; did you mean 'hann'"),
    ],
)
def test_wrong_values_are_refused_by_name(values, message):
    with pytest.raises(ArgumentError, match=message):
        Framing(**{"sample_rate": 16_000, **values})


def test_a_segment_shorter_than_a_hop_is_refused_with_the_remedy():
    with pytest.raises(ArgumentError, match="^hop_size=256: a segment of 100 samples .* hop_size of at most 100"):
        Framing(16_000).num_frames(100)


def test_framings_are_rebuilt_from_json():
    framing = Framing(44_100, 1024, 100, "blackman")
    assert Framing(**framing.to_json()) == framing
    assert hash(Framing(**framing.to_json())) == hash(framing)
