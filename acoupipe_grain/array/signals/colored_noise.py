"""Noise whose power falls or rises with frequency, within a band."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from jaxtyping import Float, Float32
from scipy import fft, special

from acoupipe_grain.annotations import InFiles, Unit
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.signals.configured import Configured, as_configured
from acoupipe_grain.array.signals.equalizer import Equalizer
from acoupipe_grain.array.signals.limits import FREQUENCY, Limits
from acoupipe_grain.array.signals.signal import Signal, SignalRecord
from acoupipe_grain.errors import ArgumentError

EXPONENT = Limits(minimum=-10.0, maximum=10.0)
LOW = Limits(minimum=0.0, unit="Hz")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ColoredNoise(Configured, Signal):
    """Gaussian noise of a power spectral density ∝ f^(−exponent) within a band, zero outside; independent sources.

    Exponent 1 is pink noise, 2 red (Brownian), −1 blue, −2 violet, 0 white within the band. White noise is filtered on
    the lines of the recording's period, k · sampling rate / T: the band's edges are sharp, those lines included that
    lie on them. Waveforms are stored in 32 bits, whose rounding is white noise at −150 dB.

    Parameters
    ----------
    exponent
        Distribution of the exponent, one value for each source, −10 ... 10: the level falls by 3.01 dB · exponent per
        octave.
    low
        Distribution of the lowest frequency; above 0 where the exponent may be, as the density is infinite at 0 Hz.
    high
        Distribution of the highest frequency, up to the Nyquist frequency. None: the Nyquist frequency.
    equalizer
        An `Equalizer`, or a mapping of its arguments, that the density is multiplied with. None: none.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or a band may be empty.
    """

    kind: ClassVar[str] = "colored_noise"

    exponent: Drawn = 1.0
    low: Annotated[Drawn, Unit("Hz")] = 20.0
    high: Annotated[Drawn, Unit("Hz")] = None
    equalizer: Annotated[Any, InFiles(Mapping[str, Any] | None)] = None

    def __post_init__(self) -> None:
        exponent = EXPONENT.distribution("exponent", self.exponent)
        low = LOW.distribution("low", self.low)
        high = None if self.high is None else FREQUENCY.distribution("high", self.high)
        checked = {
            "exponent": exponent,
            "low": low,
            "high": high,
            "equalizer": as_configured("equalizer", self.equalizer, Equalizer),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if exponent.range[1] > 0 and low.range[0] == 0:
            raise ArgumentError(
                f"low={low!r}: can be 0 Hz, where the density is infinite for exponent={exponent!r}, which can be more "
                "than 0; use a lowest frequency above 0 Hz."
            )
        if high is not None and math.isfinite(low.range[1] - high.range[0]) and low.range[1] >= high.range[0]:
            raise ArgumentError(
                f"low={low!r}: can be {low.range[1]:.6g} Hz and must be below high={high!r}, which can be "
                f"{high.range[0]:.6g} Hz; keep their values apart."
            )

    def check(self, num_samples: int, sample_rate: float, max_nsources: int) -> None:
        """Raise `ArgumentError` if a band may reach beyond the Nyquist frequency or lie between two lines."""
        del max_nsources
        nyquist, spacing = sample_rate / 2, sample_rate / num_samples
        lowest, highest = self.low.range[1], nyquist
        if self.high is not None:
            highest = self.high.range[0]
            if math.isfinite(self.high.range[1]) and self.high.range[1] > nyquist:
                raise ArgumentError(
                    f"signals: high={self.high!r}: can be {self.high.range[1]:.6g} Hz; expected at most the Nyquist "
                    f"frequency, {nyquist:g} Hz. Use a lower one, or None for the Nyquist frequency."
                )
        if math.isfinite(highest - lowest) and highest - lowest < spacing:
            raise ArgumentError(
                f"signals: low={self.low!r}, high={self.high!r}: a band can be {highest - lowest:.4g} Hz wide; "
                f"expected at least {spacing:.4g} Hz, the spacing of the lines of {num_samples} samples, below the "
                f"Nyquist frequency of {nyquist:g} Hz. Use a wider band."
            )

    def waveforms(self, record: SignalRecord) -> Float32[np.ndarray, "source sample"]:
        """Return filtered white noise, shape (J, T)."""
        return self.filtered(record, record.white_noise())

    def filtered(
        self, record: SignalRecord, noise: Float32[np.ndarray, "source sample"]
    ) -> Float32[np.ndarray, "source sample"]:
        """Return white noise of unit variance with the spectrum of each source."""
        result = np.empty_like(noise)
        # One by one: how several transforms are done at once may change their last bits.
        for number, powers in enumerate(self.line_gains(record)):
            gains = np.sqrt(powers).astype(np.float32)
            result[number] = fft.irfft(fft.rfft(noise[number]) * gains, record.num_samples)
        return result

    def autocorrelations(self, record: SignalRecord, num_lags: int) -> Float[np.ndarray, "source lag"]:
        """Return the autocorrelation at the lags 0 ... num_lags − 1: the transform of the squared gains."""
        transforms = [fft.irfft(powers, record.num_samples)[:num_lags] for powers in self.line_gains(record)]
        return np.array(transforms)

    def line_gains(self, record: SignalRecord) -> Float[np.ndarray, "source line"]:
        """Return the factor by which the power of each line, 0 Hz to the Nyquist frequency, differs from white noise's.

        Raises
        ------
        ArgumentError
            If drawn values make no band.
        """
        num_samples = record.num_samples
        frequencies = np.arange(num_samples // 2 + 1) * record.sample_rate / num_samples
        exponents, low, high = self._bands(record)
        first, after = np.searchsorted(frequencies, low, "left"), np.searchsorted(frequencies, high, "right")
        first = np.maximum(first, exponents != 0)  # rising densities are zero at 0 Hz
        if np.any(first >= after):
            raise self._no_band(record, low, high, first >= after)
        gains = np.zeros((record.num_sources, frequencies.size))
        for number, exponent in enumerate(exponents):
            band = slice(first[number], after[number])
            levels = special.xlogy(-exponent, frequencies[band])
            gains[number, band] = special.exp2((levels - levels.max()) / math.log(2))
        if self.equalizer is not None:
            gains *= self.equalizer.power_responses(record, frequencies)
        powers = 2 * gains.sum(axis=1) - gains[:, 0]
        if num_samples % 2 == 0:
            powers -= gains[:, -1]
        return gains * (num_samples / powers)[:, None]

    def _bands(
        self, record: SignalRecord
    ) -> tuple[Float[np.ndarray, " source"], Float[np.ndarray, " source"], Float[np.ndarray, " source"]]:
        nyquist = record.sample_rate / 2
        exponents = EXPONENT.draw("exponent", self.exponent, record)
        low = LOW.draw("low", self.low, record)
        if self.high is None:
            high = np.full(record.num_sources, nyquist)
        else:
            within = Limits(above=0.0, maximum=nyquist, unit="Hz")
            high = within.draw("high", self.high, record)
        if np.any(is_wrong := (low >= high) | ((low == 0) & (exponents > 0))):
            raise self._no_band(record, low, high, is_wrong)
        return exponents, low, high

    def _no_band(self, record: SignalRecord, low: np.ndarray, high: np.ndarray, is_wrong: np.ndarray) -> ArgumentError:
        source = int(np.argmax(is_wrong))
        return ArgumentError(
            f"signals: low={self.low!r}, high={self.high!r}: source {source} of record {record.index} got the band "
            f"from {low[source]:.6g} to {high[source]:.6g} Hz; expected one with at least one of the lines "
            f"{record.sample_rate / record.num_samples:.4g} Hz apart, without 0 Hz if the exponent is above 0. Give "
            "the distributions bounds."
        )
