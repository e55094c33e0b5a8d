import numpy as np
import pytest

from acoupipe_grain.array.rooms import pulse_trains

BAND = np.linspace(0.0, 0.45, 91)  # cycles per sample, up to 0.9 of the Nyquist frequency


def sampled(delays, amplitudes, num_taps):
    period = pulse_trains.grid_period(num_taps)
    spectrum = pulse_trains.train_spectrum(np.array(delays, float), np.array(amplitudes, float), period)
    return pulse_trains.samples(spectrum, num_taps)


def spectrum_of(response, frequencies=BAND):
    return np.exp(-2j * np.pi * frequencies[:, None] * np.arange(response.size)) @ response.astype(float)


@pytest.mark.parametrize("delay", [20.0, 20.37, 21.5, 22.0, 60.25, 61.999, 62.0 + 1 / 3, 64 - 1e-9])
def test_a_pulse_is_a_pure_delay_up_to_nine_tenths_of_the_nyquist_frequency(delay):
    response = sampled([delay], [2.5], 128)
    np.testing.assert_allclose(spectrum_of(response), 2.5 * np.exp(-2j * np.pi * BAND * delay), atol=2.5 * 9e-4)


@pytest.mark.parametrize("delay", [1.0, 1.5, 3.2, 7.7, 12.1, 19.0])
def test_a_near_pulse_loses_the_upper_end_of_the_band_only(delay):
    limit = 0.5 * (1 - 2.1 / (delay + 1))
    band = np.arange(0.0, limit, 0.005)
    response = sampled([delay], [1.0], 64)
    np.testing.assert_allclose(spectrum_of(response, band), np.exp(-2j * np.pi * band * delay), atol=2.5e-3)


def test_many_pulses_add_up():
    rng = np.random.default_rng(2)
    delays, amplitudes = rng.uniform(2.0, 90.0, 20_000), rng.standard_normal(20_000)
    one_by_one = np.zeros(128)
    for delay, amplitude in zip(delays[:50], amplitudes[:50], strict=True):
        one_by_one += sampled([delay], [amplitude], 128)
    np.testing.assert_allclose(sampled(delays[:50], amplitudes[:50], 128), one_by_one, atol=2e-6)
    halves = sampled(delays[:9_000], amplitudes[:9_000], 128) + sampled(delays[9_000:], amplitudes[9_000:], 128)
    np.testing.assert_allclose(sampled(delays, amplitudes, 128), halves, atol=1e-4)


def test_a_pulse_is_the_kernel_that_the_documentation_gives():
    delay, times = 40.3, np.arange(80) - 40.3
    window = np.i0(6.5 * np.sqrt(np.maximum(1 - (times / 21) ** 2, 0))) / np.i0(6.5)
    expected = np.where(abs(times) < 21, np.sinc(times) * window, 0)
    np.testing.assert_allclose(sampled([delay], [1.0], 80), expected, atol=3e-4)


def test_what_is_longer_than_the_response_is_left_out_and_does_not_wrap_around():
    longer = sampled([30.2, 90.4, 120.7, 300.0], [1.0, -2.0, 0.5, 7.0], 256)
    shorter = sampled([30.2, 90.4, 120.7, 300.0], [1.0, -2.0, 0.5, 7.0], 100)
    np.testing.assert_allclose(shorter, longer[:100], atol=1e-4)


@pytest.mark.parametrize("delay", [0.01, 0.5, 0.99, 1.0])
def test_a_pulse_within_the_first_sample_is_shared_by_two(delay):
    response = sampled([delay], [1.0], 64)
    assert abs(response).argmax() == round(delay)
    assert np.isfinite(response).all()
    np.testing.assert_allclose(response.sum(), 1.0, atol=0.35)
    np.testing.assert_allclose(response[4:], 0.0, atol=1e-3)
