"""Loudness against the signals and tolerances of EBU Tech 3341, and the tables of ITU-R BS.1770-4."""

import numpy as np
import pyloudnorm
import pytest
from recordings import noise, sine

from acoupipe_grain.audio.loudness import MIN_SAMPLE_RATE, SILENCE, gated_loudness, integrated_loudness

TOLERANCE = 0.1
"""LU, of EBU Tech 3341, table 1."""


def stereo(*parts, sample_rate=48_000):
    """Return a sine of 1 kHz in phase in two channels: parts of (peak level in dB, duration in s)."""
    signal = np.concatenate([sine(seconds, 1000.0, sample_rate, level) for level, seconds in parts])
    return np.stack([signal, signal])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23.0, 20.0)], -23.0),
        ([(-33.0, 20.0)], -33.0),
        ([(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        ([(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
        ([(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
    ],
    ids=range(1, 6),
)
def test_signals_1_to_5_of_ebu_tech_3341(parts, expected):
    assert integrated_loudness(stereo(*parts), 48_000) == pytest.approx(expected, abs=TOLERANCE)


def test_signal_6_of_ebu_tech_3341_has_weights_for_five_channels():
    levels = (-28.0, -28.0, -24.0, -30.0, -30.0)
    signal = np.stack([sine(20.0, 1000.0, 48_000, level) for level in levels])
    assert integrated_loudness(signal, 48_000) == pytest.approx(-23.0, abs=TOLERANCE)


@pytest.mark.parametrize("sample_rate", [8000, 16_000, 22_050, 44_100, 96_000, 192_000])
def test_the_loudness_does_not_depend_on_the_sample_rate(sample_rate):
    signal = stereo((-23.0, 3.0), sample_rate=sample_rate)
    assert integrated_loudness(signal, sample_rate) == pytest.approx(-23.0, abs=TOLERANCE)


def test_a_sine_of_full_scale_in_one_channel_has_minus_3_01():
    """ITU-R BS.1770-4: 0 dB at 997 Hz in the left, centre or right channel."""
    assert integrated_loudness(sine(5.0, 997.0, 48_000, 0.0)[np.newaxis], 48_000) == pytest.approx(-3.01, abs=0.01)


def test_the_weighting_filters_are_those_of_tables_1_and_2():
    meter = pyloudnorm.Meter(48_000, filter_class="DeMan")
    shelf, high_pass = meter._filters.values()
    np.testing.assert_allclose(shelf.b, [1.53512485958697, -2.69169618940638, 1.19839281085285], atol=1e-8)
    np.testing.assert_allclose(shelf.a[1:], [-1.69065929318241, 0.73248077421585], atol=1e-8)
    np.testing.assert_allclose(high_pass.b, [1.0, -2.0, 1.0], atol=1e-8)
    np.testing.assert_allclose(high_pass.a[1:], [-1.99004745483398, 0.99007225036621], atol=1e-8)


def test_twice_the_pressure_is_6_02_louder():
    audio = noise(3.0, level=0.05)
    difference = integrated_loudness(2 * audio, 8000) - integrated_loudness(audio, 8000)
    assert difference == pytest.approx(20 * np.log10(2), abs=1e-5)


@pytest.mark.parametrize("num_channels", [1, 2, 5, 6, 16])
def test_silence_is_finite(num_channels):
    for signal in (np.zeros((num_channels, 8000)), np.full((num_channels, 8000), 1e-6), np.zeros((num_channels, 3))):
        assert integrated_loudness(signal.astype(np.float32), 8000) == SILENCE == -70.0


@pytest.mark.parametrize("seconds", [0.4, 0.45, 0.47, 1.0, 2.16])
def test_blocks_count_if_they_are_whole(seconds):
    """The mean over whole blocks of 0.4 s, as if what follows the last one were not there."""
    audio = noise(seconds, level=0.2)
    whole = audio[:, : round(0.1 * 8000) * int(seconds / 0.1 + 1e-9)]
    assert integrated_loudness(audio, 8000) == integrated_loudness(whole, 8000)
    assert integrated_loudness(whole, 8000) == pytest.approx(pyloudnorm_of(whole), abs=1e-6)


def pyloudnorm_of(audio):
    return pyloudnorm.Meter(8000, filter_class="DeMan").integrated_loudness(audio.T.astype(float))


def test_short_signals_are_padded_to_a_block():
    audio = noise(0.2, level=0.2)
    padded = np.pad(audio, ((0, 0), (0, 1600)))
    assert integrated_loudness(audio, 8000) == integrated_loudness(padded, 8000)
    assert np.isfinite(integrated_loudness(audio[:, :1], 8000))


def test_more_than_five_channels_add_up_with_a_weight_of_one():
    signal = noise(2.0, num_channels=1, level=0.05)
    alone = integrated_loudness(signal, 8000)
    for number in (6, 16):
        together = integrated_loudness(np.repeat(signal, number, axis=0), 8000)
        assert together == pytest.approx(alone + 10 * np.log10(number), abs=1e-6)
    with_silence = np.concatenate([signal, np.zeros((7, signal.shape[1]))])
    assert integrated_loudness(with_silence, 8000) == pytest.approx(alone, abs=1e-6)


def test_the_gates_are_pyloudnorms():
    """A quiet and a silent stretch are left out of a sequence as there, where the gates are for up to five channels."""
    loud, quiet = noise(3.0, level=0.1, num_channels=1), noise(3.0, level=0.005, num_channels=1)
    signal = np.concatenate([loud, quiet, np.zeros((1, 8000))], axis=1)
    meter = pyloudnorm.Meter(8000, filter_class="DeMan")
    expected = meter.integrated_loudness(signal[0].astype(float))
    powers = 10 ** ((np.array(meter.blockwise_loudness) + 0.691) / 10)
    assert gated_loudness(powers) == pytest.approx(expected, abs=1e-9)
    assert expected > integrated_loudness(quiet, 8000) + 10


def test_the_lowest_sample_rate_is_measured_stably():
    audio = noise(2.0, level=0.1, sample_rate=MIN_SAMPLE_RATE)
    assert -40 < integrated_loudness(audio, MIN_SAMPLE_RATE) < 0
