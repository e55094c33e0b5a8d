"""How spectra are scaled: so that the lines of a signal sum to its mean square."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.measurement import MeasurementSetup


class Scaling(NamedTuple):
    """Factors for each line.

    Attributes
    ----------
    line_powers
        Share of white noise's power in the line.
    welch
        From the mean squared magnitude of windowed block spectra to the power of the line.
    spectrogram
        From windowed block spectra to the spectrogram.
    """

    line_powers: Float[np.ndarray, " line"]
    welch: Float[np.ndarray, " line"]
    spectrogram: Float[np.ndarray, " line"]


def scaling(setup: MeasurementSetup, bands: Bands) -> Scaling:
    """Return the scaling of one-sided power spectra: 2/N of white noise in a line, 1/N at DC and Nyquist.

    Mean squared spectra become powers with 2/(N Σw²) and 1/(N Σw²); the mean square of the spectrogram is a power.
    """
    is_edge = (bands.lines == 0) | (bands.lines == setup.num_bins - 1)
    line_powers = np.where(is_edge, 1.0, 2.0) / setup.block_size
    welch = line_powers / np.sum(setup.window_values**2)
    return Scaling(line_powers, welch, np.sqrt(welch))
