import numpy as np
import pytest
from signal_estimates import SAMPLE_RATE, assert_means_are_one, record_of, relative_line_powers, uniform, welch

import acoupipe_grain as apg
from acoupipe_grain.array.signals import Sweeps, expected_line_powers
from acoupipe_grain.array.signals.sweep_laws import LAWS
from acoupipe_grain.errors import ArgumentError

SWEEPS = {
    "linear": Sweeps(low=uniform(200, 500), high=uniform(2500, 3500), duration=0.25),
    "falling": Sweeps(low=uniform(2500, 3500), high=uniform(200, 500), duration=0.25),
    "logarithmic": Sweeps(low=uniform(200, 500), high=uniform(2500, 3500), duration=0.25, law="logarithmic"),
    "falling logarithmically": Sweeps(low=3000, high=300, duration=0.3, law="logarithmic"),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("low", "high", "cycles"), [(1.0, 30.0, 500), (2.0, 3.0, 40), (1.0, 1.0 + 1e-5, 20), (1.0, 1.0, 7)]
)
def test_autocorrelations_are_averages_over_all_beginnings(law, low, high, cycles):
    """∫ cos(2π[φ(u + v) − φ(u)]) du by 2¹⁷ points; lags close to 0 and 1 among them."""
    times = (np.arange(2**17) + 0.5) / 2**17
    lags = np.array([0, 1e-12, 1e-4, 0.01, 0.2, 0.5, 0.77, 0.999, 1 - 1e-12])
    phases = LAWS[law].cycles(times, low, high) * cycles
    expected = []
    for lag in lags:
        later = times + lag
        wrapped = np.floor(later)
        moved = (LAWS[law].cycles(later - wrapped, low, high) + wrapped) * cycles
        expected.append(np.mean(np.cos(2 * np.pi * (moved - phases))))
    np.testing.assert_allclose(LAWS[law].autocorrelation(lags, low, high, cycles), expected, atol=2e-5)


@pytest.mark.parametrize("law", LAWS)
def test_falling_sweeps_have_the_autocorrelation_of_rising_ones(law):
    rising = Sweeps(low=300, high=3000, law=law).autocorrelations(record_of(), 64)
    falling = Sweeps(low=3000, high=300, law=law).autocorrelations(record_of(), 64)
    np.testing.assert_allclose(rising, falling, atol=1e-12)


@pytest.mark.parametrize("name", SWEEPS)
def test_the_estimated_spectrum_is_the_expected_one_on_average(name, small_setup):
    """Within the band, of all bins together with a confidence of 99.9 %; 15 sweeps of a few dozen blocks each."""
    ratios = relative_line_powers(SWEEPS[name], small_setup, 60, num_samples=2**15)
    within = slice(
        np.searchsorted(small_setup.bin_frequencies, 500), np.searchsorted(small_setup.bin_frequencies, 2500)
    )
    assert_means_are_one(ratios[:, within])


@pytest.mark.parametrize("name", SWEEPS)
def test_the_spectrum_of_one_recording_is_near_the_expected_one(name, small_setup):
    """32 sweeps of 62 blocks; 3 % of the highest line are left, of where blocks fall within the sweeps."""
    for index in range(5):
        record = record_of(index, num_samples=2**16)
        sweeps = SWEEPS[name]
        expected = expected_line_powers(sweeps.autocorrelations(record, small_setup.block_size), small_setup)
        difference = np.abs(welch(sweeps.waveforms(record), small_setup) - expected)
        assert np.all(difference.max(axis=0) < 0.03 * expected.max(axis=0))


@pytest.mark.parametrize("name", SWEEPS)
def test_the_autocorrelation_of_a_waveform_differs_by_the_sum_frequencies_only(name):
    """At the jump of the frequency they leave 1/(2π · periods of the lowest frequency in a sweep) at most."""
    record = record_of(num_samples=2**14)
    waveforms = SWEEPS[name].waveforms(record).astype(float)
    circular = np.fft.irfft(np.abs(np.fft.rfft(waveforms)) ** 2, 2**14) / 2**14
    difference = np.abs(circular[:, :500] - SWEEPS[name].autocorrelations(record, 500))
    assert difference.max() < 1 / (2 * np.pi * 200 * 0.25)


@pytest.mark.parametrize("name", SWEEPS)
def test_waveforms_have_unit_power_and_no_jump_of_the_phase(name):
    record = record_of(num_samples=2**14)
    waveforms = SWEEPS[name].waveforms(record)
    assert waveforms.dtype == np.float32
    np.testing.assert_allclose(np.mean(waveforms.astype(float) ** 2, axis=1), 1, atol=1e-6)
    # A sine changes from sample to sample by its frequency at most, around the end of the recording too.
    steps = np.abs(np.diff(waveforms, axis=1, append=waveforms[:, :1]))
    assert steps.max() < 1.01 * np.sqrt(2) * 2 * np.sin(np.pi * 3500 / SAMPLE_RATE)


