"""Time-domain simulation of sources that are heard through impulse responses, by fast convolution (SciPy).

Acoular's `TimeConvolve` and `PointSourceConvolve` use the first block of a response only, and are not used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from jaxtyping import Float, Float32

from acoupipe_grain.array.signals import Waveforms
from acoupipe_grain.array.simulate.recording import Recording
from acoupipe_grain.array.simulate.sensor_noise import sensor_noise


def simulate_through(
    responses: Float32[np.ndarray, "source mic tap"],
    reference_mic: int,
    scene: Mapping[str, np.ndarray],
    waveforms: Waveforms,
    *,
    parts: Collection[str] = ("time_data",),
    max_num_samples: int | None = None,
) -> Recording:
    """Simulate one scene: what sources radiate, convolved with their responses, and sensor noise.

    Signals are periodic over the recording, so that it has no beginning: nothing of it is less reverberant.

    Parameters
    ----------
    responses
        Responses of the scene's sources, scaled to unit energy at the reference microphone.
    reference_mic
        Index of the microphone at which sources have their strength.
    scene
        An element of `SceneSource`.
    waveforms
        What gives the signals of sources and sensor noise for the scene's index.
    parts
        Names of the fields of `Recording` that are wanted.
    max_num_samples
        Signals are padded with zeros to this length; None: no padding.
    """
    num_samples, num_sources = int(scene["num_samples"]), int(scene["num_sources"])
    length = max_num_samples or num_samples
    time_data = reference_signals = noise_signals = None
    if "noise_signals" in parts:
        noise_signals = sensor_noise(scene, waveforms, length)
    if "time_data" in parts:
        time_data = sensor_noise(scene, waveforms, length) if noise_signals is None else noise_signals.copy()
    if "reference_signals" in parts:
        reference_signals = np.zeros((length, scene["positions"].shape[1]), dtype=np.float32)
    if time_data is not None or reference_signals is not None:
        mics = slice(None) if time_data is not None else [reference_mic]
        reference = reference_mic if time_data is not None else 0
        radiated = waveforms.sources(int(scene["idx"]), num_sources, num_samples)
        for number, waveform in enumerate(radiated):
            amplitude = np.float32(np.sqrt(scene["strengths"][number]))
            heard = periodic_convolution(amplitude * waveform, responses[number, mics])[:, :num_samples]
            if time_data is not None:
                time_data[:num_samples] += heard.T
            if reference_signals is not None:
                reference_signals[:num_samples, number] = heard[reference]
    return Recording(time_data, reference_signals, noise_signals)


def periodic_convolution(
    waveform: Float[np.ndarray, " sample"], responses: Float[np.ndarray, "mic tap"]
) -> Float[np.ndarray, "mic sample"]:
    """Return one period of a periodic waveform's convolution with responses.

    Parameters
    ----------
    waveform
        One period, shape (T,).
    responses
        At most T samples each, shape (M, taps).
    """
    from scipy.signal import oaconvolve  # takes long to import

    before = responses.shape[1] - 1
    extended = np.concatenate([waveform[waveform.size - before :], waveform])
    convolved: np.ndarray = oaconvolve(extended[None], responses, mode="valid", axes=1)
    return convolved
