"""Random equalisation of noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from scipy import special

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Unit
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.signals.configured import Configured
from acoupipe_grain.array.signals.limits import FREQUENCY, Limits
from acoupipe_grain.array.signals.signal import SignalRecord

GAIN = Limits(minimum=-120.0, maximum=120.0, unit="dB")
QUALITY = Limits(above=0.0)
DEFAULT_GAIN = {"dist": "uniform", "loc": -12.0, "scale": 24.0}
DEFAULT_FREQUENCY = {"dist": "loguniform", "a": 100.0, "b": 5000.0}
DEFAULT_QUALITY = {"dist": "loguniform", "a": 0.5, "b": 4.0}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Equalizer(Configured):
    """A parametric equaliser for each source: peaking filters in series, drawn independently of each other.

    A filter has the analog prototype H(s) = (s² + s A/Q + 1)/(s² + s/(A Q) + 1), s = i f/f_c, A = 10^(gain/40): the
    gain at its centre frequency f_c, 0 dB far from it (R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad
    filter coefficients"). It does not depend on the sampling rate. A centre frequency may lie beyond the band.

    Parameters
    ----------
    num_bands
        Number of filters, at least 1.
    gain
        Distribution of the gain at the centre frequency, −120 ... 120 dB. None: uniform in (−12, 12) dB.
    frequency
        Distribution of the centre frequency, above 0. None: log-uniform from 100 Hz to 5 kHz.
    q
        Distribution of the quality Q, above 0. None: log-uniform from 0.5 to 4.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    kind: ClassVar[str] = "equalizer"

    num_bands: int = 3
    gain: Annotated[Drawn, Unit("dB")] = None
    frequency: Annotated[Drawn, Unit("Hz")] = None
    q: Drawn = None

    def __post_init__(self) -> None:
        checked = {
            "num_bands": arguments.integer("num_bands", self.num_bands, minimum=1),
            "gain": GAIN.distribution("gain", DEFAULT_GAIN if self.gain is None else self.gain),
            "frequency": FREQUENCY.distribution(
                "frequency", DEFAULT_FREQUENCY if self.frequency is None else self.frequency
            ),
            "q": QUALITY.distribution("q", DEFAULT_QUALITY if self.q is None else self.q),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def power_responses(
        self, record: SignalRecord, frequencies: Float[np.ndarray, " line"]
    ) -> Float[np.ndarray, "source line"]:
        """Return |H|² of each source's equaliser at some frequencies, Hz."""
        responses = np.ones((record.num_sources, frequencies.size))
        for band in range(self.num_bands):
            drawn = [
                limits.draw(name, getattr(self, name), record, f"equalizer.{band}.{name}")
                for name, limits in (("gain", GAIN), ("frequency", FREQUENCY), ("q", QUALITY))
            ]
            for response, gain, centre, quality in zip(responses, *drawn, strict=True):
                response *= peaking_response(frequencies, gain, centre, quality)
        return responses


def peaking_response(
    frequencies: Float[np.ndarray, " line"], gain: float, centre: float, quality: float
) -> Float[np.ndarray, " line"]:
    """Return |H|² of a peaking filter.

    Parameters
    ----------
    frequencies
        Hz.
    gain
        At the centre frequency, dB.
    centre
        Centre frequency, Hz.
    quality
        Q.
    """
    amplitude = special.exp10(gain / 40)
    squared = np.square(frequencies / centre)
    detuning = np.square(1 - squared)
    return (detuning + squared * (amplitude / quality) ** 2) / (detuning + squared / (amplitude * quality) ** 2)
