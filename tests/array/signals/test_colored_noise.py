"""Colored noise against its definition; fixed seeds, family-wise confidence 99.9 % in every test."""

import numpy as np
import pytest
from scipy import signal as scipy_signal
from scipy import stats
from signal_estimates import SAMPLE_RATE, assert_means_are_one, record_of, relative_line_powers, uniform

import acoupipe_grain as apg
from acoupipe_grain.array.signals import ColoredNoise, Equalizer
from acoupipe_grain.array.signals.equalizer import peaking_response
from acoupipe_grain.errors import ArgumentError

NOISES = {
    "pink": ColoredNoise(),
    "violet": ColoredNoise(exponent=-2, low=0),
    "red within a band": ColoredNoise(exponent=2, low=300, high=2000),
    "drawn": ColoredNoise(exponent=uniform(-1, 2), low=uniform(50, 500), high=uniform(1500, 4000)),
    "equalised": ColoredNoise(exponent=uniform(0, 1), equalizer={"num_bands": 4}),
}


def lines(num_samples):
    return np.arange(num_samples // 2 + 1) * SAMPLE_RATE / num_samples


@pytest.mark.parametrize("name", NOISES)
def test_the_estimated_spectrum_is_the_expected_one(name, small_setup):
    assert_means_are_one(relative_line_powers(NOISES[name], small_setup, 40))


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("num_samples", [4096, 4097])
def test_the_expected_mean_square_is_one(name, num_samples):
    noise = NOISES[name]
    record = record_of(2, num_samples=num_samples)
    r = noise.autocorrelations(record, 64)
    assert r.dtype == np.float64
    np.testing.assert_allclose(r[:, 0], 1, rtol=1e-14)
    powers = [np.mean(noise.waveforms(record_of(index, num_samples=num_samples)) ** 2) for index in range(40)]
    assert_means_are_one(np.array(powers)[:, None])


@pytest.mark.parametrize("num_samples", [512, 513])
def test_autocorrelations_are_those_of_the_filter(num_samples):
    """The filter's response to an impulse, which is white."""
    noise, record = NOISES["equalised"], record_of(num_samples=num_samples)
    impulses = np.zeros((3, num_samples), dtype=np.float32)
    impulses[:, 0] = 1
    responses = noise.filtered(record, impulses).astype(float)
    circular = np.fft.irfft(np.abs(np.fft.rfft(responses)) ** 2, num_samples)
    np.testing.assert_allclose(noise.autocorrelations(record, 40), circular[:, :40], atol=1e-6)


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 1.0, 2.0, 3.0])
def test_the_level_falls_by_3_db_times_the_exponent_per_octave(exponent):
    """Sums over the octaves' lines, whose powers are exponentially distributed and independent of each other."""
    num_samples = 2**15
    noise = ColoredNoise(exponent=exponent, low=100, high=3900)
    record = record_of(num_samples=num_samples, num_sources=1, max_nsources=1)
    spectrum = np.abs(np.fft.rfft(noise.waveforms(record)[0].astype(float))) ** 2
    frequencies = lines(num_samples)
    # At f^exponent the spectrum is white within the band.
    inside = (frequencies >= 100) & (frequencies <= 3900)
    whitened = spectrum[inside] * frequencies[inside] ** exponent
    octaves = np.log2(frequencies[inside] / 100).astype(int)
    means = np.array([whitened[octaves == octave].mean() for octave in range(5)])
    counts = np.array([np.sum(octaves == octave) for octave in range(5)])
    z = (means / whitened.mean() - 1) * np.sqrt(counts)
    assert np.abs(z).max() < stats.norm.isf(1e-3 / 2 / 25)


def test_no_line_outside_the_band_has_power():
    noise = ColoredNoise(exponent=1, low=500, high=1000)
    spectrum = np.abs(np.fft.rfft(noise.waveforms(record_of()).astype(float))) ** 2
    frequencies = lines(4096)
    outside = (frequencies < 500) | (frequencies > 1000)
    assert np.all(spectrum[:, ~outside] > 1e-6 * spectrum.max())
    assert spectrum[:, outside].max() < 1e-11 * spectrum.max()


def test_the_equaliser_is_the_analog_prototype():
    frequencies = np.geomspace(20, 20_000, 200)
    for gain, centre, quality in ((12.0, 1000.0, 0.7), (-9.0, 150.0, 4.0), (0.0, 3000.0, 1.0)):
        amplitude = 10 ** (gain / 40)
        _, response = scipy_signal.freqs(
            [1, amplitude / quality, 1], [1, 1 / (amplitude * quality), 1], frequencies / centre
        )
        np.testing.assert_allclose(
            peaking_response(frequencies, gain, centre, quality), np.abs(response) ** 2, rtol=1e-12
        )
    assert peaking_response(np.array([150.0]), -9.0, 150.0, 4.0) == pytest.approx(10**-0.9)


def test_equalisers_shape_the_spectrum_of_each_source_differently():
    record = record_of()
    equalizer = Equalizer(num_bands=2)
    plain = ColoredNoise(low=50).line_gains(record)
    shaped = ColoredNoise(low=50, equalizer=equalizer).line_gains(record)
    inside = plain[0] > 0
    ratios = (shaped / np.where(inside, plain, 1))[:, inside]
    expected = equalizer.power_responses(record, lines(4096))[:, inside]
    np.testing.assert_allclose(ratios / ratios[:, :1], expected / expected[:, :1], rtol=1e-10)
    assert np.ptp(np.log10(expected[:, ::50]), axis=0).max() > 0.1


