"""Checks of a measurement setup's arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain.array import geometry
from acoupipe_grain.array.geometry_acoular import load_microphones
from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.errors import ArgumentError, unknown_name

CLEARANCE = 1e-3
"""Smallest distance of a source from a microphone or the reference position, in apertures."""


def checked_mic_positions(value: Any) -> Float[np.ndarray, "3 mic"]:
    """Return microphone positions as a read-only array, m, shape (3, M), from an array, a file's name or None."""
    if value is None:
        value = geometry.default_microphones()
    if isinstance(value, str | Path):
        value = load_microphones(value)
    positions = _float_array("mic_positions", value, "(3, M)")
    if positions.ndim != 2 or positions.shape[0] != 3 or positions.shape[1] < 2:
        raise ArgumentError(
            f"mic_positions: shape {positions.shape}, expected (3, M) with at least 2 microphones, in m."
        )
    if geometry.aperture(positions) == 0:
        raise ArgumentError("mic_positions: all microphones are at one place; give their positions in m.")
    return positions


def checked_grid(value: Any, mic_positions: Float[np.ndarray, "3 mic"]) -> RectGrid:
    """Return the grid from a `RectGrid`, a mapping of its arguments, or None for the default."""
    if value is None:
        return RectGrid.default(geometry.aperture(mic_positions))
    if isinstance(value, RectGrid):
        return value
    if isinstance(value, Mapping):
        known = [item.name for item in fields(RectGrid)]
        for name in value:
            if name not in known:
                raise unknown_name("grid argument", name, known)
        missing = sorted(set(known) - set(value))
        if missing:
            raise ArgumentError(f"grid={dict(value)!r}: lacks {', '.join(missing)}.")
        return RectGrid(**value)
    raise ArgumentError(
        f"grid={value!r}: expected a RectGrid, a mapping of all its arguments, or None for the default; "
        "for an acoular.RectGrid see MeasurementSetup.from_acoular."
    )


def checked_reference(value: Any, mic_positions: Float[np.ndarray, "3 mic"]) -> Float[np.ndarray, "3"]:
    """Return the reference position, m, shape (3,); None: the microphone nearest the centroid."""
    if value is None:
        value = mic_positions[:, geometry.central_microphone(mic_positions)]
    reference = _float_array("reference", value, "(3,)")
    if reference.shape != (3,):
        raise ArgumentError(f"reference: shape {reference.shape}, expected (3,), a position in m.")
    return reference


def _float_array(name: str, value: Any, shape: str) -> np.ndarray:
    try:
        array = np.array(value)
        array = array.astype(np.float64, casting="same_kind" if array.dtype.kind in "fc" else "safe")
    except (TypeError, ValueError):
        raise ArgumentError(
            f"{name}={value!r}: expected real numbers in m, shape {shape}; for Acoular objects see "
            "MeasurementSetup.from_acoular."
        ) from None
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name}: contains values that are not finite; expected positions in m.")
    array += 0.0  # minus zero is zero
    array.flags.writeable = False
    return array


def require_fitting_blocks(block_size: int, overlap: float) -> None:
    """Refuse odd block sizes, and overlaps whose hop does not divide the block size."""
    if block_size % 2:
        raise ArgumentError(f"block_size={block_size}: must be even, for example {block_size + 1}.")
    hop = block_size * (1 - overlap)
    if abs(hop - round(hop)) > 1e-9 or round(hop) < 1 or block_size % round(hop):
        fractions = [1 - 1 / parts for parts in range(1, 17) if block_size % parts == 0]
        nearest = min(fractions, key=lambda fraction: abs(fraction - overlap))
        raise ArgumentError(
            f"overlap={overlap!r}: the hop of {hop:g} samples does not divide block_size={block_size}; "
            f"the nearest overlap that fits is {nearest!r}."
        )


def require_clear_of_grid(
    mic_positions: Float[np.ndarray, "3 mic"], reference: Float[np.ndarray, "3"], grid: RectGrid
) -> None:
    """Refuse microphones and reference positions on the grid, where transfer functions have no value."""
    clearance = CLEARANCE * geometry.aperture(mic_positions)
    distances = grid.distance(np.concatenate([mic_positions, reference[:, None]], axis=1))
    nearest = int(np.argmin(distances))
    if distances[nearest] < clearance:
        is_mic = nearest < mic_positions.shape[1]
        place = mic_positions[:, nearest] if is_mic else reference
        raise ArgumentError(
            f"{'mic_positions: microphone ' + str(nearest) if is_mic else 'reference: the position'} at "
            f"{place.tolist()} lies on the grid (distance {distances[nearest]:.3g} m, at least {clearance:.3g} m "
            f"needed); move it or the grid, which is at z={grid.z:g} m."
        )
