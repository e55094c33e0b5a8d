"""What a signal is: waveforms of unit power drawn for a record, and what is known about their spectra."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Float32

from acoupipe_grain.sampling import Distribution, Sizes
from acoupipe_grain.seeding import Streams

STREAM = "signals"
"""What the names of random streams of signals begin with."""


@dataclass(frozen=True)
class SignalRecord:
    """The sources of one record, for which signals are drawn.

    Attributes
    ----------
    streams
        The random streams.
    index
        Index of the record.
    num_sources
        Number J of sources.
    max_nsources
        Largest number of sources of any record; what is drawn for a source does not depend on how many others it has.
    num_samples
        Length T of the waveforms, and their period.
    sample_rate
        Hz.
    """

    streams: Streams
    index: int
    num_sources: int
    max_nsources: int
    num_samples: int
    sample_rate: float

    def drawn(self, name: str, distribution: Distribution) -> Float[np.ndarray, " source"]:
        """Return a quantity drawn for each source, from a stream of that name."""
        sizes = Sizes((self.max_nsources,), np.array([self.num_sources]))
        rows = np.array([self.index])
        return distribution.draw(f"{STREAM}.{name}", self.streams, rows, sizes)[0, : self.num_sources]

    def drawn_once(self, name: str, distribution: Distribution) -> float:
        """Return a quantity drawn for the record, from a stream of that name."""
        return float(distribution.draw(f"{STREAM}.{name}", self.streams, np.array([self.index]), Sizes())[0])

    def uniforms(self, name: str, num_values: int) -> Float[np.ndarray, "source value"]:
        """Return uniform values in the open interval (0, 1) for each source, from a stream of that name."""
        values = self.streams.uniforms(f"{STREAM}.{name}", [self.index], self.max_nsources * num_values)
        return values.reshape(self.max_nsources, num_values)[: self.num_sources]

    def white_noise(self) -> Float32[np.ndarray, "source sample"]:
        """Return independent white noise of unit variance for each source."""
        rng = self.streams.generator("source_waveforms", self.index)
        return rng.standard_normal((self.num_sources, self.num_samples), dtype=np.float32)


class Signal(ABC):
    """What the sources of scenes radiate; immutable, picklable, and told from others by `repr`.

    Waveforms are periodic in their length T. Their mean square is 1: that of each waveform, or that expected where they
    are random. A class of signals has the arguments that it is made of as attributes.

    Attributes
    ----------
    kind
        Name of the class of signals in configurations.
    has_power_spectrum
        Whether `autocorrelations` is known before a waveform is drawn.
    is_correlated
        Whether sources of a record may be correlated; their correlations are then those of `correlations`.
    """

    kind: ClassVar[str]
    has_power_spectrum: bool = True
    is_correlated: bool = False

    @abstractmethod
    def check(self, num_samples: int, sample_rate: float, max_nsources: int) -> None:
        """Raise `ArgumentError` if there are no such signals of this length, sampling rate and number of sources."""

    @abstractmethod
    def waveforms(self, record: SignalRecord) -> Float32[np.ndarray, "source sample"]:
        """Return the waveform of each source at the reference position's level, shape (J, T)."""

    def autocorrelations(self, record: SignalRecord, num_lags: int) -> Float[np.ndarray, "source lag"]:
        """Return the expected autocorrelation r(l) of each source at the lags 0 ... num_lags − 1; r(0) = 1.

        The power spectrum is its Fourier transform.
        """
        raise NotImplementedError(f"{type(self).__name__}: has no power spectrum that is known beforehand")

    def correlations(self, record: SignalRecord) -> Float[np.ndarray, "source source"]:
        """Return the expected correlation of the sources' waveforms with each other, the same at all frequencies."""
        return np.eye(record.num_sources)

    @abstractmethod
    def to_json(self) -> Any:
        """Return the JSON value that stands for the signals in a configuration: a mapping with its ``kind``.

        Raises
        ------
        ArgumentError
            If they depend on a function that nothing identifies.
        """
