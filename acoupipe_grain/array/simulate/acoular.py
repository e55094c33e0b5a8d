"""Time-domain simulation with Acoular's point sources.

Per call and thread one small Acoular graph is built: its objects are mutable and their digests, which print whole
arrays, are never asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import fft

from acoupipe_grain.array.geometry_acoular import import_acoular
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.signals import Waveforms
from acoupipe_grain.array.simulate.recording import Recording

DEFAULT_UPSAMPLING = 16
_SAMPLES_PER_CALL = 256  # a block of float64 output that stays in the processor's cache


def simulate(
    setup: MeasurementSetup,
    scene: Mapping[str, np.ndarray],
    waveforms: Waveforms,
    *,
    upsampling: int = DEFAULT_UPSAMPLING,
    parts: Collection[str] = ("time_data",),
    max_num_samples: int | None = None,
) -> Recording:
    """Simulate one scene: white noise sources, spherical spreading, delays, sensor noise.

    Source j has the mean square pressure ``strengths[j]`` at the reference position; microphone m receives it with
    1/r_mj and delayed by r_mj/c, rounded to 1/`upsampling` sample (before the first r_mj/c have passed, the other way:
    Acoular truncates negative times towards zero). Signals are periodic over the recording, which must be longer than
    every delay.

    Parameters
    ----------
    setup
        Supplies sampling rate, speed of sound and reference position.
    scene
        An element of `SceneSource`.
    waveforms
        What gives the signals of sources and sensor noise for the scene's index.
    upsampling
        Delay resolution in parts of a sample.
    parts
        Names of the fields of `Recording` that are wanted.
    max_num_samples
        Signals are padded with zeros to this length; None: no padding.
    """
    length = max_num_samples or int(scene["num_samples"])
    num_mics, num_sources = scene["mic_positions"].shape[1], scene["positions"].shape[1]
    time_data = reference_signals = noise_signals = None
    receivers = []
    if "noise_signals" in parts:
        noise_signals = _sensor_noise(scene, waveforms, length)
    if "time_data" in parts:
        time_data = _sensor_noise(scene, waveforms, length) if noise_signals is None else noise_signals.copy()
        receivers.append(scene["mic_positions"])
    if "reference_signals" in parts:
        reference_signals = np.zeros((length, num_sources), dtype=np.float32)
        receivers.append(setup.reference[:, None])
    if receivers:
        positions = np.concatenate(receivers, axis=1, dtype=np.float64)
        for number, samples, block in _arrivals(setup, scene, waveforms, positions, upsampling):
            if time_data is not None:
                time_data[samples] += block[:, :num_mics]
            if reference_signals is not None:
                reference_signals[samples, number] = block[:, -1]
    return Recording(time_data, reference_signals, noise_signals)


def _arrivals(
    setup: MeasurementSetup,
    scene: Mapping[str, np.ndarray],
    waveforms: Waveforms,
    receivers: Float[np.ndarray, "3 receiver"],
    upsampling: int,
) -> Iterator[tuple[int, slice, Float[np.ndarray, "sample receiver"]]]:
    """Yield what arrives from each source at all receivers, block after block: source, samples, signals."""
    signals = waveforms.sources(int(scene["idx"]), int(scene["num_sources"]), int(scene["num_samples"]))
    for number, waveform in enumerate(signals):
        position = scene["positions"][:, number].astype(np.float64)
        # The signal at 1 m: spreading by 1/r brings it to the source's strength at the reference.
        waveform *= np.float32(np.sqrt(scene["strengths"][number]) * np.linalg.norm(position - setup.reference))
        start = 0
        for block in _point_source(setup, waveform, position, receivers, upsampling).result(_SAMPLES_PER_CALL):
            yield number, slice(start, start + len(block)), block
            start += len(block)


def _sensor_noise(
    scene: Mapping[str, np.ndarray], waveforms: Waveforms, length: int
) -> Float[np.ndarray, "sample mic"]:
    num_samples, num_mics = int(scene["num_samples"]), scene["mic_positions"].shape[1]
    if scene["noise_power"] == 0:
        return np.zeros((length, num_mics), dtype=np.float32)
    noise = waveforms.noise(int(scene["idx"]), num_samples, num_mics)
    noise *= np.sqrt(scene["noise_power"])
    if num_samples == length:
        return noise
    padded = np.zeros((length, num_mics), dtype=np.float32)
    padded[:num_samples] = noise
    return padded


def _point_source(
    setup: MeasurementSetup,
    waveform: Float[np.ndarray, " sample"],
    position: Float[np.ndarray, "3"],
    receivers: Float[np.ndarray, "3 receiver"],
    upsampling: int,
) -> Any:
    acoular = import_acoular()
    return acoular.PointSource(
        signal=_waveform_generator_class()(waveform=waveform, num_samples=waveform.size, sample_freq=setup.sample_rate),
        loc=position,
        mics=acoular.MicGeom(pos_total=receivers),
        env=acoular.Environment(c=setup.speed_of_sound),
        up=upsampling,
        prepadding="loop",
    )


@lru_cache(maxsize=1)
def _waveform_generator_class() -> type:
    """Return the Acoular signal generator that hands over a given waveform; Acoular is imported here, not earlier."""
    from traits.api import CArray, Property

    acoular = import_acoular()

    class WaveformGenerator(acoular.signals.SignalGenerator):  # type: ignore[name-defined]
        """A signal that was drawn elsewhere, upsampled in its own precision."""

        waveform = CArray(dtype=np.float32)
        digest = Property()

        def _get_digest(self) -> str:
            raise RuntimeError("the digest of a waveform would print all its samples")

        def signal(self) -> np.ndarray:
            return self.waveform

        def usignal(self, factor: int) -> np.ndarray:
            return upsample(self.waveform, factor)

    return WaveformGenerator


def upsample(waveform: Float[np.ndarray, " sample"], factor: int) -> Float[np.ndarray, " upsampled"]:
    """Return the band-limited periodic interpolation at `factor` times the sampling rate, in the input's precision."""
    size = waveform.size
    spectrum = fft.rfft(waveform)
    if size % 2 == 0 and factor > 1:
        spectrum[-1] *= 0.5  # the Nyquist line splits into a positive and a negative one
    return fft.irfft(spectrum, size * factor) * np.float32(factor)