def test_no_sample_breaks_the_rhythm_of_a_sweep():
    """Where the frequency is low, a jump of the phase would show between any two samples."""
    slow = Sweeps(low=40, high=80, duration=0.5)
    waveforms = slow.waveforms(record_of(num_samples=2**14)).astype(float)
    steps = np.abs(np.diff(waveforms, axis=1, append=waveforms[:, :1]))
    assert steps.max() < 1.02 * np.sqrt(2) * 2 * np.sin(np.pi * 80 / SAMPLE_RATE)


@pytest.mark.parametrize(("law", "slope"), [("linear", 0.0), ("logarithmic", -1.0)])
def test_the_density_is_flat_or_falls_by_3_db_per_octave(law, slope, small_setup):
    """Well within the band; the density's curvature within the window changes bins by 0.5 % at most."""
    sweeps = Sweeps(low=100, high=3900, law=law)
    record = record_of(num_samples=2**16, num_sources=1, max_nsources=1)
    powers = expected_line_powers(sweeps.autocorrelations(record, 64), small_setup)[8:26, 0]
    relative = powers / small_setup.bin_frequencies[8:26] ** slope
    np.testing.assert_allclose(relative, relative.mean(), rtol=5e-3)


def test_sweeps_fill_the_recording():
    assert Sweeps(low=300, high=900).num_sweeps(8000, SAMPLE_RATE) == 1
    assert Sweeps(low=300, high=900, duration=0.3).num_sweeps(8000, SAMPLE_RATE) == 3
    assert Sweeps(low=300, high=900, duration=5).num_sweeps(8000, SAMPLE_RATE) == 1
    sweeps = Sweeps(low=300, high=900, duration=0.25)
    waveforms = sweeps.waveforms(record_of(num_samples=8000))
    np.testing.assert_allclose(waveforms[:, :2000], waveforms[:, 2000:4000], atol=1e-3)


def test_frequencies_run_from_the_first_to_the_last():
    """The spectrogram's ridge, in a recording that begins with a sweep."""
    num_samples = 2**14
    for low, high in ((300, 3000), (3000, 300)):
        sweeps = Sweeps(low=low, high=high)
        record = record_of(num_samples=num_samples, num_sources=1, max_nsources=1)
        start = record.uniforms("start", 2)[0, 0]
        waveform = np.roll(sweeps.waveforms(record)[0], round(start * num_samples))
        for place in (0.1, 0.5, 0.9):
            block = waveform[round(place * num_samples) - 256 :][:512] * np.hanning(512)
            peak = np.argmax(np.abs(np.fft.rfft(block, 8192))) * SAMPLE_RATE / 8192
            assert peak == pytest.approx(low + place * (high - low), abs=25)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 0}, "low=.*can be 0 Hz; expected more than 0 Hz"),
        ({"high": -5}, "high=.*can be -5 Hz"),
        ({"duration": 0}, "duration=0: expected a finite number in s, greater than 0"),
        ({"law": "log"}, "unknown law 'log'. Available: linear, logarithmic"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Sweeps(**{"low": 300, "high": 900} | arguments)


def test_sweeps_that_are_too_fast_or_too_high_are_refused():
    with pytest.raises(
        ArgumentError, match=r"low=.*can be 15 Hz; expected 20 Hz, 10 periods in a sweep of 0\.5 s.*0\.5"
    ):
        Sweeps(low=uniform(15, 30), high=900, duration=0.5).check(8000, SAMPLE_RATE, 3)
    with pytest.raises(ArgumentError, match=r"high=.*can be 4000 Hz; .* below the Nyquist frequency of 4000 Hz"):
        Sweeps(low=100, high=uniform(3000, 4000)).check(8000, SAMPLE_RATE, 3)
    Sweeps(low=20, high=3999, duration=0.5).check(8000, SAMPLE_RATE, 3)


def low(rng, size):
    return rng.uniform(1, 2, size)


def test_values_of_functions_are_checked_when_they_are_drawn():
    sweeps = Sweeps(low=apg.distribution(low, key="low"), high=900)
    sweeps.check(8000, SAMPLE_RATE, 3)
    with pytest.raises(ArgumentError, match=r"low=.*gave record 7 1\..* Hz; expected 10 Hz"):
        sweeps.waveforms(record_of(7, num_samples=8000))
