"""AcouPipe's scaling of spectra and labels, for data sets that are to equal its own.

Analytic powers are p²/F in each of the F bins (white noise has 2p²/N, N = 2(F − 1): with 65 bins they are 1.54 % low).
Welch's estimates double the lines at DC and Nyquist too, and divide by a number of blocks that counts the fraction at
the end; those of the sensor noise alone by the whole number. Spectrograms are divided by the window's root mean square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from acoupipe_grain.array.features import Bands, Mode
from acoupipe_grain.array.features.scaling import Scaling
from acoupipe_grain.array.features.welch_steps import noise_power_spectrum
from acoupipe_grain.array.measurement import MeasurementSetup


def with_acoupipe_scaling(mode: Mode) -> Mode:
    """Return the mode with AcouPipe's scaling in place of the physical one."""
    steps: dict[str, Callable[..., Any]] = {**mode.steps, "scaling": acoupipe_scaling}
    if mode.is_time_domain:
        steps |= {"num_averages": fractional_blocks, "noise_power_spectrum": noise_power_of_whole_blocks}
    return replace(mode, steps=steps)


def acoupipe_scaling(setup: MeasurementSetup, bands: Bands) -> Scaling:
    """Return the factors of each line; see the module."""
    every_line, energy = np.ones(bands.lines.size), np.sum(setup.window_values**2)
    return Scaling(
        line_powers=every_line / setup.num_bins,
        welch=every_line * 2 / (setup.block_size * energy),
        spectrogram=every_line * np.sqrt(setup.block_size / energy),
    )


def fractional_blocks(num_samples: Int[Array, "*batch"], setup: MeasurementSetup) -> Shaped[Array, "*batch"]:
    """Return the number of blocks in a recording, a fraction of a block counted as one."""
    return (num_samples - setup.block_size) / setup.hop_size + 1


def noise_power_of_whole_blocks(
    noise_signals: Float[Array, "*batch sample mic"],
    num_samples: Int[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq mic"]:
    """Return Welch's power of the sensor noise alone, averaged over the whole blocks, Pa²."""
    return noise_power_spectrum(noise_signals, num_samples, setup.num_blocks(num_samples), scaling, setup, bands)
