"""Signals simulated in JAX against their definition in double precision, and against Acoular's."""

import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.acoular import simulate
from acoupipe_grain.array.simulate.periodic_signals import (
    Propagation,
    Sources,
    noise_signal,
    received_signals,
    reference_signals,
)
from acoupipe_grain.array.simulate.source_waveforms import DrawnWaveforms


@pytest.fixture(scope="module")
def scenes(small_setup):
    return apg.SceneSource(10, setup=small_setup, signal_length=0.2, max_nsources=4, min_nsources=2)


def sources_of(scene):
    given = (jnp.asarray(scene[name]) for name in ("positions", "strengths", "num_sources"))
    return Sources(DrawnWaveforms(jnp.asarray(scene["key"])), *given)


@pytest.mark.parametrize("upsampling", [None, 16])
@pytest.mark.parametrize("num_samples", [1600, 1601])
def test_an_independent_calculation_agrees(scenes, delayed_signals, num_samples, upsampling):
    scene = scenes[3]
    propagation = Propagation(scenes.setup, num_samples, upsampling)
    mics = scene["mic_positions"].astype(float)
    expected = delayed_signals(scenes, 3, mics, num_samples, upsampling).sum(axis=0)
    measured = received_signals(sources_of(scene), jnp.asarray(scene["mic_positions"]), propagation)
    np.testing.assert_allclose(measured, expected, atol=2e-6 * np.abs(expected).max())
    at_reference = delayed_signals(scenes, 3, scenes.setup.reference[:, None], num_samples, upsampling)[:, 0]
    measured = np.asarray(reference_signals(sources_of(scene), propagation))
    count = len(at_reference)
    np.testing.assert_allclose(measured[:count], at_reference, atol=2e-6 * np.abs(at_reference).max())
    assert not measured[count:].any()


@pytest.mark.parametrize("upsampling", [1, 16, pytest.param(1024, marks=pytest.mark.slow)])
@pytest.mark.parametrize("index", [0, pytest.param(5, marks=pytest.mark.slow)])
def test_acoular_simulates_the_same_with_equally_rounded_delays(scenes, jax_waveforms, index, upsampling):
    acoular = simulate(
        scenes.setup,
        scenes[index],
        jax_waveforms(scenes),
        upsampling=upsampling,
        parts=("time_data", "reference_signals", "noise_signals"),
    )
    source = apg.SyntheticSource(
        10,
        setup=scenes.setup,
        engine="jax",
        upsampling=upsampling,
        features=("time_data",),
        signal_length=0.2,
        max_nsources=4,
        min_nsources=2,
    )
    measured = source[index]["time_data"]
    # Before the first sample arrives Acoular rounds negative times the other way.
    scale = np.abs(acoular.time_data).max()
    np.testing.assert_allclose(measured[60:], acoular.time_data[60:], atol=1e-5 * scale)
    at_reference = reference_signals(sources_of(scenes[index]), Propagation(scenes.setup, 1600, upsampling))
    expected = acoular.reference_signals[60:]
    np.testing.assert_allclose(np.asarray(at_reference).T[60:], expected, atol=1e-5 * np.abs(expected).max())


def test_sensor_noise_is_the_drawn_waveform_at_the_drawn_power(scenes, jax_waveforms):
    scene = scenes[4]
    drawn = jax_waveforms(scenes).noise(4, 300, 5)
    for mic in (0, 4):
        noise = noise_signal(jnp.asarray(scene["key"]), jnp.asarray(scene["noise_power"]), jnp.int32(mic), 300)
        np.testing.assert_allclose(noise, drawn[:, mic] * np.sqrt(scene["noise_power"]), rtol=1e-6)
    assert not noise_signal(jnp.asarray(scene["key"]), jnp.float32(0), jnp.int32(0), 300).any()


def test_what_is_added_belongs_to_its_receiver(scenes):
    silent = sources_of(scenes[1])._replace(num_sources=jnp.int32(0))
    propagation = Propagation(scenes.setup, 100, None)
    measured = received_signals(
        silent, jnp.asarray(scenes[1]["mic_positions"]), propagation, lambda mic: jnp.full(100, mic, jnp.float32)
    )
    assert np.array_equal(measured, np.repeat(np.arange(5)[:, None], 100, axis=1))
