import warnings

import librosa
import numpy as np
import pytest

from acoupipe_grain.audio.features.mel import hz_to_mel, mel_filters, mel_to_hz
from acoupipe_grain.errors import ArgumentError

FREQUENCIES = np.concatenate([np.linspace(0, 24_000, 1001), [999.999, 1000.0, 1000.001]])


def test_the_scale_is_librosas():
    np.testing.assert_allclose(hz_to_mel(FREQUENCIES), librosa.hz_to_mel(FREQUENCIES), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(FREQUENCIES)), FREQUENCIES, rtol=1e-12, atol=1e-9)


def test_the_scale_is_linear_to_1_khz_and_logarithmic_above():
    """Slaney's: 15 mel at 1 kHz, and 27 more at 6.4 kHz."""
    np.testing.assert_allclose(hz_to_mel(np.array([0.0, 500.0, 1000.0, 6400.0])), [0.0, 7.5, 15.0, 42.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("sample_rate", "window_size", "n_mels", "min_freq", "max_freq"),
    [
        (16_000, 512, 128, 0.0, None),
        (16_000, 400, 64, 0.0, 8000.0),
        (44_100, 2048, 128, 20.0, 20_000.0),
        (22_050, 1023, 40, 133.3, 6854.2),
        (8000, 256, 1, 0.0, None),
    ],
)
def test_filters_are_librosas(sample_rate, window_size, n_mels, min_freq, max_freq):
    filters = mel_filters(sample_rate, window_size, n_mels, min_freq, max_freq)
    expected = librosa.filters.mel(
        sr=sample_rate, n_fft=window_size, n_mels=n_mels, fmin=min_freq, fmax=max_freq, htk=False, norm="slaney"
    )
    assert filters.dtype == np.float64
    np.testing.assert_allclose(filters, expected, atol=1e-6 * expected.max())


def test_filters_have_an_area_of_1():
    filters = mel_filters(16_000, 2**16, 20)
    np.testing.assert_allclose(filters.sum(axis=1) * 16_000 / 2**16, 1.0, rtol=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_mels": 0}, "^n_mels=0: must be at least 1"),
        ({"n_mels": 64.0}, r"^n_mels=64.0: expected an integer"),
        ({"min_freq": -1.0}, r"^min_freq=-1.0: expected a finite number in Hz, at least 0"),
        ({"min_freq": 8000.0}, r"^min_freq=8000.0: .* less than 8000.0"),
        ({"max_freq": 8001.0}, r"^max_freq=8001.0: .* at most 8000.0"),
        ({"min_freq": 500.0, "max_freq": 500.0}, r"^max_freq=500.0: .* greater than 500.0"),
    ],
)
def test_wrong_values_are_refused_by_name(values, message):
    with pytest.raises(ArgumentError, match=message):
        mel_filters(16_000, 512, **values)


def test_filters_without_a_bin_are_refused_with_the_largest_number_that_fits():
    with pytest.raises(ArgumentError, match=r"^n_mels=128: no bin of a window of 256 .* use at most 95 filters, or a"):
        mel_filters(16_000, 256)
    mel_filters(16_000, 256, 95)
    with pytest.raises(ArgumentError, match="n_mels=96"):
        mel_filters(16_000, 256, 96)
    with pytest.raises(ArgumentError, match="use at most 95 filters"):
        mel_filters(16_000, 256, 10**6)
    with pytest.raises(ArgumentError, match="use a wider range of frequencies, or a larger"):
        mel_filters(16_000, 256, 1, 70.0, 120.0)


def test_every_filter_that_is_given_holds_a_bin():
    """Edges that fall on a bin included: the filters here are as wide as the bins."""
    for number in (1, 2, 3, 14, 29, 30, 31, 45, 60, 90):
        try:
            filters = mel_filters(2000, 60, number)
        except ArgumentError:
            with warnings.catch_warnings(action="ignore"):
                assert not librosa.filters.mel(sr=2000, n_fft=60, n_mels=number).any(axis=1).all()
        else:
            assert filters.any(axis=1).all()
