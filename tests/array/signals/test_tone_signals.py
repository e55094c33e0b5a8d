import numpy as np
import pytest
from signal_estimates import SAMPLE_RATE, record_of, uniform, welch

import acoupipe_grain as apg
from acoupipe_grain.array.signals import Tones, expected_line_powers
from acoupipe_grain.errors import ArgumentError

TONES = {
    "one": Tones(frequency=uniform(500, 3500)),
    "harmonics": Tones(frequency=uniform(500, 900), num_harmonics=4, rolloff=6),
    "rising": Tones(frequency=uniform(500, 900), num_harmonics=3, rolloff=-3),
}


@pytest.mark.parametrize("name", TONES)
def test_the_estimated_spectrum_is_the_expected_one(name, small_setup):
    """Within 1e-3 of the highest line; all that is left is what the window leaks from a partial to another."""
    for index in range(20):
        record = record_of(index, num_samples=8192)
        tones = TONES[name]
        expected = expected_line_powers(tones.autocorrelations(record, small_setup.block_size), small_setup)
        difference = np.abs(welch(tones.waveforms(record), small_setup) - expected)
        assert np.all(difference.max(axis=0) < 1e-3 * expected.max(axis=0))


@pytest.mark.parametrize("name", TONES)
@pytest.mark.parametrize("num_samples", [4096, 4095])
def test_waveforms_have_unit_power_and_the_autocorrelation_said(name, num_samples):
    record = record_of(3, num_samples=num_samples)
    waveforms = TONES[name].waveforms(record)
    assert waveforms.dtype == np.float32
    assert waveforms.shape == (3, num_samples)
    circular = np.fft.irfft(np.abs(np.fft.rfft(waveforms.astype(float))) ** 2, num_samples) / num_samples
    np.testing.assert_allclose(circular[:, 0], 1, atol=1e-6)
    np.testing.assert_allclose(TONES[name].autocorrelations(record, 200), circular[:, :200], atol=1e-6)


def test_all_power_lies_at_the_frequencies_said_in_whole_periods():
    tones, record = TONES["harmonics"], record_of()
    spectra = np.abs(np.fft.rfft(tones.waveforms(record).astype(float)) / 4096) ** 2 * 2
    frequencies = tones.frequencies(record)
    assert frequencies.shape == (3, 4)
    np.testing.assert_allclose(frequencies, frequencies[:, :1] * np.arange(1, 5), rtol=1e-12)
    for spectrum, periods in zip(spectra, np.rint(frequencies * 4096 / SAMPLE_RATE).astype(int), strict=True):
        levels = 10 * np.log10(spectrum[periods])
        octaves = np.log2(np.arange(1, 5))
        np.testing.assert_allclose(levels - levels[0], -6 * octaves, atol=1e-4)
        assert spectrum.sum() - spectrum[periods].sum() < 1e-12


def test_frequencies_are_those_drawn_to_half_a_line():
    tones, drawn = TONES["one"], []
    for index in range(200):
        record = record_of(index)
        drawn.append(tones.frequencies(record)[:, 0])
        moved = np.abs(tones.frequencies(record)[:, 0] - record.drawn("frequency", tones.frequency))
        assert moved.max() <= SAMPLE_RATE / 4096 / 2 * (1 + 1e-9)
    assert 500 < np.min(drawn) < 520
    assert 3480 < np.max(drawn) < 3501


def test_sources_of_one_frequency_have_phases_of_their_own():
    waveforms = Tones(frequency=1000).waveforms(record_of(num_sources=3)).astype(float)
    correlations = waveforms @ waveforms.T / 4096
    assert np.abs(correlations[np.triu_indices(3, 1)]).max() < 0.999


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frequency": 0}, "frequency=.*can be 0 Hz; expected more than 0 Hz"),
        ({"frequency": None}, "frequency=None"),
        ({"frequency": 500, "num_harmonics": 0}, "num_harmonics=0: must be at least 1"),
        ({"frequency": 500, "num_harmonics": 2.5}, "num_harmonics=2.5: expected an integer"),
        ({"frequency": 500, "rolloff": "steep"}, "rolloff='steep': expected a finite number in dB per octave"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Tones(**arguments)


def test_partials_at_0_hz_or_from_the_nyquist_frequency_on_are_refused():
    with pytest.raises(
        ArgumentError, match=r"frequency=.*can be 1000 Hz; .*to 998\.047 Hz, .*num_harmonics=4 partials"
    ):
        Tones(frequency=uniform(500, 1000), num_harmonics=4).check(4096, SAMPLE_RATE, 3)
    with pytest.raises(ArgumentError, match=r"can be 0\.5 Hz; expected 1\.953 Hz, one period in 4096 samples"):
        Tones(frequency=0.5).check(4096, SAMPLE_RATE, 3)
    Tones(frequency=998.04, num_harmonics=4).check(4096, SAMPLE_RATE, 3)
    with pytest.raises(ArgumentError, match=r"num_harmonics=2048: .*expected fewer than 2048"):
        Tones(frequency=2, num_harmonics=2048).check(4096, SAMPLE_RATE, 3)


def high(rng, size):
    return rng.uniform(5000, 6000, size)


def test_values_of_functions_are_checked_when_they_are_drawn():
    tones = Tones(frequency=apg.distribution(high, key="high"))
    tones.check(4096, SAMPLE_RATE, 3)
    with pytest.raises(ArgumentError, match=r"frequency=.*gave record 7 5\d\d\d.* Hz; .* Nyquist frequency of 4000 Hz"):
        tones.waveforms(record_of(7))