def test_one_more_filter_leaves_the_others_alone():
    record, frequencies = record_of(), lines(64)
    one, two = (Equalizer(num_bands=number).power_responses(record, frequencies) for number in (1, 2))
    added = two / one
    assert np.all(added.max(axis=1) / added.min(axis=1) > 1)
    assert np.array_equal(one, Equalizer(num_bands=1, gain=None).power_responses(record, frequencies))


def test_gains_of_the_default_equaliser_are_uniform():
    frequency, quality = 1000.0, 1.0
    equalizer = Equalizer(num_bands=1, frequency=frequency, q=quality)
    at_centre = [equalizer.power_responses(record_of(index), np.array([frequency])) for index in range(300)]
    gains = 10 * np.log10(np.ravel(at_centre))
    assert stats.kstest(gains, stats.uniform(-12, 24).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"exponent": 11}, r"exponent=.*can be 11; expected at least -10 and at most 10"),
        ({"exponent": "pink"}, "exponent='pink'"),
        ({"low": -1}, r"low=.*can be -1 Hz; expected at least 0 Hz"),
        ({"low": 0}, r"low=.*can be 0 Hz, where the density is infinite.*above 0 Hz"),
        ({"low": None}, "low=None"),
        ({"high": 0}, r"high=.*can be 0 Hz; expected more than 0 Hz"),
        ({"low": 500, "high": 500}, r"low=.*can be 500 Hz and must be below high=.*can be 500 Hz"),
        ({"low": uniform(20, 900), "high": uniform(800, 2000)}, r"can be 900 Hz and must be below high"),
        ({"equalizer": 3}, "equalizer=3: expected Equalizer, or a mapping"),
        ({"equalizer": {"bands": 3}}, "equalizer: unknown argument of kind 'equalizer': 'bands'; did you mean"),
        ({"equalizer": {"num_bands": 0}}, "equalizer: num_bands=0: must be at least 1"),
        ({"equalizer": {"gain": 200}}, "equalizer: gain=.*can be 200 dB; expected at least -120 dB and at most"),
        ({"equalizer": {"frequency": 0}}, "equalizer: frequency=.*more than 0 Hz"),
        ({"equalizer": {"q": 0}}, "equalizer: q=.*can be 0; expected more than 0"),
        ({"equalizer": {"kind": "tones"}}, "equalizer: kind='tones': expected 'equalizer'"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        ColoredNoise(**arguments)


def test_bands_beyond_nyquist_or_between_lines_are_refused():
    with pytest.raises(ArgumentError, match=r"high=.*can be 5000 Hz; expected at most the Nyquist frequency, 4000 Hz"):
        ColoredNoise(high=uniform(3000, 5000)).check(4096, SAMPLE_RATE, 3)
    with pytest.raises(ArgumentError, match=r"a band can be 1 Hz wide; expected at least 1\.953 Hz.*4096 samples"):
        ColoredNoise(low=99, high=100).check(4096, SAMPLE_RATE, 3)
    with pytest.raises(ArgumentError, match=r"a band can be 0 Hz wide.*Nyquist frequency of 4000 Hz"):
        ColoredNoise(low=4000).check(4096, SAMPLE_RATE, 3)
    ColoredNoise(low=98, high=100).check(4096, SAMPLE_RATE, 3)
    ColoredNoise(high=4000).check(4096, SAMPLE_RATE, 3)


def draw(low, high):
    def function(rng, size):
        return rng.uniform(low, high, size)

    return apg.distribution(function, key=f"{low}-{high}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": draw(900, 950), "high": draw(100, 200)}, r"source 0 of record 7 got the band from 9\d\d.* to 1\d\d"),
        ({"low": draw(1000.1, 1000.2), "high": 1000.3}, r"source 0 of record 7 got the band.*1\.953 Hz apart"),
        ({"low": draw(0, 0)}, "source 0 of record 7 got the band from 0 to 4000 Hz; .* without 0 Hz"),
        ({"exponent": -1, "low": draw(0, 0), "high": draw(1, 1)}, "source 0 of record 7 got the band from 0 to 1 Hz"),
        (
            {"high": draw(5000, 6000)},
            r"high=.*gave 5\d\d\d.* Hz for record 7; expected more than 0 Hz and at most 4000",
        ),
        ({"low": draw(-2, -1)}, r"low=.*gave -1.* Hz for record 7; expected at least 0 Hz. Give it bounds"),
        ({"equalizer": {"q": draw(-2, -1)}}, r"q=.*gave -1.* for record 7; expected more than 0"),
    ],
)
def test_values_of_functions_are_checked_when_they_are_drawn(arguments, message):
    noise = ColoredNoise(**arguments)
    noise.check(4096, SAMPLE_RATE, 3)
    for compute in (noise.waveforms, lambda record: noise.autocorrelations(record, 64)):
        with pytest.raises(ArgumentError, match=message):
            compute(record_of(7))
