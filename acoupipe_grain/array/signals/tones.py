"""Tones with harmonics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy import fft, special

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Unit
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.signals.configured import Configured
from acoupipe_grain.array.signals.limits import FREQUENCY
from acoupipe_grain.array.signals.signal import Signal, SignalRecord
from acoupipe_grain.errors import ArgumentError


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Tones(Configured, Signal):
    """A tone for each source, with harmonics in random phases.

    Frequencies move to the nearest whole number of periods in the recording, by half of sampling rate / T at most (for
    a recording of 5 s by 0.1 Hz), so that waveforms are periodic; `frequencies` says what they are. Two sources of a
    record are coherent at frequencies that both have.

    Parameters
    ----------
    frequency
        Distribution of the fundamental frequency, one value for each source.
    num_harmonics
        Number of partials: the fundamental and its multiples, at least 1. All must lie below the Nyquist frequency.
    rolloff
        By how much the level of the partials falls per octave.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    kind: ClassVar[str] = "tones"

    frequency: Annotated[Drawn, Unit("Hz")]
    num_harmonics: int = 1
    rolloff: Annotated[float, Unit("dB/octave")] = 0.0

    def __post_init__(self) -> None:
        checked = {
            "frequency": FREQUENCY.distribution("frequency", self.frequency),
            "num_harmonics": arguments.integer("num_harmonics", self.num_harmonics, minimum=1),
            "rolloff": arguments.number("rolloff", self.rolloff, minimum=-100, maximum=100, unit="dB per octave"),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def check(self, num_samples: int, sample_rate: float, max_nsources: int) -> None:
        """Raise `ArgumentError` if a partial may lie at 0 Hz, or at the Nyquist frequency or beyond."""
        del max_nsources
        known = [end for end in self.frequency.range if math.isfinite(end)]
        self._require_between(np.array(known), num_samples, sample_rate, "can be")

    def waveforms(self, record: SignalRecord) -> Float32[np.ndarray, "source sample"]:
        """Return the sum of the partials √(2 p_h) cos(2π k_h t/T + φ_h), shape (J, T)."""
        num_samples = record.num_samples
        turns = record.uniforms("phase", self.num_harmonics)
        amplitudes = np.sqrt(2 * self._powers)
        result = np.empty((record.num_sources, num_samples), dtype=np.float32)
        for number, periods in enumerate(self.periods(record)):
            spectrum = np.zeros(num_samples // 2 + 1, dtype=np.complex128)
            # SciPy's functions of degrees have the same bits on every processor.
            spectrum.real[periods] = amplitudes * special.cosdg(360 * turns[number]) * num_samples / 2
            spectrum.imag[periods] = amplitudes * special.sindg(360 * turns[number]) * num_samples / 2
            result[number] = fft.irfft(spectrum, num_samples)
        return result

    def autocorrelations(self, record: SignalRecord, num_lags: int) -> Float[np.ndarray, "source lag"]:
        """Return Σ_h p_h cos(2π k_h l/T) at the lags l = 0 ... num_lags − 1."""
        result = np.zeros((record.num_sources, num_lags))
        for power, periods in zip(self._powers, self.periods(record).T, strict=True):
            turns = np.outer(periods, np.arange(num_lags)) % record.num_samples
            result += power * special.cosdg(turns * (360 / record.num_samples))
        return result

    def frequencies(self, record: SignalRecord) -> Float[np.ndarray, "source partial"]:
        """Return the frequencies of all partials of each source, Hz."""
        return self.periods(record) * record.sample_rate / record.num_samples

    def periods(self, record: SignalRecord) -> Int[np.ndarray, "source partial"]:
        """Return how many periods of each partial the recording has, k_h = h · (those of the fundamental)."""
        drawn = FREQUENCY.draw("frequency", self.frequency, record)
        self._require_between(drawn, record.num_samples, record.sample_rate, f"gave record {record.index}")
        fundamentals = np.rint(drawn / (record.sample_rate / record.num_samples)).astype(np.int64)
        return np.outer(fundamentals, np.arange(1, self.num_harmonics + 1))

    @property
    def _powers(self) -> Float[np.ndarray, " partial"]:
        """The partials' shares of the power: those of h and 2h differ by the roll-off."""
        octaves = special.xlogy(1.0, np.arange(1, self.num_harmonics + 1)) / math.log(2)
        levels = -self.rolloff * octaves
        powers = special.exp10((levels - levels.max()) / 10)
        return powers / powers.sum()

    def _require_between(self, drawn: np.ndarray, num_samples: int, sample_rate: float, verb: str) -> None:
        spacing = sample_rate / num_samples
        most = (num_samples - 1) // (2 * self.num_harmonics)
        periods = np.rint(drawn / spacing)
        if not most:
            raise ArgumentError(
                f"signals: num_harmonics={self.num_harmonics}: of a recording of {num_samples} samples, expected fewer "
                f"than {num_samples // 2}, so that all partials lie below the Nyquist frequency."
            )
        if np.any(is_wrong := (periods < 1) | (periods > most)):
            raise ArgumentError(
                f"signals: frequency={self.frequency!r}: {verb} {drawn[is_wrong][0]:.6g} Hz; expected {spacing:.4g} "
                f"Hz, one period in {num_samples} samples, to {most * spacing:.6g} Hz, so that all num_harmonics="
                f"{self.num_harmonics} partials lie below the Nyquist frequency of {sample_rate / 2:g} Hz. Use other "
                "frequencies, or fewer harmonics."
            )
