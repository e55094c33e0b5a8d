"""The same chain as a careful Acoular user would write it without this library: the yardstick.

No caching, no files, integer sample counts, seeds per source; nothing slower than Acoular's own classes make it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft

from acoupipe_grain.array.geometry_acoular import import_acoular
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.specs import Element


def recording(setup: MeasurementSetup, scene: Element) -> Any:
    """Return the Acoular graph that gives the time signals of a scene."""
    acoular = import_acoular()
    mics = acoular.MicGeom(pos_total=scene["mic_positions"].astype(float))
    environment = acoular.Environment(c=setup.speed_of_sound)
    num_samples = int(scene["num_samples"])
    sources = []
    for number in range(int(scene["num_sources"])):
        position = scene["positions"][:, number].astype(float)
        rms = float(np.sqrt(scene["strengths"][number]) * np.linalg.norm(position - setup.reference))
        signal = acoular.WNoiseGenerator(
            rms=rms,
            num_samples=num_samples,
            sample_freq=setup.sample_rate,
            seed=int(scene["idx"]) * 1000 + number,
        )
        sources.append(acoular.PointSource(signal=signal, loc=position, mics=mics, env=environment))
    noise = acoular.WNoiseGenerator(
        rms=float(np.sqrt(scene["noise_power"])),
        num_samples=num_samples,
        sample_freq=setup.sample_rate,
        seed=int(scene["idx"]) * 1000 + 500,
    )
    sources.append(acoular.UncorrelatedNoiseSource(signal=noise, mics=mics))
    return acoular.SourceMixer(sources=sources)


def spectra(setup: MeasurementSetup, scene: Element) -> Any:
    """Return Acoular's spectra of a scene; its cross-spectral matrix is computed on access."""
    return import_acoular().PowerSpectra(
        source=recording(setup, scene),
        block_size=setup.block_size,
        window=setup.window.capitalize(),
        overlap=f"{100 * setup.overlap:g}%",
        cached=False,
    )


def time_data(setup: MeasurementSetup, scene: Element) -> np.ndarray:
    """Return the microphone signals, shape (T, M)."""
    blocks = recording(setup, scene).result(4096)
    return np.concatenate([block.astype(np.float32) for block in blocks])


def spectrogram(setup: MeasurementSetup, signals: np.ndarray, lines: list[int]) -> np.ndarray:
    """Return the windowed spectra of all blocks, (block, line, mic)."""
    windows = np.lib.stride_tricks.sliding_window_view(signals, setup.block_size, axis=0)[:: setup.hop_size]
    spectra = scipy.fft.rfft(windows * setup.window_values.astype(np.float32))[..., lines]
    return np.moveaxis(spectra, -1, 1)


def csm(setup: MeasurementSetup, scene: Element) -> np.ndarray:
    """Return the cross-spectral matrices of all bins."""
    return np.asarray(spectra(setup, scene).csm)


def steering_of(setup: MeasurementSetup) -> Any:
    """Return Acoular's steering vector of a setup, formulation III."""
    acoular, grid = import_acoular(), setup.grid
    return acoular.SteeringVector(
        grid=acoular.RectGrid(
            x_min=grid.x_min,
            x_max=grid.x_max,
            y_min=grid.y_min,
            y_max=grid.y_max,
            z=grid.z,
            increment=grid.steps[0],
        ),
        mics=acoular.MicGeom(pos_total=setup.mic_positions),
        env=acoular.Environment(c=setup.speed_of_sound),
        steer_type="true level",
        ref=setup.reference,
    )
