"""The waveforms of the JAX engine, and its signals calculated independently."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.random_numbers import noise_waveform, source_waveform


@dataclass
class JaxWaveforms:
    """What sources radiate and sensors add where JAX simulates, for Acoular's simulation."""

    scenes: apg.SceneSource

    def sources(self, index, num_sources, num_samples):
        key = jnp.asarray(self.scenes[index]["key"])
        return np.array([source_waveform(key, jnp.int32(source), num_samples) for source in range(num_sources)])

    def noise(self, index, num_samples, num_mics):
        key = jnp.asarray(self.scenes[index]["key"])
        drawn = jax.vmap(lambda mic: noise_waveform(key, mic, num_samples))(jnp.arange(num_mics))
        return np.array(drawn).T.copy()


@pytest.fixture(scope="session")
def jax_waveforms():
    return JaxWaveforms


def delayed(waveform, delay):
    """Return a periodic waveform later by any number of samples, in double precision."""
    spectrum = np.fft.rfft(waveform.astype(float))
    return np.fft.irfft(
        spectrum * np.exp(-2j * np.pi * np.arange(spectrum.size) * delay / waveform.size), waveform.size
    )


@pytest.fixture(scope="session")
def delayed_signals():
    """Return a function that gives the signal of each source at each receiver, (source, receiver, sample)."""

    def of_record(scenes, index, receivers, num_samples, upsampling):
        setup, scene = scenes.setup, scenes[index]
        waveforms = JaxWaveforms(scenes).sources(index, int(scene["num_sources"]), num_samples)
        signals = np.zeros((len(waveforms), receivers.shape[1], num_samples))
        for number, waveform in enumerate(waveforms):
            position = scene["positions"][:, number].astype(float)
            distances = np.linalg.norm(receivers - position[:, None], axis=0)
            delays = distances / setup.speed_of_sound * setup.sample_rate
            if upsampling:
                delays = np.ceil(delays * upsampling - 0.5) / upsampling
            gains = np.linalg.norm(position - setup.reference) / distances * np.sqrt(scene["strengths"][number])
            for receiver, (delay, gain) in enumerate(zip(delays, gains, strict=True)):
                signals[number, receiver] = gain * delayed(waveform, delay)
        return signals

    return of_record
