"""Sensor noise of recordings that are simulated one by one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.signals import Waveforms


def sensor_noise(scene: Mapping[str, np.ndarray], waveforms: Waveforms, length: int) -> Float[np.ndarray, "sample mic"]:
    """Return the noise of every microphone, Pa, padded with zeros to `length` samples.

    Parameters
    ----------
    scene
        An element of `SceneSource`.
    waveforms
        What gives noise of unit variance for the scene's index.
    length
        At least the samples of the recording.
    """
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
