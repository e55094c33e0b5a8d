"""The Acoular engine against an independent calculation of what it should give."""

import numpy as np
import pytest
from scipy.signal import resample

import acoupipe_grain as apg
from acoupipe_grain.array.signals import WhiteNoise
from acoupipe_grain.array.simulate.acoular import simulate
from acoupipe_grain.array.simulate.acoular_point_source import upsample

ALL_PARTS = ("time_data", "reference_signals", "noise_signals")


@pytest.fixture(scope="module")
def scenes(small_setup):
    return apg.SceneSource(10, setup=small_setup, signal_length=0.2, max_nsources=3, min_nsources=2)


def independent(scenes, index, upsampling):
    """Return the sources' part of the microphone signals in double precision, by interpolation and table look-up."""
    setup, scene = scenes.setup, scenes[index]
    num_samples = int(scene["num_samples"])
    mics = scene["mic_positions"].astype(float)
    waveforms = WhiteNoise(scenes.streams).sources(index, int(scene["num_sources"]), num_samples).astype(float)
    signals = np.zeros((num_samples, mics.shape[1]))
    for number, waveform in enumerate(waveforms):
        position = scene["positions"][:, number].astype(float)
        to_reference = np.linalg.norm(position - setup.reference)
        fine = resample(waveform, upsampling * num_samples) * np.sqrt(scene["strengths"][number]) * to_reference
        for mic in range(mics.shape[1]):
            distance = np.linalg.norm(position - mics[:, mic])
            delay = distance / setup.speed_of_sound * setup.sample_rate * upsampling
            at = np.floor(np.arange(num_samples) * upsampling - delay + 0.5).astype(int)
            signals[:, mic] += fine[at % fine.size] / distance
    return signals


@pytest.mark.parametrize("upsampling", [16, 64])
@pytest.mark.parametrize("index", [0, 7])
def test_an_independent_calculation_agrees(scenes, index, upsampling):
    recording = simulate(
        scenes.setup, scenes[index], WhiteNoise(scenes.streams), upsampling=upsampling, parts=ALL_PARTS
    )
    measured = recording.time_data.astype(float) - recording.noise_signals
    expected = independent(scenes, index, upsampling)
    # Before the first sample arrives Acoular rounds negative times the other way.
    np.testing.assert_allclose(measured[60:], expected[60:], atol=3e-6 * np.abs(expected).max())


def test_sensor_noise_is_the_drawn_waveform_at_the_drawn_power(scenes):
    scene = scenes[4]
    noise = simulate(scenes.setup, scene, WhiteNoise(scenes.streams), parts=("noise_signals",)).noise_signals
    drawn = WhiteNoise(scenes.streams).noise(4, 1600, 5)
    np.testing.assert_allclose(noise, drawn * np.sqrt(scene["noise_power"]), rtol=1e-6)


def test_reference_signals_have_the_strength_of_the_scene(scenes):
    scene = scenes[2]
    signals = simulate(scenes.setup, scene, WhiteNoise(scenes.streams), parts=("reference_signals",)).reference_signals
    waveforms = WhiteNoise(scenes.streams).sources(2, int(scene["num_sources"]), 1600)
    expected = scene["strengths"][: len(waveforms)] * waveforms.var(axis=1)
    np.testing.assert_allclose(signals.var(axis=0)[: len(waveforms)], expected, rtol=0.01)
    assert not signals[:, len(waveforms) :].any()


def test_parts_do_not_depend_on_which_are_asked_for(scenes):
    together = simulate(scenes.setup, scenes[1], WhiteNoise(scenes.streams), parts=ALL_PARTS)
    for part in ALL_PARTS:
        alone = simulate(scenes.setup, scenes[1], WhiteNoise(scenes.streams), parts=(part,))
        assert np.array_equal(getattr(alone, part), getattr(together, part))
        assert all(getattr(alone, other) is None for other in ALL_PARTS if other != part)


def test_recordings_are_padded_with_zeros(scenes):
    recording = simulate(scenes.setup, scenes[1], WhiteNoise(scenes.streams), parts=ALL_PARTS, max_num_samples=2000)
    for signals in recording:
        assert signals.shape[0] == 2000
        assert signals[:1600].any()
        assert not signals[1600:].any()


def test_without_noise_power_there_is_no_noise(small_setup):
    quiet = apg.SceneSource(3, setup=small_setup, signal_length=0.1, mic_sig_noise=False)
    assert not simulate(small_setup, quiet[0], WhiteNoise(quiet.streams), parts=("noise_signals",)).noise_signals.any()


@pytest.mark.parametrize("size", [100, 101])
@pytest.mark.parametrize("factor", [1, 2, 16])
def test_upsampling_is_the_periodic_interpolation_acoular_uses(size, factor):
    waveform = np.random.default_rng(0).standard_normal(size).astype(np.float32)
    fine = upsample(waveform, factor)
    assert fine.dtype == np.float32
    np.testing.assert_allclose(fine, resample(waveform.astype(float), factor * size), atol=2e-6)
    np.testing.assert_allclose(fine[::factor], waveform, atol=2e-6)


def test_nothing_is_cached_on_disk(scenes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    simulate(scenes.setup, scenes[0], WhiteNoise(scenes.streams))
    assert set(tmp_path.rglob("*")) == before
