"""Uniform flow in Acoular against the solution of the convected wave equation."""

import acoular
import numpy as np
import pytest
from traits.api import CArray, Property

from acoupipe_grain.array.flow import UniformFlow
from acoupipe_grain.array.simulate.acoular_flow import convected_gains, flow_environment

SPEED_OF_SOUND, SAMPLE_RATE = 340.0, 8000.0
POSITION = np.array([0.1, -0.2, 0.6])
REFERENCE = np.array([0.05, 0.0, -0.1])
RECEIVERS = np.concatenate([np.random.default_rng(3).uniform(-0.6, 0.6, (3, 6)), REFERENCE[:, None]], axis=1)


class GivenWaveform(acoular.SignalGenerator):
    waveform = CArray(dtype=float)
    digest = Property()

    def _get_digest(self):
        return ""

    def signal(self):
        return self.waveform


def simulated(flow, waveform, receivers, upsampling):
    signal = GivenWaveform(waveform=waveform, num_samples=waveform.size, sample_freq=SAMPLE_RATE)
    mics, medium = acoular.MicGeom(pos_total=receivers), flow_environment(flow, SPEED_OF_SOUND)
    source = acoular.PointSource(signal=signal, loc=POSITION, mics=mics, env=medium, up=upsampling, prepadding="loop")
    return np.concatenate([block.copy() for block in source.result(128)])


def test_acoulars_travel_times_are_exact_whatever_the_flow():
    rng = np.random.default_rng(8)
    for _ in range(100):
        flow = UniformFlow(rng.uniform(-0.9, 0.9), rng.standard_normal(3) * 10 ** rng.uniform(-3, 3))
        position, receivers = rng.standard_normal(3), rng.standard_normal((3, 20))
        theirs = flow_environment(flow, 340.0).apparent_r(position[:, None], receivers).ravel()
        np.testing.assert_allclose(theirs, flow.travel_distances(position, receivers), rtol=1e-12)


def test_acoulars_environment_has_the_flows_velocity_and_medium():
    environment = flow_environment(UniformFlow(0.2, (0, 3, 0)), 335.0)
    assert (environment.c, environment.ma) == (335.0, 0.2)
    one, other = environment.apparent_r(np.zeros((3, 1)), np.array([[0, 0.0], [1, -1], [0, 0]])).ravel()
    np.testing.assert_allclose([one, other], [1 / 1.2, 1 / 0.8], rtol=1e-14)


@pytest.mark.parametrize("flow", [UniformFlow(0.1), UniformFlow(0.5, (1, 1, -1)), UniformFlow(0)], ids=repr)
def test_signals_of_a_point_source_are_those_of_the_convected_wave_equation(flow):
    waveform, upsampling = np.random.default_rng(9).standard_normal(401), 16
    spreading = flow.spreading_distances(POSITION, RECEIVERS)
    measured = simulated(flow, waveform * spreading[-1], RECEIVERS, upsampling)
    measured *= convected_gains(flow, POSITION, RECEIVERS)
    delays = flow.travel_distances(POSITION, RECEIVERS) / SPEED_OF_SOUND * SAMPLE_RATE
    rounded = np.ceil(delays * upsampling - 0.5) / upsampling
    phases = np.exp(-2j * np.pi * np.fft.rfftfreq(401)[:, None] * rounded)
    expected = np.fft.irfft(np.fft.rfft(waveform)[:, None] * phases, 401, axis=0) * (spreading[-1] / spreading)
    # Before the first sample arrives Acoular rounds negative times the other way.
    np.testing.assert_allclose(measured[70:], expected[70:], atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("mach", [0.0, 0.1, 0.6])
def test_at_the_reference_position_the_level_is_the_waveforms(mach):
    flow = UniformFlow(mach, (0.2, -0.5, 1))
    waveform = np.cos(2 * np.pi * 7 * np.arange(500) / 500)
    spreading = flow.spreading_distances(POSITION, REFERENCE[:, None])
    signal = simulated(flow, waveform * spreading[0], REFERENCE[:, None], 64)
    signal = signal * convected_gains(flow, POSITION, REFERENCE[:, None])
    # From the first arrival on, delays differ by 1/64 sample: 1.4e-3 rad of this tone.
    assert np.mean(signal**2) == pytest.approx(0.5, rel=3e-3)


def test_without_the_gains_levels_are_wrong_by_a_tenth_at_mach_0_1_along_the_flow():
    flow = UniformFlow(0.1)
    along = POSITION[:, None] + np.array([[0.5, -0.5, 0], [0, 0, 0], [0, 0, 0.5]])
    gains = convected_gains(flow, POSITION, along)
    np.testing.assert_allclose(gains[:2], [1 / 1.1, 1 / 0.9], rtol=1e-14)
    # Across the flow the wave front's normal points upstream.
    assert gains[2] == pytest.approx(1 / (1 - 0.1**2), rel=1e-14)


def test_gains_are_1_at_rest():
    np.testing.assert_allclose(convected_gains(UniformFlow(0), POSITION, RECEIVERS), 1, rtol=1e-15)
