"""What registered features compute from, when a user's function gives it: names, shapes and kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.specs import narrowed

QUANTITIES: dict[str, tuple[str, ...]] = {
    "time_data": ("sample", "mic"),
    "reference_signals": ("sample", "source"),
    "noise_signals": ("sample", "mic"),
    "positions": ("xyz", "source"),
    "strengths": ("source",),
    "mic_positions": ("xyz", "mic"),
    "noise_power": (),
    "num_samples": (),
    "num_sources": (),
    "source_mask": ("source",),
}
"""Axes of every quantity that can be given."""

AUTOMATIC = ("idx", "seeds")
"""Quantities that follow from the record's index and are never given."""

_KINDS = {"source_mask": "b", "num_samples": "iu", "num_sources": "iu"}


def checked_quantities(given: Mapping[str, Any], setup: MeasurementSetup) -> dict[str, np.ndarray]:
    """Return quantities as arrays, ``num_samples`` added to ``time_data``.

    Parameters
    ----------
    given
        Numbers and arrays by name, of the axes in `QUANTITIES`.
    setup
        Says how many microphones there are, and how many samples a block has.

    Raises
    ------
    ArgumentError
        If a name is unknown, or a quantity has the wrong shape or holds the wrong kind of numbers.
    """
    arrays: dict[str, np.ndarray] = {}
    sizes = {"xyz": 3, "mic": setup.num_mics}
    for name, value in given.items():
        if name not in QUANTITIES:
            raise unknown_name("quantity", name, QUANTITIES)
        array = narrowed(name, value)
        axes = QUANTITIES[name]
        if array.ndim != len(axes) or array.dtype.kind not in _KINDS.get(name, "iuf"):
            raise _wrong(name, array, axes, sizes)
        for axis, size in zip(axes, array.shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise _wrong(name, array, axes, sizes)
        arrays[name] = array if name in _KINDS else array.astype(np.float32, copy=False)
    if "sample" in sizes:
        length = sizes["sample"]
        num_samples = arrays.setdefault("num_samples", np.array(length, dtype=np.int32))
        if not setup.block_size <= num_samples <= length:
            raise ArgumentError(
                f"quantities: num_samples={int(num_samples)} of {length}; expected at least a block of "
                f"{setup.block_size}, and not more than there are. Simulate longer, or choose a smaller block_size."
            )
    return arrays


def _wrong(name: str, array: np.ndarray, axes: tuple[str, ...], sizes: Mapping[str, int]) -> ArgumentError:
    kind = "true and false" if name == "source_mask" else "whole numbers" if name in _KINDS else "real numbers"
    shape = ", ".join(f"{axis} {sizes[axis]}" if axis in sizes else axis for axis in axes)
    return ArgumentError(
        f"quantities: {name!r} has {array.dtype} values of shape {array.shape}; expected {kind} of shape ({shape}). "
        "The setup says how many microphones there are."
    )
