"""Which frequencies are asked for: single lines or 1/n-octave bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from acoupipe_grain import arguments
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError

EDGE_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Bands:
    """Requested frequencies and the spectral lines they are made of.

    Attributes
    ----------
    frequencies
        Frequencies used, Hz, shape (F',): of the lines themselves, or the centres of the bands.
    lines
        Indices of the frequency bins to compute, shape (L,).
    membership
        Which lines a band sums, ones and zeros, shape (F', L); None: every line stands for itself.
    num
        0 for single lines, n for 1/n-octave bands.
    """

    frequencies: Float[np.ndarray, " freq"]
    lines: Int[np.ndarray, " line"]
    membership: Float[np.ndarray, "freq line"] | None
    num: int

    def total(self, values: Any, axis: int) -> jax.Array:
        """Sum power-like `values` over the lines of each band; `axis` (negative) is the line axis."""
        if self.membership is None:
            return jnp.asarray(values)
        moved = jnp.moveaxis(jnp.asarray(values), axis, -1)
        summed = jnp.matmul(moved, self.membership.T.astype(moved.dtype), precision=jax.lax.Precision.HIGHEST)
        return jnp.moveaxis(summed, -1, axis)


def resolve_bands(setup: MeasurementSetup, f: float | Sequence[float] | None, num: int) -> Bands:
    """Return the lines and bands of a request.

    Parameters
    ----------
    f
        Frequency or frequencies, Hz; None: all bins.
    num
        0: the line nearest each `f`. n > 0: the 1/n-octave band [f·2^(−1/2n), f·2^(1/2n)) around each `f`.

    Raises
    ------
    ArgumentError
        If a frequency or a band's upper edge lies beyond the Nyquist frequency, a band holds no line, or bands are
        asked for without centre frequencies.
    """
    num = arguments.integer("num", num, minimum=0)
    frequencies = setup.bin_frequencies
    nyquist, spacing = setup.sample_rate / 2, setup.sample_rate / setup.block_size
    if f is None:
        if num:
            raise ArgumentError(f"num={num}: bands need centre frequencies f, from 0 to {nyquist:g} Hz.")
        return Bands(frequencies, np.arange(setup.num_bins), None, 0)
    values = list(f) if isinstance(f, list | tuple | np.ndarray) and np.ndim(f) else [f]
    if not values:
        raise ArgumentError("f=[]: give at least one frequency in Hz, or None for all bins.")
    centers = np.array([arguments.number("f", value, minimum=0, unit="Hz") for value in values])
    for center in centers:
        if center > nyquist:
            raise ArgumentError(f"f={center:g}: beyond the Nyquist frequency; expected 0 to {nyquist:g} Hz.")
    if num == 0:
        lines = np.minimum(np.floor(centers / spacing + 0.5).astype(int), setup.num_bins - 1)
        return Bands(frequencies[lines], lines, None, 0)
    half_band = 2.0 ** (0.5 / num)
    members = []
    for center in centers:
        low, high = center / half_band, center * half_band
        if high > nyquist:
            raise ArgumentError(
                f"f={center:g}, num={num}: the band's upper edge {high:g} Hz is beyond the Nyquist frequency; expected "
                f"f up to {nyquist / half_band:g} Hz."
            )
        # A bin on an edge belongs to the upper band, whichever way the edge was rounded.
        inside = (frequencies >= low * (1 - EDGE_TOLERANCE)) & (frequencies < high * (1 - EDGE_TOLERANCE))
        if not inside.any():
            raise ArgumentError(
                f"f={center:g}, num={num}: no frequency bin in [{low:g}, {high:g}) Hz; bins are {spacing:g} Hz apart. "
                "Ask for wider bands, a higher f or a larger block_size."
            )
        members.append(inside)
    lines = np.flatnonzero(np.any(members, axis=0))
    return Bands(centers, lines, np.array(members)[:, lines].astype(np.float64), num)


def listed_frequencies(f: float | Sequence[float] | None) -> list[float] | None:
    """Return the requested frequencies as a list, as configurations hold them, Hz; None for all bins."""
    return None if f is None else [float(value) for value in np.atleast_1d(np.asarray(f))]
