"""Tones that sweep through a band again and again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float, Float32
from scipy import special

from acoupipe_grain import arguments
from acoupipe_grain.annotations import Seconds, Unit
from acoupipe_grain.array.distributions import Drawn
from acoupipe_grain.array.signals.configured import Configured
from acoupipe_grain.array.signals.limits import FREQUENCY
from acoupipe_grain.array.signals.signal import Signal, SignalRecord
from acoupipe_grain.array.signals.sweep_laws import LAWS
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import Distribution

FEWEST_PERIODS = 10
"""Periods of its lowest frequency that a sweep has at least: a shorter one is no tone whose frequency changes. Then
whole cycles of a sweep make frequencies lower by 10 % at most, typically much less, and the power of a waveform differs
from its expectation by 1 % at most before it is scaled (measured: 0.8 % from 20 Hz to 6 kHz in 0.5 s)."""


class _DrawnSweeps(NamedTuple):
    low: Float[np.ndarray, " source"]
    high: Float[np.ndarray, " source"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Sweeps(Configured, Signal):
    """A tone for each source whose frequency moves from `low` to `high`, over and over.

    All sweeps of a recording take equally long, a whole number of them fills it, and each source begins at a random
    point of its own. The phase is continuous, also from one sweep to the next: frequencies are made lower for that, by
    less than a cycle per sweep. The power spectrum, before any window, is flat between the two frequencies or, by the
    logarithmic law, falls by 3 dB per octave. What is expected is the average over all beginnings; blocks of one
    recording come near it if sweeps are long or many. Sources of the same frequencies are copies of each other at
    different times.

    Parameters
    ----------
    low
        Distribution of the first frequency, one value for each source; it may be above `high`, for falling tones.
    high
        Distribution of the last frequency. Both lie between 0 and the Nyquist frequency.
    duration
        Length of a sweep, about: as many as fit best fill the recording, at least one. It has ten periods of the lowest
        frequency or more. None: one sweep, as long as the recording.
    law
        "linear": the frequency changes by the same in equal times. "logarithmic": by the same factor.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    kind: ClassVar[str] = "sweeps"

    low: Annotated[Drawn, Unit("Hz")]
    high: Annotated[Drawn, Unit("Hz")]
    duration: Seconds | None = None
    law: str = "linear"

    def __post_init__(self) -> None:
        duration = self.duration
        checked = {
            "low": FREQUENCY.distribution("low", self.low),
            "high": FREQUENCY.distribution("high", self.high),
            "duration": None if duration is None else arguments.number("duration", duration, above=0, unit="s"),
            "law": arguments.choice("law", self.law, LAWS),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def check(self, num_samples: int, sample_rate: float, max_nsources: int) -> None:
        """Raise `ArgumentError` if a frequency may be too low for the sweeps' length, or too high."""
        del max_nsources
        for name, distribution in (("low", self.low), ("high", self.high)):
            known = [end for end in distribution.range if math.isfinite(end)]
            self._require_usable(name, distribution, np.array(known), num_samples, sample_rate, "can be")

    def waveforms(self, record: SignalRecord) -> Float32[np.ndarray, "source sample"]:
        """Return sines of a phase that moves through a sweep and begins anew, scaled to unit power, shape (J, T)."""
        law, sweeps = LAWS[self.law], self._drawn(record)
        num_samples, num_sweeps = record.num_samples, self.num_sweeps(record.num_samples, record.sample_rate)
        passed = num_sweeps * np.arange(num_samples) / num_samples
        result = np.empty((record.num_sources, num_samples), dtype=np.float32)
        for number, (start, turn) in enumerate(record.uniforms("start", 2)):
            low, high = sweeps.low[number], sweeps.high[number]
            cycles = law.cycles((passed + start) % 1, low, high)
            # SciPy's function of degrees has the same bits on every processor.
            waveform = special.sindg(360 * ((cycles * self._whole_cycles(low, high, record) + turn) % 1))
            result[number] = waveform / np.sqrt(np.mean(np.square(waveform)))
        return result

    def autocorrelations(self, record: SignalRecord, num_lags: int) -> Float[np.ndarray, "source lag"]:
        """Return the autocorrelation, averaged over where sweeps begin, at the lags 0 ... num_lags − 1."""
        law, sweeps = LAWS[self.law], self._drawn(record)
        num_sweeps = self.num_sweeps(record.num_samples, record.sample_rate)
        passed = num_sweeps * np.arange(num_lags) / record.num_samples
        return np.array(
            [
                law.autocorrelation(passed % 1, min(low, high), max(low, high), self._whole_cycles(low, high, record))
                for low, high in zip(sweeps.low, sweeps.high, strict=True)
            ]
        )

    def num_sweeps(self, num_samples: int, sample_rate: float) -> int:
        """Return how many sweeps a recording has."""
        return 1 if self.duration is None else max(1, round(num_samples / sample_rate / self.duration))

    def _whole_cycles(self, low: float, high: float, record: SignalRecord) -> int:
        """Return how many cycles a sweep has."""
        seconds = record.num_samples / record.sample_rate / self.num_sweeps(record.num_samples, record.sample_rate)
        # What is a whole number but for rounding stays one.
        return math.floor(LAWS[self.law].mean_frequency(low, high) * seconds + 1e-6)

    def _drawn(self, record: SignalRecord) -> _DrawnSweeps:
        values = []
        for name, distribution in (("low", self.low), ("high", self.high)):
            drawn = FREQUENCY.draw(name, distribution, record)
            verb = f"gave record {record.index}"
            self._require_usable(name, distribution, drawn, record.num_samples, record.sample_rate, verb)
            values.append(drawn)
        return _DrawnSweeps(*values)

    def _require_usable(
        self, name: str, distribution: Distribution, drawn: np.ndarray, num_samples: int, sample_rate: float, verb: str
    ) -> None:
        seconds = num_samples / sample_rate / self.num_sweeps(num_samples, sample_rate)
        lowest = FEWEST_PERIODS / seconds
        nyquist = sample_rate / 2
        if np.any(is_wrong := (drawn < lowest * (1 - 1e-9)) | (drawn >= nyquist)):
            raise ArgumentError(
                f"signals: {name}={distribution!r}: {verb} {drawn[is_wrong][0]:.6g} Hz; expected {lowest:.4g} Hz, "
                f"{FEWEST_PERIODS} periods in a sweep of {seconds:.4g} s, or more, below the Nyquist frequency of "
                f"{nyquist:g} Hz. Use other frequencies, or longer sweeps (duration={self.duration!r})."
            )
