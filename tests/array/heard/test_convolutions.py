"""Both convolutions against `numpy.convolve`, with responses longer than any block."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.array.simulate.convolution import periodic_convolution
from acoupipe_grain.array.simulate.response_signals import (
    SHORTEST_BLOCK,
    HeardSources,
    blocks_of,
    heard_alone,
    heard_signals,
)
from acoupipe_grain.array.simulate.source_waveforms import GivenWaveforms

SHAPES = [(9000, 5000), (9000, 1), (3000, 3000), (1000, 37), (5000, 2048)]
"""Samples of a period, and of a response."""


def periodic(waveform, response):
    """Return a period of a periodic signal's convolution, summed as it stands in double precision."""
    full = np.convolve(np.concatenate([waveform, waveform]).astype(float), response.astype(float))
    return full[waveform.size : 2 * waveform.size]


def drawn(num_samples, num_taps, num_sources=1, num_mics=2):
    rng = np.random.default_rng(num_samples + num_taps)
    waveforms = rng.standard_normal((num_sources, num_samples), dtype=np.float32)
    responses = rng.standard_normal((num_sources, num_mics, num_taps), dtype=np.float32)
    return waveforms, responses * np.exp(-np.arange(num_taps, dtype=np.float32) / 700)


@pytest.mark.parametrize(("num_samples", "num_taps"), SHAPES)
def test_scipys_is_the_convolution(num_samples, num_taps):
    (waveform,), (responses,) = drawn(num_samples, num_taps)
    expected = np.array([periodic(waveform, response) for response in responses])
    computed = periodic_convolution(waveform, responses)
    assert computed.dtype == np.float32
    assert np.abs(computed - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize(("num_samples", "num_taps"), SHAPES)
def test_jaxs_is_the_convolution_of_all_sources_with_what_is_added(num_samples, num_taps):
    waveforms, responses = drawn(num_samples, num_taps, num_sources=3)
    strengths = np.array([2.0, 0.5, 9.0], dtype=np.float32)
    sources = HeardSources(
        GivenWaveforms(jnp.asarray(waveforms)), *map(jnp.asarray, (responses, strengths)), jnp.int32(2)
    )
    added = np.random.default_rng(5).standard_normal((2, num_samples), dtype=np.float32)
    computed = jax.jit(lambda: heard_signals(sources, num_samples, lambda mic: jnp.asarray(added)[mic]))()
    expected = added.astype(float)
    for number in range(2):  # the third is padding
        for mic in range(2):
            expected[mic] += np.sqrt(strengths[number]) * periodic(waveforms[number], responses[number, mic])
    assert np.abs(computed - expected).max() <= 1e-6 * np.abs(expected).max()


def test_jaxs_of_single_sources_is_that_to_the_first_microphone():
    waveforms, responses = drawn(4000, 900, num_sources=2, num_mics=1)
    strengths = np.array([4.0, 1.0], dtype=np.float32)
    sources = HeardSources(
        GivenWaveforms(jnp.asarray(waveforms)), *map(jnp.asarray, (responses, strengths)), jnp.int32(1)
    )
    computed = heard_alone(sources, 4000)
    expected = 2 * periodic(waveforms[0], responses[0, 0])
    assert np.abs(computed[0] - expected).max() <= 1e-6 * np.abs(expected).max()
    assert not np.any(computed[1])


@pytest.mark.parametrize(("num_samples", "num_taps"), SHAPES)
def test_blocks_cover_a_period_and_are_longer_than_responses(num_samples, num_taps):
    blocks = blocks_of(num_samples, num_taps)
    assert blocks.length >= num_taps
    assert blocks.length & (blocks.length - 1) == 0
    assert blocks.step == blocks.length - num_taps + 1
    assert (blocks.num_blocks - 1) * blocks.step < num_samples <= blocks.num_blocks * blocks.step
    assert blocks.length <= max(8 * num_taps, SHORTEST_BLOCK)
