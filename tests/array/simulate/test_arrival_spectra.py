"""Block spectra without time signals against those of delayed signals in double precision."""

import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.arrival_spectra import (
    arrival_spectra,
    kernel_layout,
    kernel_table,
    kernel_table_shape,
    lost_power,
)
from acoupipe_grain.array.simulate.periodic_signals import Propagation

NAMES = ("key", "positions", "strengths", "source_mask", "mic_positions")


def spectra_of(signals, setup, lines):
    """Return windowed spectra (block, line, ...) of signals along the last axis."""
    starts = np.arange(setup.num_blocks(signals.shape[-1])) * setup.hop_size
    blocks = np.stack([signals[..., start : start + setup.block_size] for start in starts]) * setup.window_values
    return np.moveaxis(np.fft.rfft(blocks)[..., lines], -1, 1)


@pytest.mark.parametrize(
    ("options", "lines", "tolerance"),
    [
        ({}, [0, 5, 37, 55], 3e-4),
        ({"overlap": 0.75, "block_size": 64}, [2, 20], 1e-4),
        ({"overlap": 0.0, "window": "blackman"}, [37, 58], 3e-4),
    ],
)
@pytest.mark.parametrize("upsampling", [None, 16])
def test_they_are_the_spectra_of_delayed_signals(small_setup, delayed_signals, options, lines, tolerance, upsampling):
    setup = apg.MeasurementSetup(mic_positions=small_setup.mic_positions, grid=small_setup.grid, **options)
    scenes = apg.SceneSource(6, setup=setup, signal_length=0.1, max_nsources=3)
    lines, num_samples = np.array(lines), scenes.max_num_samples
    batch = scenes.batch([0, 3, 5])
    table = kernel_table(setup, lines)
    assert table.shape == kernel_table_shape(setup, lines)
    propagation = Propagation(setup, num_samples, upsampling)
    computed = arrival_spectra(*(jnp.asarray(batch[name]) for name in NAMES), jnp.asarray(table), lines, propagation)
    for row, index in enumerate([0, 3, 5]):
        mics = batch["mic_positions"][row].astype(float)
        expected = spectra_of(delayed_signals(scenes, index, mics, num_samples, upsampling).sum(axis=0), setup, lines)
        measured = np.asarray(computed.mics[row])
        np.testing.assert_allclose(measured, expected, atol=tolerance * np.abs(expected).max())
        reference = delayed_signals(scenes, index, setup.reference[:, None], num_samples, upsampling)[:, 0]
        expected = np.moveaxis(spectra_of(reference, setup, lines), -1, 0)
        measured = np.asarray(computed.reference[row, : len(reference)])
        np.testing.assert_allclose(measured, expected, atol=tolerance * np.abs(expected).max())
        assert not np.asarray(computed.reference[row, len(reference) :]).any()


def test_little_power_is_lost_away_from_the_nyquist_frequency():
    setup = apg.MeasurementSetup.default()
    lost = lost_power(setup, np.arange(65))
    assert lost[:56].max() < 1e-7
    assert lost[60] < 1e-5
    assert lost[62] > 1e-4  # from here on, time signals
    assert lost[64] > 0.1
    rectangular = apg.MeasurementSetup(window="rectangular")
    assert lost_power(rectangular, np.array([37]))[0] > 1e4 * lost[37]


@pytest.mark.parametrize("array", ["tub_vogel64", "minidsp_uma-16"])
def test_every_delay_of_a_random_scene_lies_within_the_layout(array):
    setup = apg.MeasurementSetup(mic_positions=array)
    layout = kernel_layout(setup)
    scenes = apg.SceneSource(200, setup=setup).batch(range(200))
    receivers = np.concatenate(
        [scenes["mic_positions"], np.broadcast_to(setup.reference[:, None], (200, 3, 1))], axis=2
    )
    distances = np.linalg.norm(scenes["positions"][..., None] - receivers[:, :, None], axis=1)
    delays = distances / setup.speed_of_sound * setup.sample_rate
    assert (delays.max(axis=-1) - np.floor(delays.min(axis=-1))).max() < layout.spread
    assert layout.length % setup.hop_size == 0
    assert layout.length >= setup.block_size + layout.spread
