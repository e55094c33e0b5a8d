"""Noise whose sources are correlated with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from jaxtyping import Float, Float32

from acoupipe_grain import arguments
from acoupipe_grain.annotations import InFiles
from acoupipe_grain.array.signals.colored_noise import ColoredNoise
from acoupipe_grain.array.signals.configured import Configured, as_configured
from acoupipe_grain.array.signals.correlation_factor import correlation_factor
from acoupipe_grain.array.signals.limits import Limits
from acoupipe_grain.array.signals.random_correlations import random_correlation_factor
from acoupipe_grain.array.signals.signal import Signal, SignalRecord
from acoupipe_grain.errors import ArgumentError

COHERENCE = Limits(minimum=0.0, maximum=1.0)
MAX_ROUNDING = 1e-9
"""How far a matrix of correlations may be from a symmetric one, from a unit diagonal, and its eigenvalues below 0."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CorrelatedNoise(Configured, Signal):
    """Gaussian noise whose sources have a correlation matrix R: real, and the same at all frequencies.

    At every frequency the coherence of sources i and j is R_ij². Their waveforms correlate by R_ij if they have one
    spectrum, by less if the spectra differ.

    Parameters
    ----------
    coherence
        None: R is drawn for each record (D. Lewandowski, D. Kurowicka, H. Joe, J. Multivariate Anal. 100, 2009) for
        as many sources as there can be; with fewer, it is a part of that. A number, or a distribution of one value for
        each record, 0 ... 1: the correlation of all pairs. A matrix, of at least as many rows as there can be sources:
        R itself.
    concentration
        Of drawn matrices, above 0. 1: all correlation matrices are equally likely; the greater, the smaller the
        correlations: with J sources at most, that of each pair is 2B − 1, B ~ Beta(b, b), b = concentration + J/2 − 1.
    spectrum
        A `ColoredNoise`, or a mapping of its arguments. None: white.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range, or a matrix is no correlation matrix.
    """

    kind: ClassVar[str] = "correlated_noise"
    is_correlated = True

    coherence: Annotated[Any, InFiles(float | Mapping[str, Any] | Sequence[Sequence[float]] | None)] = None
    concentration: float = 1.0
    spectrum: Annotated[Any, InFiles(Mapping[str, Any] | None)] = None

    def __post_init__(self) -> None:
        coherence = self.coherence
        if isinstance(coherence, list | tuple | np.ndarray):
            coherence = _checked_matrix(coherence)
        elif coherence is not None:
            coherence = COHERENCE.distribution("coherence", coherence)
        checked = {
            "coherence": coherence,
            "concentration": arguments.number("concentration", self.concentration, above=0),
            "spectrum": as_configured("spectrum", self.spectrum, ColoredNoise),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if coherence is not None and self.concentration != 1:
            raise ArgumentError(
                f"concentration={self.concentration!r}: has no effect with coherence={coherence!r}; leave one of them "
                "out."
            )

    def check(self, num_samples: int, sample_rate: float, max_nsources: int) -> None:
        """Raise `ArgumentError` if the matrix has too few rows, or there is no such spectrum."""
        if isinstance(self.coherence, tuple) and len(self.coherence) < max_nsources:
            raise ArgumentError(
                f"signals: coherence: has {len(self.coherence)} rows; expected at least max_nsources={max_nsources}. "
                "Give a larger matrix, or use fewer sources."
            )
        if self.spectrum is not None:
            self.spectrum.check(num_samples, sample_rate, max_nsources)

    def waveforms(self, record: SignalRecord) -> Float32[np.ndarray, "source sample"]:
        """Return L times independent white noise, R = L Lᵀ, filtered, shape (J, T)."""
        independent = record.white_noise()
        mixed = np.zeros_like(independent)
        for row, waveform in zip(self._factor(record).astype(np.float32), mixed, strict=True):
            # In order: how a matrix product sums may depend on the number of sources.
            for weight, noise in zip(row, independent, strict=True):
                if weight:
                    waveform += weight * noise
        return mixed if self.spectrum is None else self.spectrum.filtered(record, mixed)

    def autocorrelations(self, record: SignalRecord, num_lags: int) -> Float[np.ndarray, "source lag"]:
        """Return the autocorrelation at the lags 0 ... num_lags − 1."""
        if self.spectrum is not None:
            return self.spectrum.autocorrelations(record, num_lags)
        result = np.zeros((record.num_sources, num_lags))
        result[:, 0] = 1.0
        return result

    def correlations(self, record: SignalRecord) -> Float[np.ndarray, "source source"]:
        """Return the matrix R of a record."""
        count = record.num_sources
        if isinstance(self.coherence, tuple):
            return np.array(self.coherence)[:count, :count]
        if self.coherence is None:
            factor = self._factor(record)
            result = factor @ factor.T
            np.fill_diagonal(result, 1.0)
            return result
        drawn = record.drawn_once("coherence", self.coherence)
        COHERENCE.require("coherence", self.coherence, np.array([drawn]), record)
        return np.where(np.eye(count) > 0, 1.0, drawn)

    def _factor(self, record: SignalRecord) -> Float[np.ndarray, "source source"]:
        if self.coherence is None:
            return random_correlation_factor(record.uniforms("coherence", record.max_nsources), self.concentration)
        return correlation_factor(self.correlations(record))


def _checked_matrix(value: Any) -> tuple[tuple[float, ...], ...]:
    """Return a correlation matrix as rows, or raise the error that says what is wrong with it."""
    expected = "expected a correlation matrix, rows of numbers from -1 to 1"
    try:
        if np.iscomplexobj(value):
            raise TypeError
        matrix = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"coherence={value!r}: {expected}.") from None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ArgumentError(f"coherence={value!r}: {expected}, as many rows as columns.")
    if np.abs(matrix - matrix.T).max() > MAX_ROUNDING or np.abs(np.diag(matrix) - 1).max() > MAX_ROUNDING:
        raise ArgumentError(f"coherence={value!r}: {expected}, symmetric and with ones on its diagonal.")
    smallest = np.linalg.eigvalsh(matrix)[0]
    if smallest < -MAX_ROUNDING:
        raise ArgumentError(
            f"coherence={value!r}: no signals have these correlations, as the smallest eigenvalue is {smallest:.3g}; "
            "expected at least 0. Give more digits, or make the correlations smaller."
        )
    return tuple(tuple(row) for row in matrix.tolist())
