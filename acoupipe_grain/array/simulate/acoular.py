"""Time-domain simulation with Acoular's point sources.

Per call and thread one small Acoular graph is built: its objects are mutable and their digests, which print whole
arrays, are never asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.scene_radiation import SceneRadiation
from acoupipe_grain.array.signals import Waveforms
from acoupipe_grain.array.simulate.acoular_emissions import emissions_of
from acoupipe_grain.array.simulate.recording import Recording
from acoupipe_grain.array.simulate.sensor_noise import sensor_noise
from acoupipe_grain.errors import ArgumentError

DEFAULT_UPSAMPLING = 16


def simulate(
    setup: MeasurementSetup,
    scene: Mapping[str, np.ndarray],
    waveforms: Waveforms,
    *,
    upsampling: int = DEFAULT_UPSAMPLING,
    parts: Collection[str] = ("time_data",),
    max_num_samples: int | None = None,
    radiation: SceneRadiation | None = None,
) -> Recording:
    """Simulate one scene: sources, spherical spreading, delays, sensor noise.

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
    radiation
        How sources radiate. None: as monopoles at rest, in a medium at rest.
    """
    length = max_num_samples or int(scene["num_samples"])
    num_mics, num_sources = scene["mic_positions"].shape[1], scene["positions"].shape[1]
    time_data = reference_signals = noise_signals = None
    receivers = []
    if "noise_signals" in parts:
        noise_signals = sensor_noise(scene, waveforms, length)
    if "time_data" in parts:
        time_data = sensor_noise(scene, waveforms, length) if noise_signals is None else noise_signals.copy()
        receivers.append(scene["mic_positions"])
    if "reference_signals" in parts:
        reference_signals = np.zeros((length, num_sources), dtype=np.float32)
        receivers.append(setup.reference[:, None])
    if receivers:
        positions = np.concatenate(receivers, axis=1, dtype=np.float64)
        for number, samples, block in _arrivals(setup, scene, waveforms, positions, upsampling, radiation):
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
    radiation: SceneRadiation | None,
) -> Iterator[tuple[int, slice, Float[np.ndarray, "sample receiver"]]]:
    """Yield what arrives from each source at all receivers, block after block: source, samples, signals."""
    num_samples = int(scene["num_samples"])
    signals = waveforms.sources(int(scene["idx"]), int(scene["num_sources"]), num_samples)
    emissions = emissions_of(setup, scene, radiation)
    for number, (waveform, blocks_of) in enumerate(zip(signals, emissions, strict=True)):
        start = 0
        try:
            for block in blocks_of(waveform, np.sqrt(scene["strengths"][number]), receivers, upsampling):
                # A waveform may be longer than the recording, which is then its beginning.
                stop = min(start + len(block), num_samples)
                yield number, slice(start, stop), block[: stop - start]
                start = stop
                if start == num_samples:
                    break
        except ArgumentError as error:
            raise ArgumentError(f"{error} (record {int(scene['idx'])}, source {number})") from error
